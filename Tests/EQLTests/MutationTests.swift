import EQL
import Events
import Fixtures
import Testing

@Suite("Mutated queries")
struct MutationTests {
    private static let seeds = [
        EQLSeedQueries.v2, EQLSeedQueries.v3,
        #"process where not (process.args : ("-x*", "?y") and length(process.name) >= 3 + 1) or user.id in (0, 5)"#,
        #"sequence by host.id, ?user.id with maxspan=5m ![any where true] by process.pid with runs=3 [network where cidrMatch(destination.ip, "10.0.0.0/8", "::1")] by process.pid until [any where false] by ?foo"#,
        #"any where process.name regex~ ("a(b|c)*[^d-f]{1,3}", "~(x&y)<1-20>@") and process.start > "2026-01-01""#,
        #"any where startsWith~(substring(process.name, -4, 2), concat("a", process.pid)) == true and between(process.command_line, "a", "b", true) like "x*""#,
        #"any where number(process.command_line, 16) % 7 == -2 and `process`.name == """raw\""" and "\u{41}\n" /* c */ // d"#,
    ]

    private static let pieces = [
        "(", ")", "[", "]", "\"", "\"\"\"", "`", "not ", " and ", " or ", "*", "?", "!=", "==", ":", "~", ",",
        ".",
        "null", "true", "-", "/*", "//", "\\", "\\u{", "|", "=", "!", "1e5", "99999999999999999999", "\u{0}",
        "é",
        "process.args", "?foo", "user.id", "in", " with runs=2", " by ", "length(", "\n", "'", "<", "0",
        " where ",
    ]

    private func mutated(_ random: inout SplitMix) -> String {
        var bytes = Array((MutationTests.seeds.randomElement(using: &random) ?? "").utf8)
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let start = Int.random(in: 0...bytes.count, using: &random)
            let end = min(bytes.count, start + Int.random(in: 0...12, using: &random))
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes.removeSubrange(start..<end)
            case 1:
                bytes.insert(
                    contentsOf: bytes[start..<end], at: Int.random(in: 0...bytes.count, using: &random))
            case 2: bytes.insert(UInt8.random(in: 0...255, using: &random), at: start)
            default:
                bytes.insert(
                    contentsOf: (MutationTests.pieces.randomElement(using: &random) ?? "").utf8, at: start)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static var events: [[Field: FieldValue]] {
        [
            [:],
            [
                .processName: "abc", .processArgs: ["-x", "", "éy\u{2026}"], .userID: 5, .processPID: 7,
                .processCommandLine: .text([0xff, 0x61, 0xf0, 0x9f]), .destinationIP: ["10.0.0.1", "::1"],
                .processStart: 1, .parentEntityID: .identity(1, 2),
            ],
            [
                .processName: .unknown, .processArgs: .cut("a", "b"), .processCommandLine: .unknown,
                .processExecutable: .untrusted("/a", "b", "/c"), .destinationIP: .unknown, .userID: .unknown,
            ],
        ]
    }

    @Test("are compiled or refused at a place inside the text", arguments: 0..<4)
    func mutations(seed: UInt64) {
        var random = SplitMix(seed: seed &+ 1_000)
        var accepted = 0
        for _ in 0..<400 {
            let text = mutated(&random)
            let role: Query.Role = Bool.random(using: &random) ? .rule : .exception
            do throws(EQLError) {
                let query = try Query.compile(text, role: role)
                accepted += 1
                for event in MutationTests.events {
                    for stage in query.stages { _ = stage.accepts(event) }
                }
            } catch {
                let length = text.utf8.count
                #expect(
                    error.range.start >= 0 && error.range.start <= error.range.end
                        && error.range.end <= length)
                let rendered = error.rendered(in: text, file: "query")
                #expect(rendered.hasPrefix("query:") && !error.message.isEmpty)
            }
        }
        #expect(accepted > 0)
    }
}
