import Detection
import EQL
import Events
import Fixtures
import Probes
import Processes

/// A host of which nothing can be read but whether a process is there.
struct NoSource: ProcessSource {
    var isAlive = true

    func timeAfterEnd(of pid: UInt32) -> Int64? { isAlive ? nil : 0 }
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

    init(processesEnd: Bool = false) throws {
        let rules = RuleSet([try defaultRule()])
        let needs = rules.requirement
        decoder = RecordDecoder(fields: needs.fields)
        event.set(.hostOSType, text: "linux")
        event.set(.hostID, text: "0123456789abcdef0123456789abcdef")
        decoder.prepare(&event)
        event.fixConstants()
        table = ProcessTable(
            source: NoSource(isAlive: !processesEnd),
            needs: ProcessNeeds(
                fields: needs.fields, identityTexts: needs.identityTexts, forks: needs.kinds.contains(.fork)),
            namer: EntityNamer(hostID: "host", bootID: "boot"))
        engine = DetectionEngine(rules: rules)
        for kind in [EventKind.exec, .fork, .exit, .connect] {
            event.reset()
            decoder.begin(kind, &event)
            engine.settle(by: event)
        }
    }

    mutating func take(_ record: borrowing Span<UInt8>, to station: Station) {
        event.reset()
        try? decoder.decode(record, into: &event)
        if station == .decoded { return }
        table.apply(&event)
        if station == .known { return }
        if let prospect = engine.examine(event, into: &sink), !table.hold(&event, for: prospect.span) {
            table.complete(&event)
        }
        engine.apply(event, into: &sink)
    }

    /// What the sensor does after each batch of records.
    mutating func rest(until time: UInt64) {
        table.forgetSome(at: Int64(time))
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
            start("record.fork-exec-end", of: "/usr/bin/grep"),
            start("record.start-that-waits", of: "/tmp/grep"),
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

/// Processes that are forked, start a program and are found to have ended, ten
/// thousand a second: each a new one.
private final class Starts {
    private var line: Line
    private var fork: [UInt8]
    private var exec: [UInt8]
    private var number: UInt64 = 0
    /// Starts in the 50 ms between two looks into the ring.
    private static let batch: UInt64 = 500

    init(of program: String) throws {
        line = try Line(processesEnd: true)
        var record = RecordBuilder.exec(program, ["grep", "-q", "ready", "/var/lib/service/state"])
        record.name = "grep"
        exec = record.bytes
        fork = RecordBuilder(kind: 2).bytes
    }

    func take(_ count: Int) {
        Starts.take(count, &line, &fork, &exec, &number)
    }

    private static func take(
        _ count: Int, _ line: inout Line, _ fork: inout [UInt8], _ exec: inout [UInt8],
        _ number: inout UInt64
    ) {
        for _ in 0..<count {
            number += 1
            let time = 1_000_000_000 + number * 100_000
            let pid = UInt32(5_000 + number % 30_000)
            // as in record.h: the time, and the process
            put(time, pid, processAt: 40, in: &fork)
            line.take(fork.span, to: .matched)
            put(time, pid, processAt: 24, in: &exec)
            line.take(exec.span, to: .matched)
            if number % batch == 0 { line.rest(until: time) }
        }
    }

    private static func put(_ time: UInt64, _ pid: UInt32, processAt place: Int, in bytes: inout [UInt8]) {
        var all = bytes.mutableSpan
        // SAFETY: any byte is a valid `UInt8`.
        var raw = unsafe all.mutableBytes
        raw.storeBytes(of: time, toByteOffset: 0, as: UInt64.self)
        raw.storeBytes(of: time, toByteOffset: place, as: UInt64.self)
        raw.storeBytes(of: pid, toByteOffset: place + 8, as: UInt32.self)
    }
}

extension Benchmarks {
    /// The default rule waits for a connection after the start of a program in /tmp.
    fileprivate static func start(_ name: String, of program: String) -> Benchmark {
        Benchmark(name, count: 40_000) {
            let starts = try Starts(of: program)
            return { starts.take($0) }
        }
    }
}
