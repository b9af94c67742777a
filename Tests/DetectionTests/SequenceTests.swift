@testable import Detection
import EQL
import Events
import Fixtures
import Testing

@Suite("Sequences")
struct SequenceTests {
    /// One line: query, events, numbers of the events of each match.
    struct Example: CustomTestStringConvertible, Sendable {
        let query: String
        let events: String
        let matches: [[Int]]
        var flush = false

        var testDescription: String { "\(query) over \(events)" }
    }

    static let plain = [
        Example(query: "[A] [B]", events: "A1 B2", matches: [[1, 2]]),
        Example(query: "[A] [B]", events: "B1 A2", matches: []),
        Example(query: "[A] [B]", events: "A1 C2 B3", matches: [[1, 3]]),
        // a newer event at a stage replaces the older; advancing consumes
        Example(query: "[A] [B]", events: "A1 A2 B3 B4", matches: [[2, 3]]),
        Example(query: "[A] [B]", events: "A1 B2 B3", matches: [[1, 2]]),
        Example(query: "[A] [B] [C]", events: "A1 B2 B4 C5", matches: [[1, 2, 5]]),
        Example(query: "[A] [B] [C]", events: "A1 B2 A3 C4 B5 C6", matches: [[1, 2, 4], [3, 5, 6]]),
        Example(query: "[A] [B] [C]", events: "A1 A2 B3 B4 C5 C6", matches: [[2, 3, 5]]),
        Example(query: "[A] [B] [C]", events: "A1 B2 A3 B4 C5", matches: [[3, 4, 5]]),
        Example(query: "[A] [B] [C]", events: "A1 C2 B3 C4", matches: [[1, 3, 4]]),
        // one event is never two stages of one match, but may end and begin
        Example(query: "[A] [A]", events: "A1 A2 A3", matches: [[1, 2], [2, 3]]),
        Example(query: "[A] [A]", events: "A1", matches: []),
        Example(query: "[A] [B]", events: "AB1", matches: []),
        Example(query: "[A] [B]", events: "A1 AB2 B3", matches: [[1, 2], [2, 3]]),
        Example(query: "[A] [B] [C]", events: "A1 BC2", matches: []),
        Example(query: "[A] [B] [C]", events: "A1 BC2 C3", matches: [[1, 2, 3]]),
        // equal times advance; an earlier time does not, and stays processed
        Example(query: "[A] [B]", events: "A1@5 B2@5", matches: [[1, 2]]),
        Example(query: "[A] [B]", events: "A1@5 B2@4", matches: []),
        Example(query: "[A] [B]", events: "A1@5 B2@4 B3@6", matches: [[1, 3]]),
        Example(query: "[A] [B]", events: "C1@9 A2@5 B3@6", matches: [[2, 3]]),
        Example(query: "[A] [B]", events: "A1@5 A2@4 B3@4", matches: [[2, 3]]),
    ]

    static let spans = [
        // inclusive, from the first event
        Example(query: "with maxspan=3s [A] [B]", events: "A1 B4", matches: [[1, 4]]),
        Example(query: "with maxspan=3s [A] [B]", events: "A1 B5", matches: []),
        Example(query: "with maxspan=3s [A] [B] [C]", events: "A1 B3 C4", matches: [[1, 3, 4]]),
        Example(query: "with maxspan=3s [A] [B] [C]", events: "A1 B3 C5", matches: []),
        // an attempt that is too late discards, so a late event finds nothing
        Example(query: "with maxspan=3s [A] [B]", events: "A1 B9 B10@2", matches: []),
        Example(query: "with maxspan=3s [A] [B]", events: "A1 C9 B10@2", matches: [[1, 10]]),
        Example(query: "with maxspan=3s [A] [B]", events: "A1 A8 B9", matches: [[8, 9]]),
        Example(query: "with maxspan=500ms [A] [B]", events: "A1 B2@1 A3 B4", matches: [[1, 2]]),
    ]

