import Detection
import EQL
import Events
import Fixtures

/// An event in a test, written as the letters of the stages it satisfies, its
/// number, and where they differ from that its time in seconds and its key:
/// `A1`, `AB2`, `B3@2`, `C4/other`, `M5/-` (no key).
struct Item: CustomStringConvertible, Sendable {
    var letters: String
    var number: Int
    var seconds: Int
    var key: String

    init(_ text: Substring) {
        var rest = text
        func take(while isPart: (Character) -> Bool) -> Substring {
            let part = rest.prefix(while: isPart)
            rest = rest.dropFirst(part.count)
            return part
        }
        letters = String(take(while: \.isLetter))
        number = Int(take(while: \.isNumber)) ?? 0
        seconds = number
        key = "k"
        if rest.first == "@" {
            rest = rest.dropFirst()
            seconds = Int(take(while: { $0.isNumber || $0 == "-" })) ?? 0
        }
        if rest.first == "/" { key = String(rest.dropFirst()) }
    }

    init(letters: String, number: Int, seconds: Int, key: String) {
        self.letters = letters
        self.number = number
        self.seconds = seconds
        self.key = key
    }

    var description: String { "\(letters)\(number)@\(seconds)/\(key)" }

    static func items(_ text: String) -> [Item] { text.split(separator: " ").map(Item.init) }

    /// Makes an event that was emptied this one.
    func fill(_ event: inout Event) {
        event.reset()
        event.header.kind = .document
        event.header.time = Int64(seconds) * 1_000_000_000
        event.header.position = UInt64(number)
        event.set(.eventCategory, FieldValue("process"))
        event.set(.processName, .texts(letters.map(String.init)))
        event.set(.processPID, .integers([Int64(number)]))
        if key != "-" { event.set(.userName, .text(Array(key.utf8))) }
    }
}

/// Expands `[A]` to a condition that events of that letter satisfy.
func expand(_ shorthand: String) -> String {
    var text = ""
    var rest = shorthand[...]
    while let character = rest.popFirst() {
        text.append(character)
        if character == "[", let letter = rest.popFirst() {
            text += "any where process.name == \"\(letter)\""
        }
    }
    return text
}

func makeRule(_ shorthand: String, id: String = "test") throws -> Rule {
    let text = expand(shorthand)
    return Rule(id: id, name: id, text: text, query: try Query.compile(text))
}

/// Keeps what the engine finds.
struct Collector: MatchSink, ~Copyable {
    var rules: [Int] = []
    /// Numbers of the events of each match.
    var numbers: [[Int]] = []
    var events: [[EventSnapshot]] = []

    mutating func matched(_ match: inout Match) {
        rules.append(match.ruleIndex)
        var snapshots: [EventSnapshot] = []
        for index in 0..<match.count {
            let image = match.arena.bytes.span.extracting(match.range(of: index))
            if let snapshot = EventSnapshot(image: image) { snapshots.append(snapshot) }
        }
        numbers.append(snapshots.map { Int($0.header.position) })
        events.append(snapshots)
    }
}

/// Runs rules over events and returns the numbers of the events of each match.
func run(
    _ rules: [Rule], _ items: [Item], flush: Bool = false, limits: DetectionLimits = .exact
) -> [[Int]] {
    var engine = DetectionEngine(rules: RuleSet(rules), limits: limits)
    var collector = Collector()
    var event = Event()
    for item in items {
        item.fill(&event)
        engine.process(event, into: &collector)
    }
    if flush { engine.flush(into: &collector) }
    return collector.numbers
}

/// Tells only what no exception holds back: those are for events with the
/// letter E.
struct ExceptingCollector: MatchSink, ~Copyable {
    var exceptions: ExceptionSet
    var told = Collector()
    var suppressed = Collector()

    init(for rules: RuleSet) throws {
        let text = #"any where process.name == "E""#
        let exception = Exception(
            name: "E", reason: "test", text: text, query: try Query.compile(text, role: .exception))
        exceptions = ExceptionSet([exception], for: rules)
    }

    mutating func matched(_ match: inout Match) {
        if exceptions.suppression(of: match, at: 0) == nil {
            told.matched(&match)
        } else {
            suppressed.matched(&match)
        }
    }

    mutating func excepts(_ event: borrowing Event, rule: Int) -> Bool {
        exceptions.holds(for: event, rule: rule, at: 0)
    }
}

/// Runs a rule with an exception for events with the letter E: the numbers of
/// the events of what is told, and of what is held back.
func runExcepting(
    _ rule: Rule, _ items: [Item], flush: Bool = false, limits: DetectionLimits = .exact
) throws -> (told: [[Int]], suppressed: [[Int]]) {
    let rules = RuleSet([rule])
    var engine = DetectionEngine(rules: rules, limits: limits)
    var collector = try ExceptingCollector(for: rules)
    var event = Event()
    for item in items {
        item.fill(&event)
        engine.process(event, into: &collector)
    }
    if flush { engine.flush(into: &collector) }
    return (collector.told.numbers, collector.suppressed.numbers)
}

extension DetectionLimits {
    /// Keeps everything that the order of a file could still need.
    static var exact: DetectionLimits {
        var limits = DetectionLimits()
        limits.lateness = .max
        return limits
    }
}
