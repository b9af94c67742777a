import Foundation
import Testing

/// An attack in two documents of another agent.
private func attack(at second: Int, id: String = "e", parent: String = "p") -> [String] {
    let time = String(format: "2026-11-22T18:%02d:%02d", second / 60, second % 60)
    func line(_ fraction: String, _ category: String, _ action: String, _ rest: String) -> String {
        #"""
        {"@timestamp":"\#(time).\#(fraction)Z","event":{"category":["\#(category)"],"type":"start","action":"\#(action)","id":"\#(id)-\#(action)"},"host":{"id":"h1","name":"web","os.type":"linux","boot.id":"b"},"cloud":{"provider":"aws","instance":{"id":"i-1"}},"process":{"pid":42,"name":"curl","executable":"/usr/bin/curl","parent":{"entity_id":"\#(parent)","executable":"/usr/bin/bash"}}\#(rest)}
        """#
    }
    return [
        line("100", "process", "exec", ""),
        line(
            "200", "network", "connection_attempted", #","destination":{"ip":"169.254.169.254","port":"80"}"#),
    ]
}

extension KernelTests {
    /// Of documents in files; nothing here needs privileges.
    @Suite("Replay", .serialized)
    final class Replay {
        private let folder = FileManager.default.temporaryDirectory.appending(
            path: "imdswatch-replay-\(getpid())-\(UInt32.random(in: 0...(.max)))")

        init() throws {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        }

        deinit { try? FileManager.default.removeItem(at: folder) }

        private func file(_ lines: [String], _ name: String = "events.ndjson", end: String = "\n") throws
            -> String
        {
            let path = folder.appending(path: name)
            try (lines.joined(separator: "\n") + end).write(to: path, atomically: true, encoding: .utf8)
            return path.path()
        }

        /// Standard output as documents; the last is the final statistics.
        private func replay(_ arguments: [String], status: Int32 = 0) throws -> (
            alerts: [Document], stopped: Document, diagnostics: String
        ) {
            let invocation = try Invocation(["replay"] + arguments)
            #expect(invocation.status == status, "\(invocation.diagnostics)")
            let documents = try invocation.output.split(separator: "\n").map {
                try #require(Document(Array($0.utf8)), "not JSON: \($0)")
            }
            let stopped = try #require(documents.last, "\(invocation.diagnostics)")
            #expect(stopped.string("event.action") == "stopped")
            return (documents.filter(\.isAlert), stopped, invocation.diagnostics)
        }

        @Test("finds the attack in documents of another agent and says what they said")
        func documents() throws {
            let (alerts, stopped, diagnostics) = try replay([file(attack(at: 0))])
            #expect(alerts.count == 1)
            let alert = try #require(alerts.first)
            #expect(
                alert.documents("imdswatch.matched").map { $0.string("event.id") }
                    == ["e-exec", "e-connection_attempted"])
            #expect(alert.string("@timestamp") == "2026-11-22T18:00:00.200000000Z")
            #expect(alert.string("host.id") == "h1" && alert.string("host.name") == "web")
            #expect(alert.string("host.boot.id") == "b" && alert.string("cloud.instance.id") == "i-1")
            #expect(alert["host.architecture"] == nil && alert["imdswatch.hook"] == nil)
            #expect(alert.int("destination.port") == 80)
            #expect(alert.string("imdswatch.endpoint") == "imds")
            #expect(stopped.int("imdswatch.counters.replay.events") == 2)
            #expect(stopped.int("imdswatch.lost") == 0 && stopped["host"] == nil)
            #expect(diagnostics.contains("2 lines, 2 events, 1 alert"))
        }

        @Test("keeps the order of the file, and with --sort takes that of time")
        func order() throws {
            let lines = attack(at: 5) + attack(at: 1)
            let swapped = try file([lines[1], lines[0], lines[3], lines[2]])
            let (none, stopped, _) = try replay([swapped])
            #expect(none.isEmpty)
            #expect(stopped.int("imdswatch.counters.replay.out_of_order") == 3)
            let (alerts, sorted, _) = try replay(["--sort", swapped])
            #expect(
                alerts.map { $0.string("@timestamp") }
                    == ["2026-11-22T18:00:01.200000000Z", "2026-11-22T18:00:05.200000000Z"])
            #expect(sorted.int("imdswatch.counters.replay.out_of_order") == 0)
            #expect(sorted.int("imdswatch.counters.replay.events") == 4)
        }

        @Test("sorts across files and standard input; equal times stay in file order")
        func sortAcross() throws {
            let lines = attack(at: 1)
            let first = try file([lines[1]], "a")
            let second = try file([lines[0], "", "no json"], "b")
            let command = #""$0" replay --sort "$1" - < "$2""#
            for (one, other) in [(first, second), (second, first)] {
                let invocation = try Invocation(
                    ["-c", command, Sensor.executable, one, other], executable: "/bin/sh")
                #expect(invocation.status == 0, "\(invocation.diagnostics)")
                #expect(invocation.output.contains(#""kind":"alert""#), "\(invocation.output)")
                #expect(
                    invocation.output.contains(#""lines":3"#) && invocation.output.contains(#""events":2"#))
            }
            let same = attack(at: 1).map { $0.replacing(".200Z", with: ".100Z") }
            #expect(try replay(["--sort", file(same)]).alerts.count == 1)
            #expect(try replay(["--sort", file(same.reversed())]).alerts.isEmpty)
        }

        @Test("sorting many lines gives what sorting them before gives")
        func sortMany() throws {
            var lines: [String] = []
            for second in 0..<400 { lines += attack(at: second, id: "\(second)", parent: "\(second % 7)") }
            let ordered = try replay(["--max-alerts", "0", file(lines, "ordered")])
            let shuffled = try replay(["--max-alerts", "0", "--sort", file(lines.shuffled(), "shuffled")])
            #expect(ordered.alerts.count == 400)
            #expect(
                shuffled.alerts.map { $0.string("event.id") } == ordered.alerts.map { $0.string("event.id") })
        }

        @Test("reads standard input as it comes, also its last line without an end")
        func standardInput() throws {
            let path = try file(attack(at: 0), end: "")
            let invocation = try Invocation(
                ["-c", #"cat "$1" | "$0" replay -"#, Sensor.executable, path], executable: "/bin/sh")
            #expect(invocation.status == 0)
            #expect(invocation.output.contains(#""kind":"alert""#))
        }

        @Test("names a broken line, counts it as a loss and goes on; --strict stops there")
        func broken() throws {
            let lines = attack(at: 0)
            let path = try file([lines[0], "{\"@timestamp\":", "", "[]", lines[1]])
            let (alerts, stopped, diagnostics) = try replay([path])
            #expect(alerts.count == 1)
            #expect(diagnostics.contains("\(path):2: not JSON"))
            #expect(diagnostics.contains("\(path):4: not a JSON object"))
            #expect(stopped.int("imdswatch.counters.lost.broken_lines") == 2)
            #expect(stopped.int("imdswatch.counters.replay.lines") == 4)
            let strict = try replay(["--strict", path], status: 65)
            #expect(strict.alerts.isEmpty)
            #expect(strict.stopped.int("imdswatch.counters.replay.lines") == 2)
            #expect(try replay(["--strict", "--sort", path], status: 65).alerts.isEmpty)
            #expect(try replay(["--strict", file(lines)]).alerts.count == 1)
        }

        @Test("input of which no line can be read is bad data, and an empty one is not")
        func nothingReadable() throws {
            let (_, _, diagnostics) = try replay([file(["one", "two"])], status: 65)
            #expect(diagnostics.contains("no line could be read"))
            _ = try replay([file([], end: "")])
        }

        @Test("a file that is missing or a directory is missing input, before anything is read")
        func missing() throws {
            for path in ["/nowhere/x.ndjson", "/tmp"] {
                let invocation = try Invocation(["replay", try file(attack(at: 0)), path])
                #expect(invocation.status == 66 && invocation.output.isEmpty)
                #expect(invocation.diagnostics.contains(path))
            }
            #expect(try Invocation(["replay"]).status == 64)
        }

        @Test("output that nobody takes is an I/O error")
        func brokenPipe() throws {
            let path = try file((0..<3000).flatMap { attack(at: $0, id: "\($0)") })
            let script = #"{ "$0" replay --max-alerts 0 "$1"; echo "status $?" >&2; } | true"#
            let invocation = try Invocation(
                ["-c", script, Sensor.executable, path], executable: "/bin/sh")
            #expect(invocation.diagnostics.contains("status 74"), "\(invocation.diagnostics)")
        }

        @Test("a signal ends it with what was found and exit code 0", arguments: [SIGINT, SIGTERM])
        func signal(number: Int32) throws {
            let path = try file(attack(at: 0))
            let begin = ContinuousClock.now
            let process = Process()
            let (output, errors) = (Pipe(), Pipe())
            process.executableURL = URL(filePath: Sensor.executable)
            process.arguments = ["replay", "-"]
            let input = Pipe()
            process.standardInput = input
            process.standardOutput = output
            process.standardError = errors
            try process.run()
            let lines = Lines(reading: output.fileHandleForReading)
            let diagnostics = Lines(reading: errors.fileHandleForReading)
            try input.fileHandleForWriting.write(contentsOf: Data(contentsOf: URL(filePath: path)))
            #expect(lines.wait(.seconds(10)) { $0.text.contains(#""kind":"alert""#) } != nil)
            kill(process.processIdentifier, number)
            #expect(lines.waitForEnd(.seconds(10)))
            process.waitUntilExit()
            #expect(process.terminationReason == .exit && process.terminationStatus == 0)
            #expect(lines.text.contains(#""action":"stopped""#))
            #expect(diagnostics.wait(.seconds(5)) { $0.text.contains("interrupted: 2 lines") } != nil)
            #expect(ContinuousClock.now - begin < .seconds(15))
        }

        @Test("passes over alerts and statistics, so that its own output raises nothing")
        func otherRecords() throws {
            let lines = attack(at: 0)
            let first = try Invocation(["replay", try file(lines)])
            let both = first.output.split(separator: "\n").map(String.init)
            let (alerts, stopped, _) = try replay([file(lines + both + lines)])
            #expect(alerts.count == 2)
            #expect(stopped.int("imdswatch.counters.replay.other") == 2)
            #expect(stopped.int("imdswatch.counters.lost.broken_lines") == 0)
        }

        @Test("holds floods back by the time of events, and tells so")
        func flood() throws {
            let path = try file((0..<10).flatMap { attack(at: $0, id: "\($0)") })
            let (alerts, stopped, _) = try replay(["--max-alerts", "3", path])
            #expect(alerts.filter { $0.string("event.dataset") == "imdswatch.alert" }.count == 3)
            #expect(alerts.last?.int("imdswatch.flood.count") == 7)
            #expect(stopped.int("imdswatch.counters.lost.flood_suppressed") == 7)
            // six minutes later the window has passed
            let later = try file((0..<10).flatMap { attack(at: $0 * 360, id: "\($0)") })
            let all = try replay(["--max-alerts", "1", later])
            #expect(all.alerts.count == 10)
        }

        @Test("sequences that end with a missing event wait for their span, or for --flush")
        func flush() throws {
            let rule = try file(
                [#"sequence with maxspan=1m [process where true] ![network where true]"#], "missing.eql")
            let exec = attack(at: 0)[0]
            #expect(try replay(["--rules", rule, file([exec])]).alerts.isEmpty)
            #expect(try replay(["--rules", rule, "--flush", file([exec])]).alerts.count == 1)
            let later = attack(at: 120)[0]
            #expect(try replay(["--rules", rule, file([exec, later])]).alerts.count == 1)
            #expect(try replay(["--rules", rule, "--flush", file(attack(at: 0))]).alerts.isEmpty)
        }

        @Test("rules can test fields that only documents have, and exceptions apply by the time of events")
        func rulesAndExceptions() throws {
            let rule = try file(
                [#"process where data_stream.dataset == "x" and process.name == "curl""#], "rule.eql")
            let line = attack(at: 0)[0].replacing(#""host":"#, with: #""data_stream.dataset":"x","host":"#)
            #expect(try replay(["--rules", rule, file([line])]).alerts.count == 1)
            let exceptions = try file(
                [
                    "[[exception]]", #"name = "known""#, #"reason = "test""#, "expires = 2026-11-23",
                    #"condition = 'any where process.parent.entity_id == "p"'"#,
                ], "exceptions.toml")
            let (alerts, stopped, diagnostics) = try replay(["--exceptions", exceptions, file(attack(at: 0))])
            #expect(alerts.isEmpty)
            #expect(stopped.int("imdswatch.counters.alerts.suppressed") == 1)
            let use = stopped.documents("imdswatch.exceptions")
            #expect(use.map { $0.string("name") } == ["known"] && use.map { $0.int("hits") } == [1])
            #expect(diagnostics.contains("0 alerts, 1 held back by exceptions"))
            #expect(diagnostics.contains("exception \"known\": 1 hit"))
            let late = attack(at: 0).map { $0.replacing("2026-11-22", with: "2026-11-24") }
            #expect(try replay(["--exceptions", exceptions, file(late)]).alerts.count == 1)
        }

        @Test("alerts that are shown though they are held back count in the order, not as sent")
        func shownSuppressed() throws {
            let exceptions = try file(
                [
                    "[[exception]]", #"name = "known""#, #"reason = "test""#, "expires = 2026-11-23",
                    #"condition = 'any where process.parent.entity_id == "p"'"#,
                ], "exceptions.toml")
            let late = attack(at: 0).map { $0.replacing("2026-11-22", with: "2026-11-24") }
            let invocation = try Invocation([
                "replay", "--show-suppressed", "--exceptions", exceptions, file(attack(at: 0) + late),
            ])
            let documents = try invocation.output.split(separator: "\n").map {
                try #require(Document(Array($0.utf8)), "not JSON: \($0)")
            }
            #expect(documents.compactMap { $0.int("event.sequence") } == [1, 2])
            #expect(documents.compactMap { $0.string("imdswatch.suppressed_by") } == ["known"])
            #expect(documents.last?.int("imdswatch.counters.alerts.sent") == 1)
            #expect(documents.last?.int("imdswatch.counters.alerts.suppressed") == 1)
            #expect(invocation.diagnostics.contains("1 alert, 1 held back by exceptions"))
        }

        @Test("needs no privileges, and writes text where that is asked for")
        func unprivileged() throws {
            let path = try file(attack(at: 0))
            let copy = folder.appending(path: "imdswatch").path()
            try FileManager.default.copyItem(atPath: Sensor.executable, toPath: copy)
            let invocation = try Invocation(
                [
                    "--reuid=65534", "--regid=65534", "--clear-groups", copy, "replay", "--format", "text",
                    path,
                ], executable: "/usr/bin/setpriv")
            #expect(invocation.status == 0, "\(invocation.diagnostics)")
            #expect(invocation.output.contains("169.254.169.254"))
            #expect(!invocation.output.contains("{"))
        }
    }
}
