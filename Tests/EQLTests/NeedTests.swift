import EQL
import Events
import Testing

@Suite("What a condition needs an event to show")
struct NeedTests {
    private func needs(_ condition: String) throws -> [String] {
        let query = try Query.compile("any where " + condition, source: .documents)
        return query.stages[0].needs.map { need in
            (need.field?.name ?? "any") + ": " + need.clues.map(\.text).sorted().joined(separator: " ")
        }.sorted()
    }

    @Test(
        "is derived from tests that must hold",
        arguments: [
            (#"process.name == "Curl""#, ["process.name: curl"]),
            (#"process.name in ("a", "b") and user.id == "0""#, ["process.name: a b"]),
            (
                #"process.executable : ("/tmp/*", "*/bin/x", "*169.254.169.254*")"#,
                ["process.executable: */bin/x *169.254.169.254* /tmp/*"]
            ),
            (#"process.name : "a" and not process.parent.name : "b""#, ["process.name: a"]),
            (
                #"not (process.name != "a" or process.parent.name != "b")"#,
                ["process.name: a", "process.parent.name: b"]
            ),
            (#"process.name : "a" or process.parent.name : "b""#, ["any: a b"]),
            (#"(process.name : "a" and process.pid == 1) or process.name : "b""#, ["process.name: a b"]),
            (#"destination.ip == "10.0.0.1""#, ["destination.ip: 10.0.0.1"]),
            (#"cidrMatch(destination.ip, "10.0.0.0/8")"#, []),
            (#"process.name : ("a", "*")"#, []),
            (#"process.name : "a" or process.pid == 1"#, []),
            (#"process.name != "a""#, []),
            (#"not process.name : "a""#, []),
            ("process.name == null", []),
            (#"length(process.name) == 3"#, []),
            (#"process.name : "a?cd*efghi?""#, ["process.name: *efghi*"]),
            ("false", ["any: "]),
        ])
    func derived(condition: String, expected: [String]) throws {
        #expect(try needs(condition) == expected)
    }
}
