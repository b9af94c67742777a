import EQL
import Events
import Testing

@Suite("Diagnostics")
struct DiagnosticsTests {
    private func rendered(_ query: String, firstLine: Int = 1) -> String? {
        refusal(query)?.rendered(in: query, file: "rule.eql", firstLine: firstLine)
    }

    @Test("show the place, the reason, the line and a caret")
    func caret() {
        #expect(
            rendered("process where\n  process.nam : \"curl\"") == """
                rule.eql:2:3: error: unknown field “process.nam”; did you mean “process.name”?
                  process.nam : "curl"
                  ^~~~~~~~~~~
                """)
        #expect(
            rendered("process where process.name = 1", firstLine: 40) == """
                rule.eql:40:28: error: “=” compares nothing; use “==”, or “:” to ignore case
                process where process.name = 1
                                           ^
                """)
    }

    @Test("count characters, keep tabs and survive the end of the text")
    func positions() {
        #expect(
            rendered("any where\tprocess.name == \"é\" = 1") == """
                rule.eql:1:31: error: “=” compares nothing; use “==”, or “:” to ignore case
                any where\tprocess.name == "é" = 1
                         \t                    ^
                """)
        #expect(
            rendered("any where (\r\ntrue")?.hasSuffix(
                "2:5: error: expected “and”, “or” or “)”, found the end of the query\ntrue\n    ^") == true)
        #expect(rendered("")?.hasPrefix("rule.eql:1:1: error: the query is empty") == true)
    }

    @Test("print no control characters and no endless lines")
    func control() {
        let text = rendered("any where \u{1b}[31m")
        #expect(text?.contains("\u{1b}") == false)
        #expect(text?.contains("U+001B") == true)
        let long = rendered("any where " + String(repeating: "(", count: 5_000)) ?? ""
        #expect(long.utf8.count < 500)
    }

    @Test("give line and column")
    func lineAndColumn() {
        let query = "any where true\n and é"
        #expect(refusal(query)?.position(in: query) == SourcePosition(20, in: query))
        let position = SourcePosition(20, in: query)
        #expect(position.line == 2 && position.column == 6)
    }

    @Test(
        "say of names that only alerts have what they are",
        arguments: ["imdswatch.endpoint", "imdswatch.ancestry.executable", "rule.name", "threat.tactic.id"])
    func namesOfAlerts(name: String) throws {
        let text = try #require(refusal("any where \(name) == 1")).message
        #expect(text == "unknown field “\(name)”: alerts have it, the events that rules see do not")
        let other = try #require(refusal("any where imdswatch.endpoints == 1")).message
        #expect(!other.contains("alerts have it"))
    }

    @Test(
        "know what other languages call a field",
        arguments: [
            ("process.exe", "process.executable"), ("process.ppid", "process.parent.pid"),
            ("process.CmdLine", "process.command_line"), ("process.cwd", "process.working_directory"),
            ("dst.ip", "destination.ip"), ("process.nam", "process.name"),
        ])
    func otherNames(name: String, field: String) throws {
        let text = try #require(refusal("any where \(name) == 1")).message
        #expect(text == "unknown field “\(name)”; did you mean “\(field)”?")
        #expect(Field(name: field)?.info.isLive == true)
    }

    @Test(
        "say what the sensor does not watch",
        arguments: ["file.path", "dns.question.name", "http.request.zq"])
    func unwatched(name: String) throws {
        let text = try #require(refusal("any where \(name) == \"a\"")).message
        #expect(text.hasSuffix("?\(name) is a field that is always missing"))
        #expect(text.contains("outgoing TCP connections"))
    }
}
