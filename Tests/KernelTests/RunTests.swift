import Foundation
import Testing

extension KernelTests {
    @Suite("The run command", .serialized)
    struct Run {
        @Test("is ready within 250 ms")
        func ready() throws {
            // The best of some: other programs share this machine.
            var best = Duration.seconds(60)
            for _ in 0..<5 {
                let sensor = try Sensor()
                best = min(best, sensor.readyAfter)
                _ = try sensor.stop()
            }
            #expect(best <= .milliseconds(250))
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
                let (starts, switches) = try (self.starts(), self.switches(of: sensor.pid))
                usleep(4_000_000)
                let others = try self.starts() - starts
                let wakeUps = try self.switches(of: sensor.pid) - switches
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

        /// Processes and threads started on this machine so far.
        private func starts() throws -> Int {
            let lines = try String(contentsOfFile: "/proc/stat", encoding: .utf8).split(separator: "\n")
            return try #require(lines.first { $0.hasPrefix("processes ") }.flatMap { Int($0.dropFirst(10)) })
        }

        /// How often the threads of a process went to sleep so far.
        private func switches(of pid: Int32) throws -> Int {
            let tasks = "/proc/\(pid)/task"
            return try FileManager.default.contentsOfDirectory(atPath: tasks).reduce(0) { sum, task in
                let status = try String(contentsOfFile: "\(tasks)/\(task)/status", encoding: .utf8)
                let line = status.split(separator: "\n").first { $0.hasPrefix("voluntary_ctxt_switches") }
                return sum + (line?.split(separator: "\t").last.flatMap { Int($0) } ?? 0)
            }
        }
    }
}
