internal import ArgumentParser
internal import Detection
internal import EQL
internal import Logging
internal import Platform
internal import Probes
internal import RuleFiles
internal import Sensor

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Watch this host.",
        discussion: """
            Alerts and other records go to standard output, one per line; everything else to standard error. \
            A line that begins with "ready" says on standard error when every hook has proven that it fires. \
            Ends on SIGTERM or SIGINT with the last counters; SIGHUP loads rules and exceptions anew.
            """)

    @OptionGroup var common: CommonOptions

    @Flag(name: .long, help: "Write every event that the loaded rules make the sensor see, too.")
    var events = false

    @Option(
        name: .long,
        help: ArgumentHelp(
            "How connections are seen: auto, fexit, kprobe or tracepoint. Default: auto.", valueName: "hook"))
    var hook: String?

    @Option(
        name: .long,
        help: ArgumentHelp("End by itself after this time, such as 30s or 5m.", valueName: "time"),
        transform: Self.duration)
    var duration: Duration?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Time between records with all counters; 0 for none. Default: 60s.", valueName: "time"),
        transform: Self.duration)
    var statsInterval: Duration?

    @Flag(
        name: .long,
        help: "Wake up at every program start: rules without a connection answer at once, at a higher cost.")
    var lowLatency = false

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Keep this file up to date with all counters, in the text format of Prometheus.",
            discussion: "Replaced at every statistics interval, for collectors that read files.",
            valueName: "path"))
    var metricsFile: String?

    @Flag(name: .long, help: "Send one alert, marked as a test, down the whole path after the start.")
    var testAlert = false

    func run() throws {
        try Failure.exiting {
            var configuration = common.configuration
            configuration.events = events ? true : nil
            configuration.hook = hook
            configuration.duration = duration
            configuration.statsInterval = statsInterval
            configuration.lowLatency = lowLatency ? true : nil
            configuration.metricsFile = metricsFile
            let settings = try Settings(configuration, file: common.config)
            let log = settings.makeLog()
            let options = try Self.options(settings, testAlert: testAlert, log: log)
            try Self.checkPrivileges()
            try Self.watch(options, log: log) {
                do {
                    let settings = try Settings(configuration, file: common.config)
                    return .options(try Self.options(settings, testAlert: false, log: log))
                } catch {
                    return .refused((error as? Failure)?.text ?? "\(error)")
                }
            }
        }
    }

    private static func watch(
        _ options: SensorOptions, log: Logger, reload: () -> Reload
    ) throws {
        let outcome: SensorOutcome
        do throws(SensorError) {
            var sensor = try Sensor(options, log: log)
            outcome = try sensor.run(
                announce: { hooks in
                    StandardError.write("ready \(hooks) rules=\(options.rules.rules.count)\n")
                }, reload: reload)
        } catch {
            throw Failure(error)
        }
        if outcome.outputError != 0 {
            let reason = SystemCallError.text(of: outcome.outputError)
            throw Failure(
                .ioError,
                "standard output: \(reason); \(outcome.unwritten.counted("record")) not written")
        }
        if outcome.unwritten > 0 {
            throw Failure(
                .ioError, "standard output is blocked; \(outcome.unwritten.counted("record")) not written")
        }
    }

    /// What the settings ask of the sensor, rules and exceptions loaded.
    static func options(
        _ settings: Settings, for source: Query.Source = .live, testAlert: Bool = false, log: Logger
    ) throws -> SensorOptions {
        var options = SensorOptions(version: version, rules: try settings.loadRules(for: source, log: log))
        options.exceptions = try settings.loadExceptions(for: options.rules, from: source, log: log)
        let isTerminal = StandardOutput.isTerminal
        options.format =
            settings[\.format].flatMap(OutputFormat.init(rawValue:)) ?? (isTerminal ? .text : .ecs)
        options.usesColour = isTerminal && (Environment.value("NO_COLOR") ?? "").isEmpty
        options.writesEvents = source == .live && settings[\.events] ?? false
        options.showsSuppressed = settings[\.showSuppressed] ?? false
        if options.writesEvents, options.format == .ocsf {
            throw Failure(.usage, "--events: events are written as ecs or text, not as ocsf")
        }
        options.metricsFile = settings[\.metricsFile]
        options.hooks = settings[\.hook].flatMap(HookPreference.init(rawValue:)) ?? .auto
        options.duration = settings[\.duration]
        if let interval = settings[\.statsInterval] {
            options.heartbeat = interval > .zero ? interval : nil
        }
        options.alertLimit = settings[\.maxAlerts] ?? options.alertLimit
        options.lineLimit = settings[\.maxLine] ?? options.lineLimit
        options.redacts = !(settings[\.noRedact] ?? false)
        options.wakesOnExec = settings[\.lowLatency] ?? false
        options.sendsTestAlert = testAlert
        return options
    }

    /// What loading, attaching and reading other processes' facts takes.
    static func checkPrivileges() throws {
        guard let own = try? Capabilities.effective() else { return }
        let missing = own.missing(of: HostCheck.neededCapabilities)
        guard !missing.isEmpty else { return }
        throw Failure(
            .noPermission,
            "not privileged: \(missing.map(\.name).joined(separator: ", ")) missing. Run it as root.")
    }

    @Sendable
    static func duration(_ text: String) throws -> Duration {
        guard let duration = Configuration.duration(text) else {
            throw ValidationError("\"\(text)\" is no length of time; write 30s, 5m or 1h.")
        }
        return duration
    }
}
