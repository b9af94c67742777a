@testable import Detection
import EQL
import Events
import Fixtures
import Testing

@Suite("The index of conditions")
struct IndexTests {
    @Test("finds what trying every rule finds", arguments: 0..<24)
    func agrees(seed: UInt64) throws {
        var made = RandomConditions(random: SplitMixer(state: seed &+ 4_242))
        let rules = try (0..<(seed % 3 == 0 ? 150 : 40)).map { number in
            let text = made.query()
            return Rule(
                id: "\(number)", name: "", text: text, query: try Query.compile(text, source: .documents))
        }
        let set = RuleSet(rules)
        var indexed = DetectionEngine(rules: set, limits: .exact, unindexedSteps: 0)
        var plain = DetectionEngine(rules: set, limits: .exact, unindexedSteps: .max)
        var found = Collector()
        var expected = Collector()
        var total = 0
        for time in 1...60 {
            let event = made.event(at: Int64(time) * 1_000_000_000)
            let before = expected.rules.count
            let isHit = indexed.examine(event, into: &found)
            #expect(isHit == plain.examine(event, into: &expected))
            indexed.apply(event, into: &found)
            plain.apply(event, into: &expected)
            let (got, wanted) = (Array(found.rules[before...]), Array(expected.rules[before...]))
            #expect(
                got == wanted,
                "missed: \(wanted.filter { !got.contains($0) }.map { rules[$0].text })")
            guard got == wanted else { return }
            total += wanted.count
        }
        #expect(total > 60, "next to nothing matched")
        #expect(found.numbers == expected.numbers)
    }

    @Test("what an example settles changes nothing", arguments: 0..<12)
    func settled(seed: UInt64) throws {
        var made = RandomConditions(random: SplitMixer(state: seed &+ 777))
        let rules = try (0..<40).map { number in
            let text = made.query()
            return Rule(
                id: "\(number)", name: "", text: text, query: try Query.compile(text, source: .documents))
        }
        let set = RuleSet(rules)
        let unindexedSteps = seed % 2 == 0 ? 0 : Int.max
        var random = SplitMixer(state: seed)
        var (settled, hits, total) = (0, 0, 0)
        for time in 1...30 {
            let event = made.event(at: Int64(time) * 1_000_000_000)
            var example = Event()
            example.header.kind = event.header.kind
            var arena = ByteArena(capacity: 1024, limit: 1 << 20)
            let appended = event.appendImage(to: &arena)
            let range = try #require(appended)
            let isLoaded = example.load(image: arena.bytes.span.extracting(range))
            try #require(isLoaded)
            var fields = event.present
            while let field = fields.popFirst() { if random.next() % 3 == 0 { example.remove(field) } }
            settled += example.present.count

            var quick = DetectionEngine(rules: set, limits: .exact, unindexedSteps: unindexedSteps)
            var plain = DetectionEngine(rules: set, limits: .exact, unindexedSteps: unindexedSteps)
            quick.settle(by: example)
            var found = Collector()
            var expected = Collector()
            let isHit = quick.examine(event, into: &found)
            #expect(isHit == plain.examine(event, into: &expected))
            quick.apply(event, into: &found)
            plain.apply(event, into: &expected)
            #expect(found.rules == expected.rules)
            hits += expected.rules.count
            total += 1
        }
        #expect(settled > 2 * total && hits > total, "next to nothing was settled, or matched")
    }

    @Test("finds what trying every one of 400 rules of public shapes finds, trying few")
    func realistic() throws {
        let rules = try RuleMix.queries(400).map {
            Rule(id: $0, name: "", text: $0, query: try Query.compile($0))
        }
        let set = RuleSet(rules)
        var indexed = DetectionEngine(rules: set, limits: .exact, unindexedSteps: 0)
        var plain = DetectionEngine(rules: set, limits: .exact, unindexedSteps: .max)
        var found = Collector()
        var expected = Collector()
        let index = ConditionIndex(rules.map { $0.query.stages[0].needs })
        var bits = [UInt64](repeating: 0, count: index.scratchCount)
        var tried = 0
        for number in 0..<EventMix.count {
            var event = Event()
            EventMix.fill(&event, number)
            indexed.process(event, into: &found)
            plain.process(event, into: &expected)
            index.select(event, into: &bits)
            tried += bits[..<index.wordCount].reduce(0) { $0 + $1.nonzeroBitCount }
        }
        #expect(found.rules == expected.rules && found.numbers == expected.numbers)
        #expect(!expected.rules.isEmpty)
        #expect(tried < 30 * EventMix.count, "\(tried / EventMix.count) of 400 conditions tried an event")
    }
}
