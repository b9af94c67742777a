import Detection
import EQL
import Events
import Fixtures
import Probes
import Processes

/// A host of which nothing can be read.
struct NoSource: ProcessSource {
    func isAlive(_ pid: UInt32) -> Bool { true }
    func read(_ text: ProcessText, of process: ProcessIdentity, into bytes: inout [UInt8]) -> Slot.Traits? {
        nil
    }
    func facts(of pid: UInt32) -> ProcessFacts? { nil }
    func processes() -> [UInt32] { [] }
}

/// Decoder, table and engine, as the sensor has them in a row.
final class Line {
    var decoder: RecordDecoder
    var table: ProcessTable<NoSource>
    var engine: DetectionEngine
    var event = Event()
    var sink = Counter()

    init() throws {
        let rules = RuleSet([try defaultRule()])
        let needs = rules.requirement
        decoder = RecordDecoder(fields: needs.fields)
        event.set(.hostOSType, text: "linux")
        event.set(.hostID, text: "0123456789abcdef0123456789abcdef")
        decoder.prepare(&event)
        event.fixConstants()
        table = ProcessTable(
            source: NoSource(),
            needs: ProcessNeeds(
                fields: needs.fields, identityTexts: needs.identityTexts, forks: needs.kinds.contains(.fork)),
            namer: EntityNamer(hostID: "host", bootID: "boot"))
        engine = DetectionEngine(rules: rules)
    }

    func decode(_ record: [UInt8]) {
        event.reset()
        try? decoder.decode(record.span, into: &event)
    }

    func apply() { table.apply(&event) }

    func detect() { engine.process(event, into: &sink) }
}

extension Benchmarks {
    static var records: [Benchmark] {
        [
            storm("record.decode") { $0.decode($1) },
            storm("record.decode-and-table") {
                $0.decode($1)
                $0.apply()
            },
            storm("record.whole-way") {
                $0.decode($1)
                $0.apply()
                $0.detect()
            },
        ]
    }

    /// Starts of ordinary programs by 64 processes.
    private static func storm(_ name: String, _ step: @escaping (Line, [UInt8]) -> Void) -> Benchmark {
        Benchmark(name) {
            let line = try Line()
            let records = (0..<64).map { number in
                var record = RecordBuilder.exec(
                    "/usr/bin/grep", ["grep", "-q", "ready", "/var/lib/service/state\(number)"])
                record.process = (UInt32(5000 + number), UInt64(900_000_000 + number * 1_000_000))
                record.group = record.process
                record.name = "grep"
                return record.bytes
            }
            return { count in for number in 0..<count { step(line, records[number & 63]) } }
        }
    }
}
