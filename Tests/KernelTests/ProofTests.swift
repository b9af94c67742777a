import Foundation
import Testing

extension KernelTests {
    /// What somebody with root's powers does to the kernel side from outside.
    @Suite("The proof of the hooks", .serialized)
    struct Proof {
        private static let curl = "/usr/lib/x/curl"

        /// An identifier of the map that this sensor, and no other, has open.
        private func map(_ name: String, of pid: Int32) throws -> Int {
            let folder = "/proc/\(pid)/fdinfo"
            for file in try FileManager.default.contentsOfDirectory(atPath: folder) {
                guard let info = try? String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8),
                    let line = info.split(separator: "\n").first(where: { $0.hasPrefix("map_id:") }),
                    let id = line.split(separator: "\t").last.flatMap({ Int($0) })
                else { continue }
                let shown = try Invocation(
                    ["-j", "map", "show", "id", "\(id)"], executable: Self.bpftool)
                if Document(Array(shown.output.utf8))?.string("name") == name { return id }
            }
            throw Failure.noMap(name)
        }

        private enum Failure: Error { case noMap(String) }

        private func alerts(_ sensor: Sensor) throws -> Int {
            let result = try Arena([Self.curl], items: [.program(Self.curl, .fixedClient)]).finish()
            return sensor.waitForAlert(of: result.arena, .seconds(2)) == nil ? 0 : 1
        }

        /// What was done to the list of addresses.
        enum Tampering: CaseIterable {
            case emptied, changed
        }

        private static let bpftool = "/usr/sbin/bpftool"
        // 169.254.169.254/32 and 10.20.30.40/32, as the trie has them: 128 bits of ::ffff:a.b.c.d
        private static let service = "128 0 0 0 0 0 0 0 0 0 0 0 0 0 255 255 169 254 169 254"
        private static let other = "128 0 0 0 0 0 0 0 0 0 0 0 0 0 255 255 10 20 30 40"

        private func edit(_ map: Int, _ words: String) throws {
            let edit = try Invocation(
                ["map"] + words.replacing("MAP", with: "id \(map)").split(separator: " ").map(String.init),
                executable: Self.bpftool)
            #expect(edit.status == 0, "\(words): \(edit.diagnostics)")
        }

        private func keys(of map: Int) throws -> [String] {
            let dump = try Invocation(
                ["-j", "map", "dump", "id", "\(map)"], executable: Self.bpftool)
            let entries = try JSONSerialization.jsonObject(with: Data(dump.output.utf8))
            return (entries as? [[String: Any]] ?? []).compactMap {
                ($0["key"] as? [String])?.joined(separator: " ")
            }
        }

        private func tamper(_ how: Tampering, with map: Int) throws {
            switch how {
            case .emptied:
                let keys = try keys(of: map)
                #expect(keys.count > 1)
                for key in keys { try edit(map, "delete MAP key \(key)") }
            case .changed:
                // nobody is woken any more, and a foreign address is let through
                try edit(map, "update MAP key \(Self.service) value 1 0 0 0")
                try edit(map, "update MAP key \(Self.other) value 2 0 0 0")
            }
        }

        @Test(
            "notices within a minute that somebody changed the list of addresses, and restores it",
            arguments: Tampering.allCases)
        func list(how: Tampering) throws {
            let sensor = try Sensor()
            let map = try map("destinations", of: sensor.pid)
            let before = try keys(of: map).sorted()
            #expect(try alerts(sensor) == 1)
            try tamper(how, with: map)
            if how == .emptied { #expect(try alerts(sensor) == 0) }
            let begin = ContinuousClock.now
            let told = sensor.output.wait(.seconds(60)) { $0.text.contains(#""hook_changed""#) }
            let record = try #require(told.flatMap { Document($0.bytes) })
            #expect(ContinuousClock.now - begin < .seconds(60))
            #expect(record.string("message")?.contains("list of addresses") == true)
            #expect(record.int("imdswatch.counters.lost.hook_silent") == 1)
            #expect(try keys(of: map).sorted() == before)
            #expect(try alerts(sensor) == 1)
            _ = try sensor.stop()
        }

        @Test("notices within a minute that exec and fork are silent, and attaches them anew")
        func startsAndForks() throws {
            let sensor = try Sensor()
            #expect(try alerts(sensor) == 1)
            // the kernel refuses to detach such a link; what keeps it attached is its descriptor
            for event in ["sched_process_exec", "sched_process_fork"] {
                let swap = try Invocation(
                    ["\(sensor.pid)", "\(try link(event, of: sensor.pid))"],
                    executable: TestProgram.swap.path)
                if swap.status == 77 { try Test.cancel("the helper does not know this architecture") }
                try #require(swap.status == 0, "\(swap.diagnostics)")
            }
            #expect(try alerts(sensor) == 0)
            let told = sensor.output.wait(.seconds(60)) { $0.text.contains(#""hook_changed""#) }
            let record = try #require(told.flatMap { Document($0.bytes) })
            let message = try #require(record.string("message"))
            #expect(message.contains("exec: tracepoint is silent, now attached anew"))
            #expect(message.contains("fork: tracepoint is silent, now attached anew"))
            #expect(record.int("imdswatch.counters.lost.hook_silent") == 2)
            #expect(try alerts(sensor) == 1)
            // the next proof, at once, has nothing to complain of
            let complaint = sensor.output.wait(.seconds(5)) { $0.text.contains("is silent, and there is") }
            #expect(complaint == nil)
            _ = try sensor.stop()
        }

        /// The descriptor of a link to a tracepoint.
        private func link(_ tracepoint: String, of pid: Int32) throws -> Int {
            let folder = "/proc/\(pid)/fdinfo"
            let files = try FileManager.default.contentsOfDirectory(atPath: folder)
            let found = files.first { file in
                let info = try? String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)
                return info?.contains("tp_name:\t\(tracepoint)\n") == true
            }
            return try #require(found.flatMap { Int($0) }, "no link to \(tracepoint)")
        }
    }
}
