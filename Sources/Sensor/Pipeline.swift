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
    var table: ProcessTable<ProcFileSystem> {
        _read { yield sink.evidence }
        _modify { yield &sink.evidence }
    }
    var decoder: RecordDecoder
    var engine: DetectionEngine
    var sink: AlertSink<MessageQueue, ProcessTable<ProcFileSystem>>
    var proof: HookProof
    private var event: Event
    private let writesEvents: Bool
    /// The variables of an environment that are kept; nil for all.
    private var variables: [[UInt8]]?
    private var position: UInt64 = 0
    /// The next connection of the canary is to become a test alert.
    var wantsTest = false
    private var hasSample = false
    /// When the first tick after a reload was: nanoseconds since boot.
    private var reloaded: Int64?
    private var regularConnections: RegularConnections
    /// The process of the last record, if the kernel is to be told that it
    /// connects again and again.
    private var regular: RegularProcess?

    init(
        host: HostFacts, requirement: Requirement, options: SensorOptions,
        exceptions: consuming ExceptionSet, queue: MessageQueue, proof: HookProof
    ) {
        event = Event()
        host.setFields(of: &event)
        decoder = RecordDecoder(fields: requirement.fields)
        decoder.prepare(&event)
        event.fixConstants()
        engine = DetectionEngine(rules: options.rules)
        let table = ProcessTable(
            source: ProcFileSystem(), needs: ProcessNeeds(requirement),
            namer: EntityNamer(hostID: host.id, bootID: host.bootID))
        sink = AlertSink(
            evidence: table, exceptions: exceptions, limiter: AlertLimiter(limit: options.alertLimit),
            showsSuppressed: options.showsSuppressed, queue: queue)
        self.proof = proof
        regularConnections = RegularConnections(repeatsMatter: options.rules.repeatedConnectionsMatter)
        writesEvents = options.writesEvents
        variables = Pipeline.variables(requirement)
        settleConditions()
    }

    /// Spares the engine to test what all events of a kind have in common.
    private mutating func settleConditions() {
        for kind in [EventKind.exec, .fork, .exit, .connect] {
            event.reset()
            decoder.begin(kind, &event)
            engine.settle(by: event)
        }
    }

    private static func variables(_ requirement: Requirement) -> [[UInt8]]? {
        guard let names = requirement.environment, !names.isEmpty else { return nil }
        return names.map { Array($0.uppercased().utf8) }
    }

    /// Puts other rules in place of the old ones. What is pending goes on where
    /// its rule is still there, unchanged. To be followed by `forgetRegulars`.
    mutating func replaceRules(
        _ options: SensorOptions, _ requirement: Requirement, _ exceptions: consuming ExceptionSet
    ) {
        var engine = DetectionEngine(rules: options.rules)
        engine.adopt(self.engine)
        self.engine = engine
        settleConditions()
        sink.exceptions = exceptions
        sink.completesFirst = true
        reloaded = nil
        // alerts are counted by the place of their rule
        sink.limiter = AlertLimiter(limit: options.alertLimit)
        sink.evidence.needs = ProcessNeeds(requirement)
        decoder.setFields(requirement.fields)
        variables = Pipeline.variables(requirement)
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
        if let variables { event.keepVariables(named: variables.span) }
        sink.evidence.apply(&event)
        if proof.claims(event) {
            counters.exempt += 1
            if event.header.kind == .connect { use() }
            return
        }
        if writesEvents {
            sink.evidence.complete(&event)
            sink.send(event)
        }
        if let prospect = engine.examine(event, into: &sink) {
            sink.now = event.header.timestamp
            if !writesEvents { keepEvidence(for: prospect) }
        }
        let excepted = sink.exceptedEvents
        engine.apply(event, into: &sink)
        // the canary's own process connects to be seen
        if event.header.wanted, !proof.isCanary(event.header.process), let destination = event.destination {
            regular = regularConnections.count(
                event.header, to: destination, isExcepted: sink.exceptedEvents != excepted)
        }
    }

    /// Sees to it that an alert can tell what no rule reads of the event.
    private mutating func keepEvidence(for prospect: Prospect) {
        if prospect.span > Pipeline.longestHold || !sink.evidence.hold(&event, for: prospect.span) {
            sink.evidence.complete(&event)
        }
    }

    /// What is needed for longer is made complete at once: nanoseconds.
    private static let longestHold: Int64 = 5_000_000_000

    /// Nobody is known any more who connects again and again.
    mutating func forgetRegulars() {
        regularConnections = RegularConnections(
            repeatsMatter: engine.rules.repeatedConnectionsMatter)
    }

    /// The process that the kernel is to be told of, once.
    mutating func takeRegular() -> RegularProcess? {
        defer { regular = nil }
        return regular
    }

    /// Puts a connection of the canary to use.
    private mutating func use() {
        if wantsTest { sendTest() }
        guard !hasSample else { return }
        hasSample = true
        sink.evidence.complete(&event)
        sink.send(sample: event)
    }

    /// Sends the canary's connection as an alert of the first rule, marked as a
    /// test.
    private mutating func sendTest() {
        wantsTest = false
        guard var rule = engine.rules.rules.first, let query = try? Query.compile("any where true") else {
            return
        }
        rule.query = query
        var tester = DetectionEngine(rules: RuleSet([rule]))
        sink.evidence.complete(&event)
        sink.now = event.header.timestamp
        sink.isTest = true
        tester.process(event, into: &sink)
        sink.isTest = false
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
        sink.evidence.seed(&event)
    }

    /// Takes the first process, which a kernel may leave out of its list.
    mutating func seedInit() { sink.evidence.seedFromSource(1, through: &event) }

    /// Notes that time has passed.
    mutating func tick(boot: Int64, utc: Int64) {
        decoder.utcOffset = utc - boot
        sink.now = utc
        sink.utcOffset = utc - boot
        // what another processor has yet to send must still take its place
        engine.advance(to: boot - Pipeline.settled, into: &sink)
        if sink.completesFirst {
            let since = reloaded ?? boot
            reloaded = since
            sink.completesFirst = boot - since < Pipeline.longestHold + 2 * Pipeline.settled
        }
        sink.evidence.tick(at: boot, told: boot - Pipeline.settled)
    }

    /// No record is sent later than this after its time: nanoseconds.
    private static let settled: Int64 = 1_000_000_000
}

extension Event {
    /// Where a connection goes to.
    fileprivate var destination: RegularProcess.Destination? {
        guard let address = slot(.destinationIP), address.kind == .address,
            let port = slot(.destinationPort).flatMap({ UInt16(exactly: $0.payload) }),
            let address = IPAddress(bytes: arena.bytes.span.extracting(address.range))
        else { return nil }
        return RegularProcess.Destination(address: address, port: port)
    }
}

extension ProcessNeeds {
    /// What a rule set reads.
    init(_ requirement: Requirement) {
        self.init(
            fields: requirement.fields, identityTexts: requirement.identityTexts,
            forks: requirement.kinds.contains(.fork))
    }
}

extension HostInfo {
    /// The host as records name it.
    init(_ facts: HostFacts) {
        self.init(
            id: facts.id, hostname: facts.hostname, name: facts.hostname, architecture: facts.architecture,
            bootID: facts.bootID, kernel: facts.kernel, osName: facts.osName, osVersion: facts.osVersion,
            osFamily: facts.osFamily, cloudProvider: facts.cloud?.provider,
            cloudInstanceID: facts.cloud?.instanceID)
    }
}
