import Foundation
import Testing

extension KernelTests {
    @Suite("The run command", .serialized)
    struct Run {
        @Test("is ready soon")
        func ready() throws {
            // The best of some, without the time in which others had the CPU. The budget of
            // 250 ms is measured (docs/cost.md), since it hangs on the host's speed.
            var best = Duration.seconds(60)
            for _ in 0..<5 {
                let sensor = try Sensor()
                best = min(best, sensor.readyAfter - (try Machine.waitingForCPU(sensor.pid)))
                _ = try sensor.stop()
            }
            #expect(best <= .milliseconds(350))
        }

        @Test("says which hooks it uses, and then writes the start record")
        func start() throws {
            let sensor = try Sensor()
            let ready = sensor.diagnostics.all.first { $0.text.hasPrefix("ready") }
            let records = try sensor.stop()
            #expect(["fexit", "kprobe", "tracepoint"].contains { ready?.text.contains($0) == true })
            #expect(records.documents.first?.string("event.action") == "started")
            #expect(records.documents.last?.string("event.action") == "stopped")
            #expect(records.stopped?.int("imdswatch.lost") == 0)
            #expect((records.stopped?.numbers("imdswatch.counters").count ?? 0) > 10)
        }

        @Test("raises no alert for its own canary")
        func canary() throws {
            let sensor = try Sensor()
            usleep(200_000)
            let own = Int(sensor.pid)
            #expect(try sensor.stop().alerts(of: own).isEmpty)
        }

        @Test("ends with 0 on SIGINT too")
        func interrupt() throws {
            let sensor = try Sensor()
            sensor.send(SIGINT)
            #expect(sensor.output.waitForEnd(.seconds(5)))
            _ = try sensor.stop()
        }

        @Test(
            "runs before ordinary processes, unless whoever started it has decided",
            arguments: [
                ([], [], [2, 2]), (["/usr/bin/nice", "-n", "1"], [], [0, 0]),
                // every event of a host is too much to write before others may work
                ([], ["--events"], [0, 2]),
            ])
        func scheduling(launcher: [String], options: [String], policies: [Int]) throws {
            let allowed = try Invocation(["-r", "1", "/bin/true"], executable: "/usr/bin/chrt")
            guard allowed.status == 0 else { try Test.cancel("no real-time threads here") }
            let sensor = try Sensor(options, launcher: launcher)
            // the thread that writes may come to its turn later
            for _ in 0..<100 where try Machine.policies(of: sensor.pid) != policies { usleep(20_000) }
            #expect(try Machine.policies(of: sensor.pid) == policies)
            _ = try sensor.stop()
        }

        @Test("says in its output, too, that other rules could not be loaded")
        func failedReload() throws {
            let file = temporaryFile("any where false")
            defer { try? FileManager.default.removeItem(atPath: file) }
            let sensor = try Sensor(["--rules", file])
            try "any where".write(toFile: file, atomically: true, encoding: .utf8)
            sensor.send(SIGHUP)
            let record = sensor.output.wait(.seconds(5)) { $0.text.contains("reload_failed") }
            let document = record.flatMap { Document($0.bytes) }
            #expect(document?.string("event.dataset") == "imdswatch.stats")
            #expect(document?.string("message")?.contains(file) == true)
            #expect(document?.int("imdswatch.rules.loaded") == 1)
            _ = try sensor.stop()
        }

