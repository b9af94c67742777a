import Detection
import EQL
import Events
import Fixtures
import RuleFiles
import Rules

/// An event that many may hold.
final class EventBox {
    var event = Event()

    init(_ fill: (inout Event) -> Void) { fill(&event) }
}

final class EngineBox {
    var engine: DetectionEngine
    var sink = Counter()

    init(_ rules: [Rule]) { engine = DetectionEngine(rules: RuleSet(rules)) }

    func process(_ box: EventBox, at time: Int64) {
        box.event.header.time = time
        engine.process(box.event, into: &sink)
    }
}

struct Counter: MatchSink, ~Copyable {
    var matches = 0
    mutating func matched(_ match: inout Match) { matches += 1 }
}

func rule(_ text: String) throws -> Rule {
    Rule(id: text, name: "", text: text, query: try Query.compile(text))
}

/// The rule that is loaded by default.
func defaultRule() throws -> Rule {
    let file = BuiltInRules.files.first { $0.isDefault }
    return try RuleFile.rule(from: file?.bytes ?? [], file: file?.name ?? "")
}

extension Benchmarks {
    static var engine: [Benchmark] {
        [
            mix("engine.default-rule") { [try defaultRule()] },
            mix("engine.10-rules") { try RuleMix.queries(10).map(rule) },
            mix("engine.100-rules") { try RuleMix.queries(100).map(rule) },
            mix("engine.400-rules") { try RuleMix.queries(400).map(rule) },
            Benchmark("engine.sequence-match") {
                let text = """
                    sequence by host.id, process.parent.entity_id with maxspan=1s
                      [process where event.action == "exec"] [network where destination.ip == "169.254.169.254"]
                    """
                let box = EngineBox([try rule(text)])
                let start = EventBox { EventMix.fill(&$0, 0) }
                let connection = EventBox { EventMix.fill(&$0, EventMix.count - 1) }
                return { count in
                    for number in 0..<count {
                        box.process(number % 2 == 0 ? start : connection, at: Int64(number))
                    }
                }
            },
            Benchmark("rules.compile", count: 16) {
                let text = EQLSeedQueries.v3
                return { count in for _ in 0..<count { _ = try? Query.compile(text) } }
            },
        ]
    }

    /// Each event of a round of ordinary ones through a set of rules.
    private static func mix(_ name: String, _ rules: @escaping () throws -> [Rule]) -> Benchmark {
        Benchmark(name) {
            let box = EngineBox(try rules())
            let events = (0..<EventMix.count).map { number in EventBox { EventMix.fill(&$0, number) } }
            return { count in
                for number in 0..<count {
                    box.process(events[number % events.count], at: Int64(number) * 10_000_000)
                }
            }
        }
    }
}
