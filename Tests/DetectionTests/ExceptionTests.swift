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

    mutating func matched(_ match: inout Match) {
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

    /// What an exception is for, and what happens beside it.
    struct Beside: Sendable, CustomTestStringConvertible {
        var rule: String
        var items: String
        var told: [[Int]]
        var suppressed: [[Int]]
        var flush = false

        var testDescription: String { "\(rule) over \(items)" }

        init(
            _ rule: String, _ items: String, told: [[Int]], suppressed: [[Int]], flush: Bool = false
        ) {
            self.rule = rule
            self.items = items
            self.told = told
            self.suppressed = suppressed
            self.flush = flush
        }
    }

    @Test(
        "take no pending match with them",
        arguments: [
            // the last event: what is pending stays, each match counts
            Beside("[A] [B]", "A1 BE2 B3 B4", told: [[1, 3]], suppressed: [[1, 2]]),
            Beside("[A] [B]", "A1 BE2 BE3 B4", told: [[1, 4]], suppressed: [[1, 2], [1, 3]]),
            Beside("with maxspan=2s [A] [B]", "A1 BE2 BE4 B3", told: [[1, 3]], suppressed: [[1, 2]]),
            // the first event: it does not take the place of another
            Beside("[A] [B]", "A1 AE2 B3", told: [[1, 3]], suppressed: []),
            Beside("[A] [B]", "A1 AE2 B3 B4", told: [[1, 3]], suppressed: [[2, 4]]),
            Beside("[A] [B]", "A1 AE2 BE3 B4", told: [[1, 4]], suppressed: [[2, 3]]),
            Beside("[A] [B]", "AE1 B2 B3", told: [], suppressed: [[1, 2]]),
            Beside("[A] [B]", "AE1 A2 B3", told: [[2, 3]], suppressed: []),
            // one between
            Beside("[A] [B] [C]", "A1 BE2 B3 C4", told: [[1, 3, 4]], suppressed: []),
            Beside("[A] [B] [C]", "A1 BE2 C3 B4 C5", told: [[1, 4, 5]], suppressed: [[1, 2, 3]]),
            Beside("[A] [B] [C]", "A1 B2 AE3 B4 C5", told: [[1, 2, 5]], suppressed: []),
            // equal stages
            Beside("[A] with runs=3", "A1 A2 AE3 A4", told: [[1, 2, 4]], suppressed: [[1, 2, 3]]),
            // events that must not be, and until, end what they end
            Beside("with maxspan=9s [A] ![C] [B]", "A1 C2 BE3 B4", told: [], suppressed: []),
            Beside("with maxspan=9s [A] ![C] [B]", "A1 BE2 C3 B4", told: [], suppressed: [[1, 2]]),
            Beside("with maxspan=9s [A] ![C] [B]", "A1 CE2 B3", told: [], suppressed: []),
            Beside(
                "with maxspan=9s [A] [B] ![C]", "A1 BE2 B3", told: [[1, 3]], suppressed: [[1, 2]],
                flush: true),
            Beside("with maxspan=9s [A] [B] ![C]", "A1 BE2 B3 C4", told: [], suppressed: [], flush: true),
            Beside(
                "with maxspan=9s ![C] [A] [B]", "A1 AE2 BE3 B4", told: [[1, 4]], suppressed: [[2, 3]]),
            Beside("[A] [B] until [U]", "A1 BEU2 B3", told: [], suppressed: [[1, 2]]),
            Beside("[A] [B] until [U]", "AE1 UE2 B3", told: [], suppressed: []),
        ])
    func beside(_ example: Beside) throws {
        let rule = try makeRule("sequence \(example.rule)")
        let found = try runExcepting(rule, Item.items(example.items), flush: example.flush)
        #expect(found.told == example.told)
        #expect(found.suppressed == example.suppressed)
    }

    @Test("leave no more behind than there is room for")
    func room() throws {
        var limits = DetectionLimits()
        limits.pendings = 2
        let rule = try makeRule("sequence by user.name [A] [B] [C]")
        let items = Item.items("A1/x A2/y BE3/x BE4/y AE5/z B6/x C7/x")
        let found = try runExcepting(rule, items, limits: limits)
        #expect(found.suppressed.isEmpty)
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

    @Test("go on counting where they are loaded anew and are the same")
    func keptHits() throws {
        let rule = Rule(id: "r", name: "", text: "", query: try Query.compile("any where true"))
        let set = RuleSet([rule])
        let first = try exception(#"any where process.name == "A""#, expires: 1_000)
        let second = try exception(#"any where process.name == "B""#)
        var sink = ExceptionSink(ExceptionSet([first, second], for: set))
        match(rule, "A1 B2 B3", &sink)

        var renewed = first
        renewed.expires = 2_000
        var narrowed = second
        narrowed.rules = ["r"]
        var after = ExceptionSet([second, narrowed, renewed, renewed], for: set)
        after.keepHits(of: sink.exceptions)
        #expect(after.hits.map(\.suppressed) == [2, 0, 1, 0])
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
