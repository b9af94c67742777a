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

/// How far records go.
enum Station {
    case decoded, known, matched
}

/// Decoder, table and engine, as the sensor has them in a row.
struct Line: ~Copyable {
    private var decoder: RecordDecoder
    private var table: ProcessTable<NoSource>
    private var engine: DetectionEngine
    private var event = Event()
    private var sink = Counter()

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
        event.reset()
        decoder.begin(.exec, &event)
        engine.settle(by: event)
    }

    mutating func take(_ record: borrowing Span<UInt8>, to station: Station) {
        event.reset()
        try? decoder.decode(record, into: &event)
        if station == .decoded { return }
        table.apply(&event)
        if station == .known { return }
        engine.process(event, into: &sink)
    }
}

/// Records one behind the other, as in the ring: taking one out of an array of
/// arrays would retain it.
struct RecordRow {
    let bytes: [UInt8]
    private let ends: [Int]

    init(_ records: [[UInt8]]) {
        bytes = records.flatMap { $0 }
        var end = 0
        ends = records.map { record in
            end += record.count
            return end
        }
    }

    var count: Int { ends.count }

    /// Where a record lies in `bytes`.
    func range(_ number: Int) -> Range<Int> { (number == 0 ? 0 : ends[number - 1])..<ends[number] }
}

/// A line that a closure can hold. The exclusivity of an object's variable is
/// checked when the program runs: once for many records.
final class LineBox {
    private var line: Line

    init() throws { line = try Line() }

    func take(_ count: Int, of records: borrowing RecordRow, to station: Station) {
        var number = 0
        for _ in 0..<count {
            line.take(records.bytes.span.extracting(records.range(number)), to: station)
            number = number + 1 < records.count ? number + 1 : 0
        }
    }
}

extension Benchmarks {
    static var records: [Benchmark] {
        [
            storm("record.decode", .decoded), storm("record.decode-and-table", .known),
            storm("record.whole-way", .matched),
        ]
    }

    /// Starts of ordinary programs by 64 processes.
    private static func storm(_ name: String, _ station: Station) -> Benchmark {
        Benchmark(name) {
            let line = try LineBox()
            let records = RecordRow(
                (0..<64).map { number in
                    var record = RecordBuilder.exec(
                        "/usr/bin/grep", ["grep", "-q", "ready", "/var/lib/service/state\(number)"])
                    record.process = (UInt32(5000 + number), UInt64(900_000_000 + number * 1_000_000))
                    record.group = record.process
                    record.name = "grep"
                    return record.bytes
                })
            return { line.take($0, of: records, to: station) }
        }
    }
}
