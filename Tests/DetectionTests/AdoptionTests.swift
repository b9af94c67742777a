import Detection
import EQL
import Events
import Fixtures
import Testing

@Suite("An engine that goes on for another")
struct AdoptionTests {
    /// Numbers of the events of each match, where the rules are replaced before the event of an index.
    private func run(
        _ rules: [Rule], thenAt change: Int, _ others: [Rule], _ items: [Item]
    ) -> (numbers: [[Int]], counters: DetectionCounters, rules: [RuleCounters]) {
        var engine = DetectionEngine(rules: RuleSet(rules), limits: .exact)
        var collector = Collector()
        var event = Event()
        for (index, item) in items.enumerated() {
            if index == change {
                var next = DetectionEngine(rules: RuleSet(others), limits: .exact)
                next.adopt(engine)
                engine = next
            }
            item.fill(&event)
            engine.process(event, into: &collector)
        }
        engine.flush(into: &collector)
        return (collector.numbers, engine.counters, engine.ruleCounters)
    }

    private static let sequences = [
        "sequence by user.name with maxspan=5s [A] [B]",
        "sequence by user.name [A] [B] [C] until [D]",
        "sequence by user.name with maxspan=4s [A] ![B] [C]",
        "sequence by user.name with maxspan=4s ![D] [A] [B]",
        "sequence by user.name with maxspan=3s [A] [B] ![C]",
        "sequence with maxspan=9s [A] [A] [B]",
    ]

    @Test("finds what one engine finds, wherever the rules are loaded anew", arguments: sequences)
    func everywhere(sequence: String) throws {
        let rule = try makeRule(sequence)
        let other = try makeRule("sequence by user.name [C] [A]", id: "other")
        var generator = SplitMixer(state: 7)
        for _ in 0..<60 {
            let items = (1...10).map { number in
                Item(
                    letters: String("ABCD".randomElement(using: &generator) ?? "A"), number: number,
                    seconds: number, key: Bool.random(using: &generator) ? "k" : "l")
            }
            let whole = run([rule], thenAt: .max, [], items)
            for change in items.indices {
                let parted = run([rule], thenAt: change, [rule], items)
                #expect(parted.numbers == whole.numbers, "\(items), changed at \(change)")
                #expect(parted.counters == whole.counters)
                #expect(parted.rules.map(\.matches) == whole.rules.map(\.matches))
                // another place among other rules
                let moved = run([rule], thenAt: change, [other, rule], items)
                let others = run([other], thenAt: .max, [], Array(items[change...])).numbers
                #expect(Set(moved.numbers) == Set(whole.numbers + others))
                #expect(moved.counters.sequenceEvicted == 0)
            }
        }
    }

    @Test("drops what is pending of rules that changed or are gone")
    func changed() throws {
        let old = try makeRule("sequence by user.name [A] [B]")
        let new = try makeRule("sequence by user.name [A] [B] [C]")
        let items = Item.items("A1 B2 C3")
        #expect(run([old], thenAt: 1, [old], items).numbers == [[1, 2]])
        let changed = run([old], thenAt: 1, [new], items)
        #expect(changed.numbers.isEmpty && changed.counters.sequenceEvicted == 0)
        #expect(run([old], thenAt: 1, [], items).numbers.isEmpty)
    }

    @Test("counts as lost what cannot go on because keys are made otherwise")
    func keys() throws {
        func rule(_ text: String, id: String) throws -> Rule {
            Rule(id: id, name: id, text: text, query: try Query.compile(text))
        }
        let plain = try rule(
            """
            sequence by process.entity_id
              [any where process.name == "A"] [any where process.name == "B"]
            """, id: "plain")
        // an identity that is compared with a text
        let texts = try rule(
            """
            sequence [any where process.name == "A"] by process.entity_id
              [any where process.name == "B"] by user.name
            """, id: "texts")
        var engine = DetectionEngine(rules: RuleSet([plain]))
        var collector = Collector()
        var event = Event()
        Item("A1").fill(&event)
        event.set(.processEntityID, identity: ProcessIdentity(pid: 1, start: 2))
        engine.process(event, into: &collector)
        #expect(engine.pendingCount == 1)
        var next = DetectionEngine(rules: RuleSet([plain, texts]))
        next.adopt(engine)
        #expect(next.pendingCount == 0)
        #expect(next.counters.sequenceEvicted == 1)
    }

    @Test("time that passes without events drops what has expired")
    func expired() throws {
        let rule = try makeRule("sequence by user.name with maxspan=1s [A] [B]")
        var engine = DetectionEngine(rules: RuleSet([rule]))
        var collector = Collector()
        var event = Event()
        Item("A1").fill(&event)
        engine.process(event, into: &collector)
        engine.advance(to: 3_000_000_000, into: &collector)
        #expect(engine.pendingCount == 1, "an event may come late")
        engine.advance(to: 5_000_000_000, into: &collector)
        #expect(engine.pendingCount == 0)
    }
}