    static let keys = [
        Example(query: "by user.name [A] [B]", events: "A1/x B2/y B3/x", matches: [[1, 3]]),
        Example(query: "by user.name [A] [B]", events: "A1/x B2/X", matches: []),
        Example(
            query: "by user.name [A] [B]", events: "A1/x A2/y B3/x B4/y", matches: [[1, 3], [2, 4]]),
        // an event without a key takes no part
        Example(query: "by user.name [A] [B]", events: "A1/- B2/-", matches: []),
        Example(query: "by user.name [A] [B]", events: "A1/x A2/- B3/x", matches: [[1, 3]]),
        Example(query: "by ?user.name [A] [B]", events: "A1/- B2/-", matches: [[1, 2]]),
        Example(query: "by ?user.name [A] [B]", events: "A1/- B2/x", matches: []),
        Example(query: "by ?user.name [A] [B]", events: "A1/- B2/ B3/-", matches: [[1, 3]]),
        // keys of their own pair by position, behind the common ones
        Example(
            query: "by user.name [A] by process.pid [B] by process.pid", events: "A1/x B2/x", matches: []),
        Example(query: "[A] by user.name [B] by user.name", events: "A1/x B2/x", matches: [[1, 2]]),
        Example(query: "[A] by user.name [B] by process.name", events: "A1/B B2/x", matches: [[1, 2]]),
    ]

    static let runs = [
        Example(query: "[A] with runs=3 [B]", events: "A1 A2 A3 B4", matches: [[1, 2, 3, 4]]),
        Example(query: "[A] with runs=3 [B]", events: "A1 A2 B3", matches: []),
        Example(
            query: "[A] with runs=2 [A]", events: "A1 A2 A3 A4", matches: [[1, 2, 3], [2, 3, 4]]),
        Example(query: "[A] [B] with runs=2", events: "A1 B2 B3 B4", matches: [[1, 2, 3]]),
        Example(query: "[A] with runs=3", events: "A1 A2 A3 A4", matches: [[1, 2, 3], [2, 3, 4]]),
        Example(query: "with maxspan=2s [A] with runs=3", events: "A1 A2 A4 A5 A6", matches: [[4, 5, 6]]),
    ]

    static let until = [
        Example(query: "[A] [B] until [U]", events: "A1 U2 B3", matches: []),
        Example(query: "[A] [B] until [U]", events: "U1 A2 B3", matches: [[2, 3]]),
        Example(query: "[A] [B] [C] until [U]", events: "A1 B2 U3 C4", matches: []),
        // after the stages: what it completes is complete, what it opens is gone
        Example(query: "[A] [B] until [U]", events: "A1 BU2", matches: [[1, 2]]),
        Example(query: "[A] [B] until [U]", events: "AU1 B2", matches: []),
        Example(query: "[A] [B] [C] until [U]", events: "A1 BU2 C3", matches: []),
        Example(query: "[A] [B] until [U]", events: "A1 AU2 B3", matches: []),
        Example(query: "by user.name [A] [B] until [U]", events: "A1/x U2/y B3/x", matches: [[1, 3]]),
        Example(query: "by user.name [A] [B] until [U]", events: "A1/x U2/x B3/x", matches: []),
        Example(query: "by user.name [A] [B] until [U]", events: "A1/x U2/- B3/x", matches: [[1, 3]]),
        // earlier than what is pending: not between
        Example(query: "[A] [B] until [U]", events: "A5 U6@4 B7", matches: [[5, 7]]),
    ]

