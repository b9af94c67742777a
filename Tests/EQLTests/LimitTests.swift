import EQL
import Testing

@Suite("Limits")
struct LimitTests {
    private static func list(_ count: Int) -> String {
        (0..<count).map { "\"v\($0)\"" }.joined(separator: ", ")
    }

    @Test("the length of a query is limited")
    func length() {
        let room = Limits.queryLength - "any where true".utf8.count
        #expect(refusal("any where true" + String(repeating: " ", count: room)) == nil)
        let error = refusal(String(repeating: "é", count: 500_000))
        #expect(error?.reason == .queryTooLong(bytes: 1_000_000, limit: Limits.queryLength))
    }

    @Test("depth is limited")
    func depth() {
        func nested(_ depth: Int) -> String {
            "any where " + String(repeating: "(", count: depth) + "true"
                + String(repeating: ")", count: depth)
        }
        #expect(refusal(nested(Limits.depth - 1)) == nil)
        let error = refusal(nested(Limits.depth))
        #expect(error?.reason == .nestedTooDeeply(limit: Limits.depth))
        #expect(error?.range.start == "any where ".count + Limits.depth)
    }

    @Test(
        "lists are limited",
        arguments: ["process.name in (⟦⟧)", "process.name : (⟦⟧)", "process.name regex (⟦⟧)"])
    func lists(condition: String) {
        func query(_ count: Int) -> String {
            "any where " + condition.replacing("⟦⟧", with: LimitTests.list(count))
        }
        // thousands of automata take seconds to build
        if !condition.contains("regex") { #expect(refusal(query(Limits.listLength)) == nil) }
        #expect(refusal(query(Limits.listLength + 1))?.reason == .listTooLong(limit: Limits.listLength))
    }

    @Test("patterns are limited, text is not")
    func patterns() {
        let text = String(repeating: "a", count: Limits.patternLength + 1)
        let reason = EQLError.Reason.patternTooLong(bytes: text.count, limit: Limits.patternLength)
        #expect(refusal("any where process.name : \"\(text)\"")?.reason == reason)
        #expect(refusal("any where process.name regex \"\(text)\"")?.reason == reason)
        #expect(refusal("any where process.name : \"\(text.dropLast())\"") == nil)
        #expect(refusal("any where process.name == \"\(text)\"") == nil)
    }

    @Test("conditions are limited")
    func conditions() {
        func query(_ count: Int) -> String {
            "any where " + Array(repeating: "true", count: count).joined(separator: " or ")
        }
        #expect(refusal(query(Limits.conditions)) == nil)
        #expect(refusal(query(Limits.conditions + 1))?.reason == .tooManyConditions(limit: Limits.conditions))
    }

    @Test("stages are limited, runs written out")
    func stages() {
        let item = "[any where true]"
        func query(_ count: Int) -> String { "sequence " + String(repeating: item, count: count) }
        #expect(refusal(query(Limits.stages)) == nil)
        #expect(refusal(query(Limits.stages + 1))?.reason == .tooManyStages(limit: Limits.stages))
        let runs = "sequence " + String(repeating: item + " with runs=100 ", count: 3)
        #expect(refusal(runs)?.reason == .tooManyStages(limit: Limits.stages))
    }

    @Test("keys are limited")
    func keys() {
        func query(_ count: Int) -> String {
            let keys = Array(repeating: "host.id", count: count).joined(separator: ", ")
            return "sequence by \(keys) [any where true] [any where true]"
        }
        #expect(refusal(query(Limits.keys)) == nil)
        #expect(refusal(query(Limits.keys + 1))?.reason == .tooManyKeys(limit: Limits.keys))
        let both =
            "sequence by host.id [any where true] by \(Array(repeating: "host.id", count: 16).joined(separator: ", ")) [any where true]"
        #expect(refusal(both) != nil)
    }

    @Test("fields in one test on a result are limited")
    func fields() {
        let names = [
            "process.name", "process.executable", "process.command_line", "process.working_directory",
            "process.parent.name", "process.parent.executable", "process.parent.command_line",
            "process.parent.working_directory", "host.name",
        ]
        func query(_ count: Int) -> String {
            "any where concat(\(names.prefix(count).joined(separator: ", "))) == \"x\""
        }
        #expect(refusal(query(Limits.fieldsPerCall)) == nil)
        #expect(
            refusal(query(Limits.fieldsPerCall + 1))?.reason
                == .tooManyFieldsInCall(limit: Limits.fieldsPerCall))
    }

    @Test("states of regular expressions are limited")
    func regexStates() {
        func reason(_ pattern: String) -> EQLError.Reason? {
            refusal("any where process.name regex \"\(pattern)\"")?.reason
        }
        let tooMany = EQLError.Reason.regex(.tooManyStates(limit: Limits.regexStates))
        #expect(reason("a{\(Limits.regexStates)}") == nil)
        #expect(reason("a{\(Limits.regexStates + 1)}") == tooMany)
        #expect(reason("((a{99}){99}){99}") == tooMany)
        #expect(reason("a{100000}") == .regex(.invalidRepetition))
        #expect(reason("~(.*a.{20})") == tooMany)
        #expect(reason(String(repeating: "(", count: 200)) == .regex(.nestedTooDeeply(limit: Limits.depth)))
        #expect(
            reason("a" + String(repeating: "?", count: 200)) == .regex(.nestedTooDeeply(limit: Limits.depth)))
        #expect(
            reason(String(repeating: "~", count: 200) + "a") == .regex(.nestedTooDeeply(limit: Limits.depth)))
    }
}
