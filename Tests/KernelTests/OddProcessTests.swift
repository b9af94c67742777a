import Foundation
import Testing

extension KernelTests {
    @Suite("Odd processes", .serialized)
    struct OddProcesses {
        private static let odd = "/usr/lib/x/odd"
        private static let client = "/usr/lib/x/curl"

        private func alert(_ kind: String) throws -> Document {
            let (alerts, _) = try raisedAlerts(
                [Self.odd, kind, Self.client],
                items: [.program(Self.odd, .odd), .program(Self.client, .fixedClient)], status: 0)
            #expect(alerts.count == 1)
            return try #require(alerts.first)
        }

        @Test("from memory are seen")
        func memory() throws {
            let alert = try alert("memfd")
            #expect(alert.string("process.executable")?.contains("hidden") == true)
            #expect(alert.strings("process.args") == ["x", "169.254.169.254"])
        }

        @Test("without a file are seen under the name it had")
        func deleted() throws {
            #expect(try alert("deleted").string("process.executable") == "/tmp/gone")
        }

        @Test("with a path of more than 4,096 bytes are seen, the path cut and flagged")
        func deep() throws {
            let alert = try alert("deep")
            #expect(alert.string("process.executable")?.hasPrefix("/tmp/deep/") == true)
            #expect(alert.string("process.executable")?.hasSuffix("/x") == true)
            #expect(alert.strings("imdswatch.truncated")?.contains("process.executable") == true)
            #expect(alert.strings("imdswatch.truncated")?.contains("process.working_directory") == true)
        }

        @Test("invoked by the longest path there can be are seen under their own")
        func longInvocation() throws {
            #expect(try alert("exact").string("process.executable") == "/tmp/x")
        }

        @Test("without arguments are seen")
        func noArguments() throws {
            #expect(try alert("no-args").string("process.executable") == "/tmp/x")
        }

        @Test("whose name is no text are seen, with the exact bytes beside it")
        func bytesInName() throws {
            let alert = try alert("bytes")
            #expect(alert.string("process.executable") == "/tmp/\u{fffd}\n\"\u{fffd}")
            let raw = alert.string("imdswatch.raw.process.executable").flatMap { Data(base64Encoded: $0) }
            #expect(raw.map(Array.init) == Array("/tmp/".utf8) + [0xff, 0x0a, 0x22, 0xc3])
        }

        @Test(
            "with any arguments give one valid line",
            arguments: [
                ["curl", "a\nb", "\r\n", "\t"], ["curl", "\"quoted\"", "back\\slash", "'"],
                ["curl", "\u{1}\u{1b}[31m\u{7f}"], ["", "", ""], ["curl", "\u{2028}\u{feff}é😀"],
                ["{\"event\":{\"kind\":\"alert\"}}\n{\"x\":1}"],
            ])
        func arguments(arguments: [String]) throws {
            let (alerts, _) = try alerts(with: arguments.map { Array($0.utf8) })
            #expect(alerts.map { $0.strings("process.args") } == [arguments])
        }

        @Test("with bytes that are no text in their arguments give the exact bytes beside them")
        func bytesInArguments() throws {
            let (alerts, _) = try alerts(with: [Array("curl".utf8), [0xff, 0x20, 0xc3, 0x28]])
            #expect(alerts.map { $0.strings("process.args") } == [["curl", "\u{fffd} \u{fffd}("]])
            #expect(alerts.first?["imdswatch.raw"] != nil)
        }

        @Test("with an argument of 100 KB give one line within the limit, flagged")
        func longArgument() throws {
            let long = [UInt8](repeating: UInt8(ascii: "a"), count: 100_000)
            let (alerts, _) = try alerts(with: [Array("curl".utf8), long, Array("end".utf8)])
            #expect(alerts.count == 1)
            let alert = try #require(alerts.first)
            #expect(alert.strings("imdswatch.truncated")?.isEmpty == false)
            #expect(alert.string("process.executable") == Self.client)
            #expect(alert.int("process.args_count") == 3)
        }

        @Test("with very many arguments give one line within the limit, flagged")
        func manyArguments() throws {
            let many = (0..<20_000).map { Array("\($0)".utf8) }
            let (alerts, _) = try alerts(with: [Array("curl".utf8)] + many)
            #expect(alerts.count == 1)
            #expect(alerts.first?.int("process.args_count") == 20_001)
            #expect(alerts.first?.strings("imdswatch.truncated")?.isEmpty == false)
        }

        private func alerts(with arguments: [[UInt8]]) throws -> (alerts: [Document], result: Arena.Result) {
            let file = FileManager.default.temporaryDirectory.appending(
                path: "imdswatch-arguments-\(getpid())")
            try Data(arguments.flatMap { $0 + [0] }).write(to: file)
            defer { try? FileManager.default.removeItem(at: file) }
            return try raisedAlerts(
                ["given-by-file"], items: [.program(Self.client, .fixedClient)], executing: Self.client,
                argumentsFile: file.path(), status: 0)
        }
    }
}
