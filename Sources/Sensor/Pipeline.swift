internal import Detection
internal import ECS
internal import EQL
internal import Events
internal import Lab
internal import Output
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
        host: HostInfo, requirement: Requirement, options: SensorOptions,
        exceptions: consuming ExceptionSet, queue: MessageQueue, canary: Canary.Identity
    ) {
        event = Event()
        event.setHost(host)
        decoder = RecordDecoder(fields: requirement.fields)
        decoder.prepare(&event)
        event.fixConstants()
        table = ProcessTable(
            source: ProcFileSystem(), needs: ProcessNeeds(requirement),
            namer: EntityNamer(hostID: host.id, bootID: host.bootID))
        engine = DetectionEngine(rules: options.rules)
        sink = AlertSink(
            exceptions: exceptions, limiter: AlertLimiter(limit: options.alertLimit),
            showsSuppressed: options.showsSuppressed, queue: queue)
        proof = HookProof(canary: canary)
        writesEvents = options.writesEvents
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
            sink.ancestry.truncate(to: 0)
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
        table.tick(at: boot)
    }

    /// No record is sent later than this after its time: nanoseconds.
    private static let settled: Int64 = 1_000_000_000
}

extension ProcessNeeds {
    /// What a rule set reads.
    init(_ requirement: Requirement) {
        self.init(
            fields: requirement.fields, identityTexts: requirement.identityTexts,
            forks: requirement.kinds.contains(.fork))
    }
}

extension Event {
    /// Sets the constants that name the host; those not known stay missing.
    mutating func setHost(_ host: HostInfo) {
        func set(_ field: Field, _ text: String) {
            if !text.isEmpty { self.set(field, text: text.utf8.span) }
        }
        set(.hostID, host.id)
        set(.hostName, host.name)
        set(.hostHostname, host.hostname)
        set(.hostArchitecture, host.architecture)
        set(.hostOSType, host.osType)
        set(.hostOSFamily, host.osFamily)
        set(.hostOSKernel, host.kernel)
        set(.hostOSName, host.osName)
        set(.hostOSVersion, host.osVersion)
    }
}
