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

        @Test("bench measures what it names, and writes its page")
        func bench() throws {
            let before = try Leftovers()
            let page = "/tmp/imdswatch-bench-\(UUID().uuidString).html"
            let bench = try Invocation(
                ["bench", "--pairs", "1", "--json", "--report", page], patience: .seconds(240))
            #expect(bench.status == 0, "\(bench.diagnostics)")
            let result = try #require(Document(Array(bench.output.utf8)))
            let workloads = result.documents("contenders").first?.documents("workloads") ?? []
            #expect(workloads.count == 7)
            #expect(workloads.allSatisfy { $0.number("baseline_ns") > 0 })
            let programs = result.documents("bpf")
            let names = programs.map { "\($0.string("program") ?? "") \($0.string("workload") ?? "")" }
            #expect(Set(names).isSuperset(of: ["exec exec", "fork exec"]))
            #expect(names.contains { $0.hasPrefix("connect") && $0.hasSuffix("connect_reported") })
            let measuring = result.number("bpf_measuring_ns.median")
            #expect(measuring > 0)
            for cost in programs where cost.string("program") == "exec" {
                #expect(cost.number("run_ns.median") > measuring)
            }
            let latencies = result.documents("latency")
            #expect(latencies.count == 4)
            #expect(latencies.allSatisfy { $0.int("alerts") == $0.int("expected") })
            #expect(result.number("highest_starts_per_second") > 0)
            #expect(!result.documents("budget").isEmpty)
            #expect(try String(contentsOfFile: page, encoding: .utf8).contains("<svg"))
            try FileManager.default.removeItem(atPath: page)
            try expectNothingLeft(before)
        }

        @Test(
            "demo and bench leave nothing, however they end",
            arguments: [
                ("demo", SIGINT, 300), ("demo", SIGTERM, 600), ("demo", SIGKILL, 900),
                ("bench", SIGINT, 1_000), ("bench", SIGINT, 6_000), ("bench", SIGTERM, 4_000),
                ("bench", SIGKILL, 5_000),
            ])
        func interrupted(command: String, signal: Int32, after milliseconds: Int) throws {
            let before = try Leftovers()
            let process = Process()
            // a runner in the background has Ctrl-C ignored; the process leads a group of its own
            process.executableURL = URL(filePath: "/usr/bin/env")
            process.arguments = ["--default-signal=INT,TERM", Sensor.executable, command]
            process.standardInput = FileHandle.nullDevice
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            try process.run()
            usleep(UInt32(milliseconds) * 1000)
            // Ctrl-C reaches the whole group
            let target = signal == SIGKILL ? process.processIdentifier : -process.processIdentifier
            #expect(kill(target, signal) == 0)
            process.waitUntilExit()
            #expect(process.terminationReason == .uncaughtSignal && process.terminationStatus == signal)
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
        let statistics = try String(contentsOfFile: "/proc/sys/kernel/bpf_stats_enabled", encoding: .utf8)
        things.insert("bpf_stats_enabled \(statistics)")
        self.things = things
    }

    func since(_ before: Leftovers) -> [String] { things.subtracting(before.things).sorted() }

    private static let bpftool =
        ["/usr/sbin/bpftool", "/usr/bin/bpftool", "/usr/local/sbin/bpftool"]
        .first(where: FileManager.default.isExecutableFile) ?? "bpftool"
}
