internal import ArgumentParser
internal import Events
internal import Lab
internal import Logging
internal import Platform
internal import RuleFiles
internal import Sensor

struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Watch a few attacks in an isolated lab.",
        discussion: """
            Makes a network of its own with a metadata service of its own at 169.254.169.254, runs up to four \
            attacks and two benign accesses there with the clients that this host has, and shows which raised \
            an alert. Nothing leaves the lab, and nothing of it stays. A sensor that watches this host alerts, too.
            """)

    @Option(help: ArgumentHelp("How alerts are shown: text or ecs (JSON lines).", valueName: "format"))
    var format = "text"

    func validate() throws {
        guard ["text", "ecs"].contains(format) else {
            throw ValidationError("--format: \"\(format)\" is none of text, ecs")
        }
    }

    func run() throws {
        try Failure.exiting {
            try RunCommand.checkPrivileges()
            var log = Logger(label: "imdswatch") { StreamLogHandler.standardError(label: $0) }
            log.logLevel = .warning
            let settings = try Settings(Configuration(), file: nil)
            let rules = try settings.loadBuiltInRules()
            // the lab and the sensor are other processes: this one only directs
            let lab = try Self.build()
            let actions = try Self.actions(in: lab)
            var options = SensorOptions(version: version, rules: rules)
            options.duration = .seconds(120)
            options.alertLimit = 0
            let watcher = try Watcher.start(options, log: log)
            try direct(actions, in: lab, watcher)
        }
    }

    private static func build() throws -> NetworkLab {
        do throws(LabError) {
            return try NetworkLab.start()
        } catch {
            throw Failure(.unavailable, "the lab could not be built: \(error)")
        }
    }

    private static func actions(in lab: borrowing NetworkLab) throws -> [Demo.Action] {
        do throws(LabError) {
            return try lab.demoActions()
        } catch {
            throw Failure(.unavailable, "the lab cannot run commands: \(error)")
        }
    }

    private func direct(
        _ actions: [Demo.Action], in lab: borrowing NetworkLab, _ watcher: borrowing Watcher
    ) throws {
        try say("The lab has its own network and its own metadata service; nothing leaves it.\n")
        var asExpected = 0
        for (index, action) in actions.enumerated() {
            try say("\(index + 1). \(action.title): \(action.reason)\n   $ \(action.command)")
            let outcome: NetworkLab.Outcome
            do throws(LabError) {
                outcome = try lab.perform(action)
            } catch {
                throw Failure(.software, "the lab failed: \(error)")
            }
            if outcome.exitStatus != 0 {
                try say("   the client ended with \(outcome.exitStatus.map(String.init) ?? "a kill")")
            }
            // an alert takes less than a millisecond; what must not come is waited for as well
            let patience: Duration = action.expectsAlert ? .seconds(2) : .milliseconds(400)
            let alerts = watcher.alerts(
                ofSession: outcome.pid, atLeast: action.expectsAlert ? 1 : .max, patience)
            for alert in alerts { try show(alert) }
            let isExpected = alerts.isEmpty != action.expectsAlert
            asExpected += isExpected ? 1 : 0
            let expectation = action.expectsAlert ? "an alert expected" : "no alert expected"
            let count = alerts.count == 1 ? "1 alert" : "\(alerts.count) alerts"
            try say("   \(expectation), \(count): \(isExpected ? "as it should be" : "WRONG")\n")
        }
        try say("\(asExpected) of \(actions.count) as expected.")
        guard asExpected == actions.count else { throw Failure(.software, "the demo did not go as expected") }
    }

    private func show(_ alert: Watcher.Alert) throws {
        if format == "ecs" { return try Failure.show(alert.line + "\n") }
        try say("   ALERT  \(alert.summary)")
        for (name, value) in alert.details { try say("          \(name)  \(value)") }
    }

    /// What is said to people: with JSON on standard output, on standard error.
    private func say(_ text: String) throws {
        if format == "ecs" { StandardError.write(text + "\n") } else { try Failure.show(text + "\n") }
    }
}
