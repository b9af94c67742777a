@testable import Detection
import EQL
import Events
import Fixtures
import Testing

/// Asks exceptions about each match.
private struct ExceptionSink: MatchSink, ~Copyable {
    var exceptions: ExceptionSet
    var found: [Int?] = []
    var now: Int64 = 0

    init(_ exceptions: consuming ExceptionSet) { self.exceptions = exceptions }

    mutating func matched(_ match: borrowing Match) {
        found.append(exceptions.suppression(of: match, at: now))
    }
}

@Suite("Exceptions")
struct ExceptionTests {
    private func exception(
        _ text: String, expires: Int64? = nil, rules: [String] = []
    ) throws -> Exception {
        Exception(
            name: text, reason: "test", expires: expires, rules: rules, text: text,
            query: try Query.compile(text, role: .exception))
    }

    private func match(_ rule: Rule, _ items: String, _ sink: inout ExceptionSink) {
        var engine = DetectionEngine(rules: RuleSet([rule]))
        var event = Event()
        for item in Item.items(items) {
            item.fill(&event)
            engine.process(event, into: &sink)
        }
    }

    @Test("hold for any event of a match")
    func anyEvent() throws {
        let rule = try makeRule("sequence [A] [B]")
        let exceptions = try [
            exception(#"any where process.pid == 99"#), exception(#"any where process.name == "A""#),
        ]
        var sink = ExceptionSink(ExceptionSet(exceptions, for: RuleSet([rule])))
        match(rule, "A1 B2", &sink)
        match(rule, "A1 B99", &sink)
        // the first exception that holds for the first event that it holds for
        #expect(sink.found == [1, 1])
        #expect(sink.exceptions.hits[1].suppressed == 2)
        #expect(sink.exceptions.hits[0].suppressed == 0)
    }

    @Test("hold until they expire")
    func expiry() throws {
        let rule = try makeRule("[A]".replacing("[A]", with: #"any where process.name == "A""#))
        let exceptions = try [exception("any where true", expires: 1_000)]
        var sink = ExceptionSink(ExceptionSet(exceptions, for: RuleSet([rule])))
        sink.now = 999
        match(rule, "A1", &sink)
        sink.now = 1_000
        match(rule, "A1", &sink)
        #expect(sink.found == [0, nil])
    }

    @Test("hold for the rules that they name")
    func rules() throws {
        let one = Rule(id: "one", name: "", text: "", query: try Query.compile("any where true"))
        let two = Rule(id: "two", name: "", text: "", query: try Query.compile("any where true"))
        let set = RuleSet([one, two])
        let exceptions = try [exception("any where true", rules: ["two", "three"])]
        var sink = ExceptionSink(ExceptionSet(exceptions, for: set))
        var engine = DetectionEngine(rules: set)
        engine.process(Event.made(), into: &sink)
        #expect(sink.found == [nil, 0])
        #expect(sink.exceptions.unknownRules(in: set).map(\.rule) == ["three"])
    }

    @Test("count events of foreign mount namespaces apart")
    func foreign() throws {
        let rule = Rule(id: "r", name: "", text: "", query: try Query.compile("any where true"))
        let set = RuleSet([rule])
        var sink = ExceptionSink(ExceptionSet(try [exception("any where true")], for: set))
        var engine = DetectionEngine(rules: set)
        engine.process(Event.made([.hostMountNamespace: false]), into: &sink)
        engine.process(Event.made([.hostMountNamespace: true]), into: &sink)
        engine.process(Event.made([.hostMountNamespace: .unknown]), into: &sink)
        engine.process(Event.made(), into: &sink)
        #expect(sink.exceptions.hits == [ExceptionSet.Hits(suppressed: 4, foreign: 1)])
    }
}

extension Event {
    fileprivate static func made(_ fields: [Field: FieldValue]) -> Event { made(.document, at: 0, fields) }
}
