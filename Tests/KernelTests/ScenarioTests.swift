import Foundation
import Testing

/// What a sensor wrote and what the player reported, of all scenarios with one hook.
struct ScenarioRun {
    /// As asked for.
    let hook: String
    /// Why there was no run.
    let refusal: String?
    let output: [Document]
    let report: [String]

    /// The hook that saw the connections.
    var hookInUse: String {
        output.lazy.compactMap { $0.string("imdswatch.hooks.connect4") }.first ?? hook
    }

    /// Every scenario with what came of it.
    func verdicts(_ table: ScenarioTable, place: String) -> [(scenario: Scenario, verdict: Verdict)] {
        let check = ScenarioCheck(hook: hookInUse, alerts: output.filter(\.isAlert))
        let (performances, isDone) = Performance.all(in: report)
        return table.scenarios.map { scenario in
            if let refusal { return (scenario, .skipped(refusal)) }
            if let needs = scenario.needs, needs != place {
                return (scenario, .skipped("only in a \(needs)"))
            }
            guard let performance = performances.first(where: { $0.name == scenario.name }) else {
                return (scenario, .failed([isDone ? "not played" : "the player did not come that far"]))
            }
            return (scenario, check.verdict(on: scenario, performance))
        }
    }
}

extension KernelTests {
    @Suite("The scenarios", .serialized)
    struct Scenarios {
        private static let rules = ["imds-api-request", "imds-other-endpoints"].flatMap {
            ["--rules", Sensor.packageRoot + "/Sources/Rules/pack/\($0).toml"]
        }

        /// `SCENARIO="mount namespace" scripts/test live` plays only those with that in
        /// their name.
        private static let wanted = ProcessInfo.processInfo.environment["SCENARIO"]

        @Test("alert as the table says, with what the programs say of themselves")
        func table() throws {
            var table = try ScenarioTable()
            if let wanted = Self.wanted { table.scenarios.removeAll { !$0.name.contains(wanted) } }
            let names = table.scenarios.filter { $0.needs == nil || $0.needs == "live" }.map(\.name)
            let player = try Player(names: names)
            let sensor = try Sensor(Self.rules)
            let report = try player.play()
            let records = try sensor.stop()
            #expect(records.losses.isEmpty, "\(records.losses)")
            let run = ScenarioRun(hook: "auto", refusal: nil, output: records.documents, report: report)
            for (scenario, verdict) in run.verdicts(table, place: "live") {
                if case .failed(let faults) = verdict {
                    Issue.record("\(scenario.name): \(faults.joined(separator: "\n    "))")
                }
            }
            try Matrix.write(run, table, kernel: Matrix.thisKernel, place: "live")
        }

        @Test("a container is told of that was gone before anyone looked")
        func goneContainer() throws {
            let name = "container as runc makes it"
            let table = try ScenarioTable()
            let scenario = try #require(table.scenarios.first { $0.name == name })
            let player = try Player(names: [name])
            let sensor = try Sensor(Self.rules)
            // the sensor sleeps until container, mounts and control groups have ended
            sensor.send(SIGSTOP)
            let report = try player.play()
            let performance = try #require(Performance.all(in: report).performances.last)
            sensor.send(SIGCONT)
            if let reason = performance.skipped { try Test.cancel("\(reason)") }
            let pid = try #require(performance.acts.last?.number("pid"))
            #expect(!FileManager.default.fileExists(atPath: "/proc/\(pid)"))
            let records = try sensor.stop()
            #expect(records.losses.isEmpty, "\(records.losses)")
            let alerts = records.alerts
            let hook = records.started?.string("imdswatch.hooks.connect4") ?? "auto"
            let verdict = ScenarioCheck(hook: hook, alerts: alerts).verdict(on: scenario, performance)
            #expect(verdict == .passed)
        }

        @Test("connections for which an exception holds do not hide those after them")
        func excepted() throws {
            let file = FileManager.default.temporaryDirectory
                .appending(path: "exceptions-\(UUID().uuidString).toml")
            defer { try? FileManager.default.removeItem(at: file) }
            try Data(
                """
                [[exception]]
                name = "known"
                reason = "test"
                condition = 'network where process.working_directory == "/usr"'
                """.utf8
            ).write(to: file)
            let player = try Player(names: ["a sibling of one that connects and goes elsewhere"])
            let sensor = try Sensor(["--exceptions", file.path])
            _ = try player.play()
            // others may be at work on this host
            let alerts = try sensor.stop().documents.filter {
                $0.isAlert && $0.string("process.executable") == "/usr/lib/x/elder"
            }
            #expect(alerts.map { $0.string("process.working_directory") } == ["/var"])
        }

        @Test("rules that are loaded anew go on with what is pending")
        func reload() throws {
            let player = try Player(names: ["a client that waits half a second"])
            let sensor = try Sensor(Self.rules)
            let pid = sensor.pid
            let reload = Thread {
                usleep(300_000)
                kill(pid, SIGHUP)
            }
            reload.start()
            _ = try player.play()
            let records = try sensor.stop()
            let told = records.documents.filter {
                $0.isAlert && $0.string("process.executable") == "/usr/lib/x/curl"
            }
            #expect(told.count == 1)
            #expect(records.documents.contains { $0.string("event.action") == "reloaded" })
            #expect(records.losses.isEmpty, "\(records.losses)")
        }

        @Test("are all understood")
        func names() throws {
            let table = try ScenarioTable()
            #expect(table.scenarios.count > 60)
            #expect(Set(table.scenarios.map(\.name)).count == table.scenarios.count)
            #expect(table.scenarios.allSatisfy { !$0.steps.isEmpty })
        }
    }
}

/// The player in an arena, before and after the sensor's start.
private final class Player {
    private let process = Process()
    private let go = Pipe()
    private let lines: Lines

    init(names: [String]) throws {
        let pipe = Pipe()
        process.executableURL = URL(filePath: try TestProgram.arena.path)
        var files = [
            "-f", "/usr/lib/x/player=\(try TestProgram.player.path)", "-f",
            "/usr/lib/x/table=\(ScenarioTable.path)",
        ]
        if let client = try TestProgram.client32 { files += ["-f", "/usr/lib/x/client32=\(client)"] }
        process.arguments =
            ["-T", "150"] + files + ["--", "/usr/lib/x/player", "/usr/lib/x/table"] + names
        process.standardInput = go
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        lines = Lines(reading: pipe.fileHandleForReading)
        _ = try #require(lines.wait(.seconds(20)) { $0.text == "prepared" }, "\(lines.text)")
    }

    deinit { if process.isRunning { process.terminate() } }

    func play() throws -> [String] {
        try go.fileHandleForWriting.write(contentsOf: Array("go\n".utf8))
        let ended = lines.waitForEnd(.seconds(150))
        if !ended { process.terminate() }
        process.waitUntilExit()
        #expect(ended, "the player did not end")
        return lines.all.map(\.text)
    }
}
