import Detection
import EQL
import Events
import Fixtures
import Testing

/// What a sequence means, spelled out without regard to cost: dictionaries,
/// copies, and missing events looked up in the whole history.
private struct Model {
    var stages: [(letter: Character, isMissing: Bool)]
    var until: Character?
    var maxspan: Int?

    private var positives: [Int] { stages.indices.filter { !stages[$0].isMissing } }

    func matches(_ items: [Item], flush: Bool) -> [[Int]] {
        var pending: [String: [Int: [Int]]] = [:]
        var complete: [(events: [Int], at: Int)] = []
        for (index, item) in items.enumerated() where item.key != "-" {
            for (order, stage) in positives.enumerated().reversed()
            where item.letters.contains(stages[stage].letter) && !item.isExcepted {
                if order == 0 {
                    if positives.count == 1 {
                        complete.append(([index], index))
                    } else {
                        pending[item.key, default: [:]][0] = [index]
                    }
                    continue
                }
                guard let before = pending[item.key]?[order - 1], let last = before.last,
                    item.seconds >= items[last].seconds
                else { continue }
                pending[item.key]?[order - 1] = nil
                if let maxspan, item.seconds - items[before[0]].seconds > maxspan { continue }
                if order == positives.count - 1 {
                    complete.append((before + [index], index))
                } else {
                    pending[item.key]?[order] = before + [index]
                }
            }
            if let until, item.letters.contains(until) {
                for (order, events) in pending[item.key] ?? [:]
                where events.last.map({ items[$0].seconds <= item.seconds }) ?? false {
                    pending[item.key]?[order] = nil
                }
            }
        }
        let valid = complete.filter { isFree($0.events, items, flush: flush) }
        guard stages.last?.isMissing == true, let maxspan else {
            return valid.map { $0.events.map { items[$0].number } }
        }
        // told in the order in which their spans end
        return valid.enumerated().sorted {
            let one = items[$0.element.events[0]].seconds + maxspan
            let other = items[$1.element.events[0]].seconds + maxspan
            return (one, $0.offset) < (other, $1.offset)
        }.map { $0.element.events.map { items[$0].number } }
    }

    /// Whether no missing event did occur where it must not.
    private func isFree(_ events: [Int], _ items: [Item], flush: Bool) -> Bool {
        let key = items[events[0]].key
        let start = items[events[0]].seconds
        for (stage, (letter, isMissing)) in stages.enumerated() where isMissing {
            let before = positives.lastIndex { $0 < stage }
            let after = positives.firstIndex { $0 > stage }
            for (index, item) in items.enumerated() where item.letters.contains(letter) && item.key == key {
                switch (before, after) {
                case (nil, _):
                    if index < events[0], item.seconds >= start - (maxspan ?? 0) { return false }
                case (let before?, let after?):
                    if index > events[before], index < events[after] { return false }
                case (let before?, nil):
                    if index > events[before], item.seconds <= start + (maxspan ?? 0) { return false }
                }
            }
        }
        if stages.last?.isMissing == true, !flush {
            return items.contains { $0.seconds > start + (maxspan ?? 0) }
        }
        return true
    }
}

@Suite("The sequence engine")
struct SequenceModelTests {
    @Test("agrees with a slow model on random sequences and events", arguments: 0..<40)
    func agrees(seed: Int) throws {
        var random = SplitMix(state: UInt64(seed) &+ 77)
        var total = 0
        for _ in 0..<25 {
            let hasMissing = Int.random(in: 0..<3, using: &random) == 0
            let query = Self.randomQuery(hasMissing: hasMissing, using: &random)
            let items = Self.randomItems(inOrder: hasMissing || Bool.random(using: &random), using: &random)
            let flush = Bool.random(using: &random)
            let rule = try makeRule(query.text)
            let found = run([rule], items, flush: flush)
            let expected = query.model.matches(items, flush: flush)
            // those that are told at the same moment have no order among them
            let isSame =
                query.model.stages.last?.isMissing == true
                ? found.sorted(by: Self.precedes) == expected.sorted(by: Self.precedes) : found == expected
            #expect(isSame, "\(query.text) over \(items): \(found), not \(expected)")
            if !isSame { return }
            total += expected.count
        }
        #expect(total > 5, "the events were such that next to nothing matched")
    }

    @Test(
        "tells with exceptions what the model does where excepted events are no stage",
        arguments: 0..<40)
    func exceptions(seed: Int) throws {
        var random = SplitMix(state: UInt64(seed) &+ 7_777)
        var total = 0
        for _ in 0..<25 {
            let hasMissing = Int.random(in: 0..<3, using: &random) == 0
            let query = Self.randomQuery(hasMissing: hasMissing, using: &random)
            var items = Self.randomItems(inOrder: hasMissing || Bool.random(using: &random), using: &random)
            for index in items.indices where Int.random(in: 0..<3, using: &random) == 0 {
                items[index].letters += "E"
            }
            let flush = Bool.random(using: &random)
            let found = try runExcepting(try makeRule(query.text), items, flush: flush)
            let expected = query.model.matches(items, flush: flush)
            let isSame =
                query.model.stages.last?.isMissing == true
                ? found.told.sorted(by: Self.precedes) == expected.sorted(by: Self.precedes)
                : found.told == expected
            #expect(isSame, "\(query.text) over \(items): \(found.told), not \(expected)")
            if !isSame { return }
            total += found.suppressed.count
        }
        #expect(total > 5, "next to nothing was held back")
    }

