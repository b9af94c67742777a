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
                    ["-j", "map", "show", "id", "\(id)"], executable: "/usr/sbin/bpftool")
                if Document(Array(shown.output.utf8))?.string("name") == name { return id }
            }
            throw Failure.noMap(name)
        }

        private enum Failure: Error { case noMap(String) }

        private func alerts(_ sensor: Sensor) throws -> Int {
            let result = try Arena([Self.curl], items: [.program(Self.curl, .fixedClient)]).finish()
            return sensor.waitForAlert(of: result.arena, .seconds(2)) == nil ? 0 : 1
        }

        @Test("notices within a minute that the list of addresses was emptied, and restores it")
        func emptiedList() throws {
            let sensor = try Sensor()
            let map = try map("destinations", of: sensor.pid)
            #expect(try alerts(sensor) == 1)
            // 169.254.169.254/32, as the trie has it: 128 bits of ::ffff:a.b.c.d
            let key = "128 0 0 0 0 0 0 0 0 0 0 0 0 0 255 255 169 254 169 254"
            let deletion = try Invocation(
                ["map", "delete", "id", "\(map)", "key"] + key.split(separator: " ").map(String.init),
                executable: "/usr/sbin/bpftool")
            #expect(deletion.status == 0, "\(deletion.diagnostics)")
            #expect(try alerts(sensor) == 0)
            let begin = ContinuousClock.now
            let told = sensor.output.wait(.seconds(60)) { $0.text.contains(#""hook_changed""#) }
            let record = try #require(told.flatMap { Document($0.bytes) })
            #expect(ContinuousClock.now - begin < .seconds(60))
            #expect(record.string("message")?.contains("list of addresses") == true)
            #expect(record.int("imdswatch.counters.lost.hook_silent") == 1)
            #expect(try alerts(sensor) == 1)
            _ = try sensor.stop()
        }
    }
}
