import Foundation
import Testing

extension KernelTests {
    @Suite("A recording", .serialized)
    struct Recording {
        private static let curl = "/usr/lib/x/curl"
        private static let steps = "/usr/lib/x/steps"
        private static let tool = "/usr/lib/x/tool"
        private static let odd = "/usr/lib/x/odd"
        private static let url = "http://169.254.169.254/"

        /// When an alert was written is another time. The line of parents is
        /// the process table's, as it is when a rule matches, and no event's.
        private static let differing = ["event.created", "imdswatch.ancestry"]

        /// Nothing is cut: what is, is cut for the room that its line has, which
        /// is another in the line of an event than in that of an alert.
        private static let lineLimit = 1_000_000

        @Test("gives, replayed in file order or sorted, the alerts that were raised live")
        func sameAlerts() throws {
            let sensor = try Sensor(["--events"], lineLimit: Self.lineLimit)
            try act()
            let records = try sensor.stop()
            #expect(records.losses.isEmpty, "\(records.losses)")
            let live = records.alerts
            #expect(live.count >= 8, "\(live.map { $0.string("message") ?? "" })")

            let path = FileManager.default.temporaryDirectory.appending(
                path: "imdswatch-recording-\(getpid())"
            ).path()
            defer { try? FileManager.default.removeItem(atPath: path) }
            try Data(records.documents.map(\.bytes).joined(separator: [0x0a])).write(
                to: URL(filePath: path))
            for options in [[], ["--sort"]] {
                let invocation = try Invocation(
                    ["replay", "--max-alerts", "0", "--max-line", "\(Self.lineLimit)"] + options + [path])
                #expect(invocation.status == 0, "\(invocation.diagnostics)")
                let documents = try invocation.output.split(separator: "\n").map {
                    try #require(Document(Array($0.utf8)))
                }
                let stopped = try #require(documents.last)
                #expect(stopped.int("imdswatch.lost") == 0)
                #expect(stopped.int("imdswatch.counters.replay.unconverted") == 0)
                let replayed = documents.filter(\.isAlert)
                #expect(replayed.count == live.count)
                for (one, other) in zip(live, replayed) {
                    let differences = try differences(one, other).joined(separator: "\n")
                    #expect(differences.isEmpty, "\(differences)")
                }
            }
        }

        /// Attacks and what is none, each with something that is hard to keep.
        private func act() throws {
            let programs: [Arena.Item] = [
                .program(Self.steps, .steps), .program(Self.curl, .client), .program(Self.tool, .fixedClient),
                .program(Self.odd, .odd),
            ]
            func run(_ command: [String], _ items: [Arena.Item] = [], in directory: String? = nil) throws {
                _ = try Arena(command, items: programs + items, in: directory).finish()
            }
            try run(["curl", "-s", "-H", "X-aws-ec2-metadata-token: secret", Self.url])
            try run(["sh", "-c", "curl -s \(Self.url); exit 0"])
            try run(["curl", "-s", "http://10.20.30.40/"])
            try run([Self.steps, "run", Self.curl, "+", "fork-connect", "metadata", "80"])
            try run(
                [Self.steps, "run", Self.curl, "+", "run", Self.curl, "x", "+", "run", Self.tool])
            try run([Self.steps, "run", Self.tool])
            let script = "#!/bin/sh\n/usr/bin/curl -s \(Self.url)\nexit 0\n"
            try run(["./job"], [.text("/srv/job", script)], in: "/srv")
            try run(["/srv/../srv/job"], [.text("/srv/job", script)])
            for kind in ["deep", "bytes", "memfd", "deleted"] { try run([Self.odd, kind, Self.tool]) }
            let parent = "/usr/lib/x/parent"
            _ = try Arena(
                [parent, Self.curl, "169.254.169.254"], items: programs + [.program(parent, .exitingParent)]
            )
            .finish()
            try withArguments([Array("curl".utf8), [0xff, 0x20, 0xc3, 0x28], [], [0x0a]])
        }

        private func withArguments(_ arguments: [[UInt8]]) throws {
            let file = FileManager.default.temporaryDirectory.appending(
                path: "imdswatch-recorded-\(getpid())")
            try Data(arguments.flatMap { $0 + [0] }).write(to: file)
            defer { try? FileManager.default.removeItem(at: file) }
            let client = "/usr/lib/x/wget"
            _ = try Arena(
                ["given-by-file"], items: [.program(client, .fixedClient)], executing: client,
                argumentsFile: file.path()
            ).finish()
        }

        /// The paths at which two documents differ, with both values.
        private func differences(_ one: Document, _ other: Document) throws -> [String] {
            func flat(_ value: Any, _ path: String, into all: inout [String: String]) {
                if let object = value as? [String: Any] {
                    for (key, value) in object {
                        flat(value, path.isEmpty ? key : "\(path).\(key)", into: &all)
                    }
                } else if let list = value as? [Any], list.contains(where: { $0 is [String: Any] }) {
                    for (index, value) in list.enumerated() { flat(value, "\(path).\(index)", into: &all) }
                } else {
                    all[path] = "\(value)"
                }
            }
            func values(_ document: Document) throws -> [String: String] {
                var all: [String: String] = [:]
                flat(try JSONSerialization.jsonObject(with: Data(document.bytes)), "", into: &all)
                return all.filter { entry in !Self.differing.contains { entry.key.hasPrefix($0) } }
            }
            let (mine, theirs) = (try values(one), try values(other))
            return Set(mine.keys).union(theirs.keys).sorted()
                .filter { mine[$0] != theirs[$0] }
                .map { "\($0): \(mine[$0] ?? "-") / \(theirs[$0] ?? "-")" }
        }
    }
}