    static let missing = [
        Example(query: "with maxspan=9s [A] ![M] [B]", events: "A1 B2", matches: [[1, 2]]),
        Example(query: "with maxspan=9s [A] ![M] [B]", events: "A1 M2 B3", matches: []),
        Example(query: "with maxspan=9s [A] ![M] [B]", events: "M1 A2 B3 M4", matches: [[2, 3]]),
        // strictly between: the events of the match themselves do not count
        Example(query: "with maxspan=9s [A] ![M] [B]", events: "AM1 B2", matches: [[1, 2]]),
        Example(query: "with maxspan=9s [A] ![M] [B]", events: "A1 BM2", matches: [[1, 2]]),
        Example(query: "with maxspan=9s [A] ![M] [B]", events: "A1 M2@1 B3@1", matches: []),
        Example(query: "with maxspan=9s [A] ![M] [B]", events: "A1 M2 A3 B4", matches: [[3, 4]]),
        Example(
            query: "by user.name with maxspan=9s [A] ![M] [B]", events: "A1/x M2/y B3/x",
            matches: [[1, 3]]),
        Example(query: "with maxspan=9s [A] ![M] ![N] [B]", events: "A1 N2 B3", matches: []),
        Example(
            query: "with maxspan=9s [A] ![M] [B] ![N] [C]", events: "A1 N2 B3 M4 C5", matches: [[1, 3, 5]]),
        // decided at the end: what was replaced meanwhile does not come back
        Example(query: "with maxspan=20s [A] ![M] [B] [C]", events: "A1 B2 A3 M4 B5 C6", matches: []),
        // before the first, in the span before it
        Example(query: "with maxspan=3s ![M] [A] [B]", events: "A1 B2", matches: [[1, 2]]),
        Example(query: "with maxspan=3s ![M] [A] [B]", events: "M1 A2 B3", matches: []),
        Example(query: "with maxspan=3s ![M] [A] [B]", events: "M1 A4 B5", matches: []),
        Example(query: "with maxspan=3s ![M] [A] [B]", events: "M1 A5 B6", matches: [[5, 6]]),
        Example(query: "with maxspan=3s ![M] [A] [B]", events: "A1 M2 B3", matches: [[1, 3]]),
        Example(query: "with maxspan=3s ![M] [A] [B]", events: "AM1 B2", matches: [[1, 2]]),
        Example(query: "with maxspan=3s ![M] [A]", events: "A1 M2 A3 A6", matches: [[1], [6]]),
        Example(
            query: "by user.name with maxspan=3s ![M] [A]", events: "M1/x A2/y A3/x", matches: [[2]]),
        // after the last: told when the span has passed
        Example(query: "with maxspan=3s [A] ![M]", events: "A1", matches: []),
        Example(query: "with maxspan=3s [A] ![M]", events: "A1", matches: [[1]], flush: true),
        Example(query: "with maxspan=3s [A] ![M]", events: "A1 C4", matches: []),
        Example(query: "with maxspan=3s [A] ![M]", events: "A1 C5", matches: [[1]]),
        Example(query: "with maxspan=3s [A] ![M]", events: "A1 M4 C5", matches: []),
        Example(query: "with maxspan=3s [A] ![M]", events: "A1 M5", matches: [[1]]),
        Example(query: "with maxspan=3s [A] ![M]", events: "AM1 C5", matches: [[1]]),
        Example(query: "with maxspan=3s [A] ![M]", events: "A1 A2 C9", matches: [[1], [2]]),
        Example(query: "with maxspan=3s [A] ![M]", events: "A1 M2 A3 C9", matches: [[3]]),
        Example(query: "with maxspan=3s [A] [B] ![M]", events: "A1 M2 B3 C9", matches: [[1, 3]]),
        Example(query: "with maxspan=3s [A] [B] ![M]", events: "A1 B3 M4 C9", matches: []),
        Example(
            query: "by user.name with maxspan=3s [A] ![M]", events: "A1/x A2/y M3/x C9",
            matches: [[2]]),
        Example(query: "with maxspan=3s [A] ![M] until [U]", events: "A1 U2 C9", matches: [[1]]),
    ]

    @Test("advance, replace and complete", arguments: plain + spans + keys + runs + until + missing)
    func examples(_ example: Example) throws {
        let rule = try makeRule("sequence \(example.query)")
        #expect(run([rule], Item.items(example.events), flush: example.flush) == example.matches)
    }

    @Test("give the same matches whatever other rules are loaded")
    func together() throws {
        let examples = (Self.plain + Self.keys + Self.until).filter { !$0.flush }
        let rules = try examples.map { try makeRule("sequence \($0.query)", id: $0.query) }
        for (index, example) in examples.enumerated() {
            var engine = DetectionEngine(rules: RuleSet(rules), limits: .exact)
            var collector = Collector()
            var event = Event()
            for item in Item.items(example.events) {
                item.fill(&event)
                engine.process(event, into: &collector)
            }
            let own = zip(collector.rules, collector.numbers).filter { $0.0 == index }.map(\.1)
            #expect(own == example.matches, "\(example.testDescription)")
        }
    }

    @Test("are told by the clock when a trailing event stays away")
    func clock() throws {
        let rule = try makeRule("sequence with maxspan=3s [A] ![M]")
        var engine = DetectionEngine(rules: RuleSet([rule]))
        var collector = Collector()
        var event = Event()
        Item("A1").fill(&event)
        engine.process(event, into: &collector)
        engine.advance(to: 4_000_000_000, into: &collector)
        #expect(collector.numbers.isEmpty)
        engine.advance(to: 4_000_000_001, into: &collector)
        #expect(collector.numbers == [[1]])
        engine.flush(into: &collector)
        #expect(collector.numbers == [[1]])
        #expect(engine.pendingCount == 0)
    }

