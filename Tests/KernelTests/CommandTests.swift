import Foundation
import Testing

extension KernelTests {
    @Suite("Other commands", .serialized)
    struct Commands {
        @Test("check proves its hooks and says so as JSON")
        func check() throws {
            let text = try Invocation(["check"])
            #expect(text.status == 0, "\(text.diagnostics)")
            #expect(text.output.contains("exec"))
            let json = try Invocation(["check", "--json"])
            #expect(json.status == 0)
            #expect(Document(Array(json.output.utf8)) != nil)
        }

        @Test("the demo alerts on each attack and on nothing else")
        func demo() throws {
            let before = try Leftovers()
            let demo = try Invocation(["demo"])
            #expect(demo.status == 0, "\(demo.output)\n\(demo.diagnostics)")
            #expect(demo.output.contains("169.254.169.254"))
            try expectNothingLeft(before)
        }

        @Test(
            "the demo leaves nothing, however it ends",
            arguments: [(SIGINT, 300), (SIGTERM, 600), (SIGKILL, 900)])
        func interrupted(signal: Int32, after milliseconds: Int) throws {
            let before = try Leftovers()
            let process = Process()
            // Ctrl-C reaches the whole process group.
            process.executableURL = URL(filePath: "/usr/bin/setsid")
            process.arguments = [Sensor.executable, "demo"]
            process.standardInput = FileHandle.nullDevice
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            try process.run()
            usleep(UInt32(milliseconds) * 1000)
            kill(signal == SIGKILL ? process.processIdentifier : -process.processIdentifier, signal)
            process.waitUntilExit()
            try expectNothingLeft(before)
        }

        private func expectNothingLeft(_ before: Leftovers) throws {
            var left = try Leftovers().since(before)
            for _ in 0..<50 where !left.isEmpty {
                usleep(100_000)
                left = try Leftovers().since(before).filter(left.contains)
            }
            #expect(left.isEmpty)
        }
    }
}

/// What a program can leave behind.
private struct Leftovers {
    private let things: Set<String>

    init() throws {
        var things = Set<String>()
        for pid in try FileManager.default.contentsOfDirectory(atPath: "/proc") where Int(pid) != nil {
            let image = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/exe")
            if image == Sensor.executable { things.insert("process \(pid)") }
            let network = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/ns/net")
            if let network { things.insert("namespace \(network)") }
        }
        let named = (try? FileManager.default.contentsOfDirectory(atPath: "/run/netns")) ?? []
        things.formUnion(named.map { "named namespace \($0)" })
        let files = try FileManager.default.contentsOfDirectory(atPath: "/tmp")
        things.formUnion(files.filter { $0.contains("imds") || $0.hasPrefix("lab") }.map { "file \($0)" })
        let programs = try Invocation(["-j", "prog", "show"], executable: Self.bpftool)
        let list =
            try JSONSerialization.jsonObject(with: Data(programs.output.utf8)) as? [[String: Any]] ?? []
        things.formUnion(list.compactMap { $0["id"].map { "program \($0)" } })
        self.things = things
    }

    func since(_ before: Leftovers) -> [String] { things.subtracting(before.things).sorted() }

    private static let bpftool =
        ["/usr/sbin/bpftool", "/usr/bin/bpftool", "/usr/local/sbin/bpftool"]
        .first(where: FileManager.default.isExecutableFile) ?? "bpftool"
}
