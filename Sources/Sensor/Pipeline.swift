internal import Detection
internal import EQL
internal import Events
internal import Platform
internal import Probes
internal import Processes

/// The way of one record from the ring to the engine, on one thread that owns
/// all of it.
struct Pipeline: ~Copyable {
    /// What each step could not use.
    struct Counters: Sendable {
        var records: UInt64 = 0
        var malformed: UInt64 = 0
        /// Events of our own canary, which no rule sees.
        var exempt: UInt64 = 0
    }

    private(set) var counters = Counters()
    var decoder: RecordDecoder
    var table: ProcessTable<ProcFileSystem>
    var engine: DetectionEngine
    var sink: AlertSink
    var proof: HookProof
    private var event: Event
    private let writesEvents: Bool
    private var position: UInt64 = 0

    init(
        event: consuming Event, decoder: consuming RecordDecoder,
        table: consuming ProcessTable<ProcFileSystem>, engine: consuming DetectionEngine,
        sink: consuming AlertSink, proof: HookProof, writesEvents: Bool
    ) {
        self.event = event
        self.decoder = decoder
        self.table = table
        self.engine = engine
        self.sink = sink
        self.proof = proof
        self.writesEvents = writesEvents
    }

    /// Takes one record of the ring through all steps.
    @inline(__always)
    mutating func take(_ record: borrowing Span<UInt8>) {
        counters.records += 1
        event.reset()
        do throws(RecordError) {
            try decoder.decode(record, into: &event)
        } catch {
            counters.malformed += 1
            return
        }
        position += 1
        event.header.position = position
        table.apply(&event)
        if proof.claims(event) {
            counters.exempt += 1
            return
        }
        if writesEvents {
            table.complete(&event)
            sink.send(event)
        }
        if engine.examine(event, into: &sink) {
            // evidence that only an alert needs
            if !writesEvents { table.complete(&event) }
            sink.now = event.header.timestamp
            sink.ancestry.removeAll()
            table.ancestry(of: event.header.process, into: &sink.ancestry)
            engine.apply(event, into: &sink)
        }
    }

    /// Takes a process that was there before the sensor.
    mutating func seed(_ record: borrowing Span<UInt8>) {
        event.reset()
        do throws(RecordError) {
            try decoder.decode(record, into: &event)
        } catch {
            counters.malformed += 1
            return
        }
        table.seed(&event)
    }

    /// Notes that time has passed.
    mutating func tick(boot: Int64, utc: Int64) {
        decoder.utcOffset = utc - boot
        sink.now = utc
        // what another processor has yet to send must still take its place
        engine.advance(to: boot - Pipeline.settled, into: &sink)
        table.tick()
    }

    /// No record is sent later than this after its time: nanoseconds.
    private static let settled: Int64 = 1_000_000_000
}