        @Test("sees program starts when no rule reads the environment any more")
        func environment() throws {
            let file = temporaryFile(#"process where process.env_vars : "IMDSWATCH_MARK=*""#)
            defer { try? FileManager.default.removeItem(atPath: file) }
            let sensor = try Sensor(["--rules", file, "--max-alerts", "0"])
            let processors = ProcessInfo.processInfo.activeProcessorCount
            func start(_ argument: String, _ environment: [String: String]) throws {
                for number in 0..<processors {
                    let process = Process()
                    process.executableURL = URL(filePath: "/usr/bin/taskset")
                    process.arguments = ["-c", "\(number)", "/usr/bin/true", argument]
                    process.environment = environment
                    try process.run()
                    process.waitUntilExit()
                }
            }
            // longer than what follows: its place must not be taken for one there
            try start("before", ["IMDSWATCH_MARK": String(repeating: "x", count: 3_000)])
            try
                #"process where event.action == "exec" and process.name == "true" and process.args == "after""#
                .write(toFile: file, atomically: true, encoding: .utf8)
            sensor.send(SIGHUP)
            let reloaded = sensor.output.wait(.seconds(5)) { $0.text.contains(#""action":"reloaded""#) }
            #expect(reloaded != nil)
            try start("after", [:])
            let records = try sensor.stop()
            let told = records.documents.filter { $0.isAlert && $0.strings("process.args")?.last == "after" }
            #expect(told.count == processors)
            #expect(records.losses.isEmpty, "\(records.losses)")
        }

        @Test("judges what was before a reload by the rules of then")
        func before() throws {
            // two that are told of every start of a program; one reads the environment
            let program = "/tmp/imdswatch-reload-\(UUID().uuidString)"
            try FileManager.default.copyItem(atPath: "/usr/bin/true", toPath: program)
            defer { try? FileManager.default.removeItem(atPath: program) }
            let starts = #"process where event.action == "exec" and process.executable == "\#(program)""#
            let rules = [starts, starts + #" and process.env_vars : "IMDSWATCH_MARK=*""#]
            let file = temporaryFile(rules[0])
            defer { try? FileManager.default.removeItem(atPath: file) }
            let sensor = try Sensor(["--rules", file, "--max-alerts", "0"])
            for reload in 1...8 {
                try rules[reload % 2].write(toFile: file, atomically: true, encoding: .utf8)
                // the signal comes right behind them: nobody has fetched them yet
                let shell = Process()
                shell.executableURL = URL(filePath: "/bin/sh")
                let arguments = (0..<3).map { "\(program) \(reload).\($0);" }.joined(separator: " ")
                shell.arguments = ["-c", "\(arguments) kill -HUP \(sensor.pid)"]
                shell.environment = ["IMDSWATCH_MARK": "x", "IMDSWATCH_SECRET": "hunter2"]
                try shell.run()
                shell.waitUntilExit()
                var count = 0
                let reloaded = sensor.output.wait(.seconds(5)) { line in
                    if line.text.contains(#""action":"reloaded""#) { count += 1 }
                    return count == reload
                }
                #expect(reloaded != nil)
            }
            let records = try sensor.stop()
            let told = records.documents.filter(\.isAlert).compactMap { $0.strings("process.args")?.last }
            #expect(told == (1...8).flatMap { reload in (0..<3).map { "\(reload).\($0)" } })
            #expect(records.losses.isEmpty, "\(records.losses)")
            #expect(
                !records.documents.contains { String(decoding: $0.bytes, as: UTF8.self).contains("hunter2") })
        }

        @Test("keeps a file of metrics up to date")
        func metrics() throws {
            let file = temporaryFile("")
            defer { try? FileManager.default.removeItem(atPath: file) }
            let sensor = try Sensor(["--metrics-file", file, "--stats-interval", "1s"])
            func seen() throws -> Int {
                let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
                let line = lines.first { $0.hasPrefix("imdswatch_exec_seen_total ") }
                return line.flatMap { Int($0.split(separator: " ")[1]) } ?? 0
            }
            usleep(200_000)
            let before = try seen()
            #expect(before > 0)
            _ = try Arena(["true"]).finish()
            usleep(2_500_000)
            #expect(try seen() > before)
            let attributes = try FileManager.default.attributesOfItem(atPath: file)
            #expect(attributes[.posixPermissions] as? Int == 0o644)
            _ = try sensor.stop()
            #expect(!FileManager.default.fileExists(atPath: file + ".new"))
        }

        @Test("writes OCSF on every line if asked to")
        func ocsf() throws {
            let process = Process()
            let out = Pipe()
            process.executableURL = URL(filePath: Sensor.executable)
            process.arguments = ["run", "--format", "ocsf", "--test-alert", "--duration", "1s"]
            process.standardOutput = out
            process.standardError = FileHandle.nullDevice
            try process.run()
            let lines = Lines(reading: out.fileHandleForReading)
            #expect(lines.waitForEnd(.seconds(10)))
            process.waitUntilExit()
            #expect(process.terminationStatus == 0)
            let classes = lines.all.map { Document($0.bytes)?.int("class_uid") }
            #expect(classes.contains(2004) && classes.contains(0) && !classes.contains(nil))
        }

        private func temporaryFile(_ text: String) -> String {
            let path = FileManager.default.temporaryDirectory.appending(path: "rule-\(UUID().uuidString).eql")
                .path()
            #expect(FileManager.default.createFile(atPath: path, contents: Data(text.utf8)))
            return path
        }

        @Test("works beside another sensor")
        func twice() throws {
            let sensors = try [Sensor(), Sensor()]
            let result = try Arena(["curl", "-s", "http://169.254.169.254/"]).finish()
            for sensor in sensors { #expect(try sensor.stop().alerts(of: result.arena).count == 1) }
        }

        @Test("ends with 74 when nobody reads, counting what could not be written")
        func closedOutput() throws {
            let process = Process()
            let (out, err) = (Pipe(), Pipe())
            process.executableURL = URL(filePath: Sensor.executable)
            process.arguments = ["run"]
            process.standardOutput = out
            process.standardError = err
            try process.run()
            try out.fileHandleForReading.close()
            let diagnostics = Lines(reading: err.fileHandleForReading)
            let ended = diagnostics.waitForEnd(.seconds(10))
            if !ended { kill(process.processIdentifier, SIGKILL) }
            process.waitUntilExit()
            #expect(ended)
            #expect(
                process.terminationReason == .exit && process.terminationStatus == 74, "\(diagnostics.text)")
        }

        @Test("sleeps while nothing happens")
        func idle() throws {
            let sensor = try Sensor()
            usleep(3_000_000)
            // Another program's starts are work; a window without any is idleness.
            for _ in 0..<10 {
                let (starts, sleeps) = try (Machine.starts(), Machine.sleeps(of: sensor.pid))
                usleep(4_000_000)
                let others = try Machine.starts() - starts
                let wakeUps = try Machine.sleeps(of: sensor.pid) - sleeps
                guard others > 2 else {
                    #expect(wakeUps <= 8, "\(wakeUps) wake-ups in 4 s")
                    _ = try sensor.stop()
                    return
                }
            }
            _ = try sensor.stop()
            try Test.cancel("this machine was never idle for 4 s")
        }

        @Test("is one static file of at most 20 MB")
        func file() throws {
            let described = try Invocation(["-b", Sensor.executable], executable: "/usr/bin/file").output
            #expect(described.contains("statically linked"))
            #expect(described.contains("stripped") && !described.contains("not stripped"))
            let attributes = try FileManager.default.attributesOfItem(atPath: Sensor.executable)
            #expect((attributes[.size] as? Int).map { $0 <= 20 << 20 } == true)
        }
    }
}