    @Test("hand out the events as they were")
    func images() throws {
        let rule = try makeRule("sequence by user.name [A] [B]")
        var engine = DetectionEngine(rules: RuleSet([rule]))
        var collector = Collector()
        var event = Event()
        Item("A1/x").fill(&event)
        // several blocks long
        let long = String(repeating: "argument ", count: 500)
        event.set(.processCommandLine, .text(Array(long.utf8)))
        engine.process(event, into: &collector)
        Item("B2/x").fill(&event)
        engine.process(event, into: &collector)
        let matched = try #require(collector.events.first)
        #expect(matched.count == 2)
        #expect(matched[0].firstText(.processCommandLine).map(Array.init) == Array(long.utf8))
        #expect(matched[0].firstText(.processName).map(Array.init) == Array("A".utf8))
        #expect(matched[1].firstText(.processName).map(Array.init) == Array("B".utf8))
        #expect(!matched[1].has(.processCommandLine))
        #expect(engine.pendingBytes == 0)
    }

    @Test("count events whose key is null or unknown")
    func keyCounters() throws {
        let rule = try makeRule("sequence by user.name [A] [B]")
        var engine = DetectionEngine(rules: RuleSet([rule]))
        var collector = Collector()
        var event = Event()
        for text in ["A1/-", "B2/-", "C3/-"] {
            Item(text[...]).fill(&event)
            engine.process(event, into: &collector)
        }
        Item("A4").fill(&event)
        event.set(.userName, .unknown)
        engine.process(event, into: &collector)
        #expect(engine.ruleCounters == [RuleCounters(matches: 0, nullKeys: 2, unknownKeys: 1)])
        #expect(engine.pendingCount == 0)
    }

    @Test("count events that come late, and process them")
    func late() throws {
        let rule = try makeRule("sequence [A] [B]")
        var engine = DetectionEngine(rules: RuleSet([rule]))
        var collector = Collector()
        var event = Event()
        for item in Item.items("A1@5 C2@4 C3@4 B4@6") {
            item.fill(&event)
            engine.process(event, into: &collector)
        }
        #expect(engine.counters.lateEvents == 1)
        #expect(engine.counters.events == 4)
        #expect(collector.numbers == [[1, 4]])
    }

    @Test(
        "say which events can be evidence",
        arguments: [
            ("[A] [B]", "A1 B2 B3 C4", [1, 2]),
            ("[A] [B]", "B1 A2 B3 B4", [2, 3]),
            ("by user.name [A] [B]", "A1/x B2/y B3/x B4/- B5/x", [1, 3]),
            ("[A] [B] [C]", "A1 C2 B3 B4 C5", [1, 3, 5]),
            ("[A] [B] until [M]", "A1 M2 B3", [1]),
        ])
    func evidence(query: String, events: String, expected: [Int]) throws {
        var engine = DetectionEngine(rules: RuleSet([try makeRule("sequence \(query)")]))
        var collector = Collector()
        var event = Event()
        var evidence: [Int] = []
        for item in Item.items(events) {
            item.fill(&event)
            if engine.examine(event, into: &collector) != nil { evidence.append(item.number) }
            engine.apply(event, into: &collector)
        }
        #expect(evidence == expected)
    }

    @Test("say so of every event that they tell of", arguments: plain + spans + keys + runs + until + missing)
    func evidenceOfMatches(_ example: Example) throws {
        var engine = DetectionEngine(
            rules: RuleSet([try makeRule("sequence \(example.query)")]), limits: .exact)
        var collector = Collector()
        var event = Event()
        var evidence: Set<Int> = []
        for item in Item.items(example.events) {
            item.fill(&event)
            if engine.examine(event, into: &collector) != nil { evidence.insert(item.number) }
            engine.apply(event, into: &collector)
        }
        #expect(Set(collector.numbers.joined()).isSubset(of: evidence))
    }

    @Test(
        "say for how long a match may need an event",
        arguments: [
            ("process where true", [Prospect(span: 0)]),
            (
                "sequence with maxspan=5s [process where true] [network where true]",
                [Prospect(span: 5_000_000_000), Prospect(span: 0)]
            ),
            (
                "sequence [process where true] [network where true]",
                [Prospect(span: .max), Prospect(span: 0)]
            ),
            (
                "sequence with maxspan=2s [process where true] [network where true] ![file where true]",
                [
                    Prospect(span: 2_000_000_000),
                    Prospect(span: 2_000_000_000),
                ]
            ),
        ])
    func prospects(text: String, expected: [Prospect]) throws {
        let rule = Rule(id: "r", name: "r", text: text, query: try Query.compile(text, source: .documents))
        var engine = DetectionEngine(rules: RuleSet([rule]))
        var collector = Collector()
        for (index, wanted) in expected.enumerated() {
            let event = Event.made(index == 0 ? .exec : .connect, at: Int64(index + 1), [:])
            #expect(engine.examine(event, into: &collector) == wanted)
            engine.apply(event, into: &collector)
        }
    }
}