    @Test("keeps to its limits whatever comes", arguments: 0..<10)
    func bounded(seed: Int) throws {
        var random = SplitMix(state: UInt64(seed))
        var limits = DetectionLimits()
        limits.pendings = 8
        limits.bytes = 20 * 512
        limits.lateness = seed % 2 == 0 ? 0 : .max
        let rules = try [
            "sequence by user.name [A] [B] [C]", "sequence by user.name with maxspan=3s [A] [B] until [C]",
            "sequence by user.name with maxspan=2s [B] ![C]",
            "sequence by user.name with maxspan=2s ![A] [C]",
        ].enumerated().map { try makeRule($1, id: "\($0)") }
        var engine = DetectionEngine(rules: RuleSet(rules), limits: limits)
        var collector = Collector()
        var event = Event()
        for number in 1..<2_000 {
            let item = Item(
                letters: ["A", "B", "C", "AB", "BC"].randomElement(using: &random) ?? "A", number: number,
                seconds: number / 4, key: "\(Int.random(in: 0..<30, using: &random))")
            item.fill(&event)
            if number % 50 == 0 {
                event.set(.processCommandLine, .text([UInt8](repeating: 97, count: 6_000)))
            }
            if number % 333 == 0 {
                event.set(.processCommandLine, .text([UInt8](repeating: 97, count: 60_000)))
            }
            engine.process(event, into: &collector)
            #expect(engine.pendingCount <= 8)
            #expect(engine.pendingBytes <= 20 * 512)
        }
        #expect(engine.counters.sequenceEvicted > 0)
        #expect(engine.counters.matches == UInt64(collector.numbers.count))
        #expect(collector.numbers.allSatisfy { $0 == $0.sorted() })
    }

    @Test("evicts the oldest of the rule that holds most, and drops what has expired uncounted")
    func eviction() throws {
        var limits = DetectionLimits()
        limits.pendings = 4
        let rules = try [
            makeRule("sequence by user.name with maxspan=10s [A] [B]", id: "a"),
            makeRule("sequence by user.name with maxspan=100s [C] [D]", id: "c"),
        ]
        var engine = DetectionEngine(rules: RuleSet(rules), limits: limits)
        var collector = Collector()
        func process(_ text: String) {
            var event = Event()
            for item in Item.items(text) {
                item.fill(&event)
                engine.process(event, into: &collector)
            }
        }
        process("C1/x A2/1 A3/2 A4/3")
        #expect(engine.counters.sequenceEvicted == 0)
        process("A5/4")
        #expect(engine.counters.sequenceEvicted == 1)
        process("B6/1 B7/2 D8/x")
        #expect(collector.numbers == [[3, 7], [1, 8]])
        // two are left of the first rule; at 50 they have expired
        process("A50/5 A51/6 A52/7 A53/8")
        #expect(engine.counters.sequenceEvicted == 1)
        #expect(engine.pendingCount == 4)
    }

    @Test(
        "counts what gives way as lost once a file has gone back in time, since it might have matched yet",
        arguments: [("A50/1 A70/2 A90/3", 0), ("A50/1 A20/2 A90/3", 2)])
    func evictionOutOfOrder(items: String, lost: UInt64) throws {
        var limits = DetectionLimits.exact
        limits.pendings = 2
        let rule = try makeRule("sequence by user.name with maxspan=10s [A] [B]")
        var engine = DetectionEngine(rules: RuleSet([rule]), limits: limits)
        var collector = Collector()
        var event = Event()
        for item in Item.items(items) {
            item.fill(&event)
            engine.process(event, into: &collector)
        }
        #expect(engine.counters.sequenceEvicted == lost)
    }

    private static func precedes(_ one: [Int], _ other: [Int]) -> Bool {
        one.lexicographicallyPrecedes(other)
    }

    private static func randomQuery(
        hasMissing: Bool, using random: inout SplitMix
    ) -> (text: String, model: Model) {
        let letters = "ABC".map { $0 }
        var stages: [(letter: Character, isMissing: Bool)] = []
        var items = ""
        let count = Int.random(in: 2...4, using: &random)
        for index in 0..<count {
            let letter = letters.randomElement(using: &random) ?? "A"
            let mayMiss = index < count - 1 || stages.contains { !$0.isMissing }
            let isMissing = hasMissing && mayMiss && Bool.random(using: &random)
            if isMissing {
                items += " ![\(letter)]"
                stages.append((letter, true))
            } else {
                let runs = Int.random(in: 0..<4, using: &random) == 0 ? 2 : 1
                items += " [\(letter)]" + (runs > 1 ? " with runs=\(runs)" : "")
                stages += Array(repeating: (letter, false), count: runs)
            }
        }
        if !stages.contains(where: { !$0.isMissing }) {
            items += " [A]"
            stages.append(("A", false))
        }
        let maxspan =
            hasMissing || Bool.random(using: &random) ? Int.random(in: 1...8, using: &random) : nil
        let until: Character? = Int.random(in: 0..<3, using: &random) == 0 ? "U" : nil
        let text =
            "sequence by user.name" + (maxspan.map { " with maxspan=\($0)s" } ?? "") + items
            + (until.map { " until [\($0)]" } ?? "")
        return (text, Model(stages: stages, until: until, maxspan: maxspan))
    }

    private static func randomItems(inOrder: Bool, using random: inout SplitMix) -> [Item] {
        var seconds = 10
        return (1...Int.random(in: 5...40, using: &random)).map { number in
            seconds += Int.random(in: inOrder ? 0...2 : -1...2, using: &random)
            let letters = ["A", "B", "C", "U", "AB", "BC", "AC", "AU", "CU", "ABC", "X"]
            return Item(
                letters: letters.randomElement(using: &random) ?? "X", number: number, seconds: seconds,
                key: ["x", "x", "y", "-"].randomElement(using: &random) ?? "x")
        }
    }
}

extension Item {
    fileprivate var isExcepted: Bool { letters.contains("E") }
}

/// A small generator of repeatable random numbers.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
        return word ^ word >> 31
    }
}
