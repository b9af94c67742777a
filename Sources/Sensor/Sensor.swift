internal import Detection
internal import ECS
internal import EQL
internal import Events
internal import Lab
public import Logging
internal import Output
internal import Platform
internal import Probes
internal import Processes

/// Watches this host: from the kernel's records to lines on the output.
///
/// One thread, the caller's, reads, matches and keeps all state; a second one
/// writes.
public struct Sensor: ~Copyable {
    let options: SensorOptions
    let log: Logger
    let context: RecordContext
    let canary: Canary
    var probes: Probes
    var ring: RingReader
    var pipeline: Pipeline
    let writer: Writer
    let generations: RuleGenerations
    let waiting: Waiting
    /// The rules in force.
    var rules: RuleSet
    /// Losses that the output has been told of.
    var toldLosses: UInt64 = 0
    /// As last read.
    var kernelCounters = ProbeCounters()
    var proving = ProvingState()
    /// When the writer was last told that an alert may come.
    private var announced: Int64 = 0
    /// The last drain handed out a record that a rule waits for.
    var hasDrainedWanted = false

    // MARK: Start

    /// Loads and attaches everything, seeds the process table, and gives up the
    /// privileges that are not needed any more. Call it before there are threads.
    public init(_ options: SensorOptions, log: Logger) throws(SensorError) {
        Memory.mapLargeBlocks()
        let waiting = try Sensor.makeWaiting()
        let canary = try Sensor.startCanary()
        let host = HostFacts()
        let context = RecordContext(
            host: HostInfo(host), version: options.version, lineLimit: options.lineLimit,
            redacts: options.redacts)

        let exceptions = ExceptionSet(options.exceptions, for: options.rules)
        var requirement = options.rules.requirement
        requirement.formUnion(reading: exceptions.requirement)
        let hooks = try Sensor.attach(options, requirement)
        let output = try Sensor.makeOutput(options)
        var pipeline = Pipeline(
            host: host, requirement: requirement, options: options, exceptions: exceptions,
            queue: output.queue, proof: HookProof(canary: canary.identity, network: canary.network))
        let boot = Clock.boottime()
        pipeline.tick(boot: boot, utc: boot + Clock.bootToUTC())
        try Sensor.seed(&pipeline, hooks.probes)

        // a busy host must not keep an alert waiting: with both CPUs of a host saturated, 99 of 100
        // lines come within 1 ms so, within 3 to 80 ms at nice -10
        let scheduling = Scheduling.raise()
        if scheduling == .ordinary || scheduling == .raised {
            log.info("cannot run before other processes: alerts may wait on a busy host")
        }
        // before the writer's thread starts: it inherits what is left
        let code = Privileges.limit(to: Sensor.keptCapabilities.bits)
        if code != 0 { log.warning("cannot give up privileges: \(SystemCallError.text(of: code))") }

        let generations = RuleGenerations(options.rules)
        let encoder = RecordEncoder(context, options: options, generations: generations)
        let writer = try Sensor.startWriter(output, options, encoder)
        try waiting.watch(hooks.ring.descriptor, broken: output.broken.number)

        self.options = options
        self.log = log
        self.context = context
        self.canary = canary
        probes = hooks.probes
        ring = hooks.ring
        self.pipeline = pipeline
        self.writer = writer
        self.generations = generations
        self.waiting = waiting
        rules = options.rules
    }

    private static func startCanary() throws(SensorError) -> Canary {
        do throws(LabError) { return try Canary.start() } catch { throw .canary(error) }
    }

    private static func makeWaiting() throws(SensorError) -> Waiting {
        do throws(SystemCallError) { return try Waiting() } catch { throw .system(error) }
    }

    private static func makeOutput(_ options: SensorOptions) throws(SensorError) -> OutputParts {
        do throws(ThreadError) {
            return OutputParts(
                queue: try MessageQueue(capacity: options.queueSize), broken: try BrokenOutput())
        } catch {
            throw .thread(error)
        }
    }

    private static func startWriter(
        _ output: OutputParts, _ options: SensorOptions, _ encoder: sending RecordEncoder
    ) throws(SensorError) -> Writer {
        let broken = output.broken
        do throws(ThreadError) {
            return try Writer(
                queue: output.queue, output: OutputDescriptor(options.outputDescriptor), encoder: encoder,
                whenStarted: {
                    // every event of the host is too much work to do before that of others
                    if options.writesEvents { Scheduling.lower() }
                }, whenBroken: { _ in broken.signal() })
        } catch {
            throw .thread(error)
        }
    }

    /// What the two threads share.
    private struct OutputParts {
        let queue: MessageQueue
        let broken: BrokenOutput
    }

    /// What the sensor may still do after its start: attach and read programs,
    /// and read /proc of other users' processes.
    static let keptCapabilities = Capabilities([.bpf, .perfmon, .sysPtrace, .dacReadSearch])

    private struct Hooks: ~Copyable {
        var probes: Probes
        var ring: RingReader
    }

    private static func attach(_ options: SensorOptions, _ requirement: Requirement) throws(SensorError)
        -> Hooks
    {
        do throws(ProbeError) {
            var probes = try Probes(
                ProbeOptions(
                    ringSize: options.ringSize, wakesOnExec: options.wakesOnExec,
                    capturesEnvironment: requirement.environment != [],
                    timesForks: Sensor.timesForks(requirement, all: options.writesEvents),
                    hooks: options.hooks))
            try probes.setDestinations(
                Sensor.destinations(requirement, all: options.writesEvents),
                any: requirement.destinations == .any)
            probes.setConnectionWindow(
                Sensor.connectionWindow(options.rules, all: options.writesEvents),
                afterForks: options.rules.forksBeginMatches)
            let ring = try probes.makeReader()
            try probes.attach(.fork)
            try probes.attach(.exec)
            if requirement.kinds.contains(.exit) { try probes.attach(.exit) }
            for family in AddressFamily.allCases {
                let report = probes.attachConnect(family, options.hooks.ladder)
                if report.chosen == nil { throw .noConnectHook(family) }
            }
            return Hooks(probes: probes, ring: ring)
        } catch {
            throw .probes(error)
        }
    }

    /// Whether anybody looks at the time of forks.
    static func timesForks(_ requirement: Requirement, all: Bool) -> Bool {
        all || requirement.kinds.contains(.fork)
    }

    /// The addresses that rules name; with `all`, the others are recorded too,
    /// and wake nobody. The canary connects to the first of each family.
    static func destinations(_ requirement: Requirement, all: Bool) -> [(IPPrefix, DestinationUse)] {
        var destinations: [(IPPrefix, DestinationUse)] = []
        if case .only(let prefixes) = requirement.destinations {
            destinations = prefixes.map { ($0, .wanted) }
        }
        for prefix in canaryDestinations {
            if !destinations.contains(where: { $0.0.contains(prefix.address) }) {
                destinations.append((prefix, .record))
            }
        }
        if all, let everything = IPPrefix("::/0") {
            destinations.append((everything, .record))
        }
        return destinations
    }

    /// How long connections can matter; nil: always, as where all are written.
    static func connectionWindow(_ rules: RuleSet, all: Bool) -> Int64? {
        all ? nil : rules.connectionWindow
    }

    /// Where the canary connects to, in its own network.
    static let canaryDestinations = [
        IPPrefix(IPAddress(v4: 0xa9fe_a9fe), length: 128),
        IPPrefix(IPAddress(high: 0xfd00_0ec2_0000_0000, low: 0x0254), length: 128),
    ]

    private static func seed(_ pipeline: inout Pipeline, _ probes: borrowing Probes) throws(SensorError) {
        pipeline.table.beginSeeding()
        defer { pipeline.table.endSeeding() }
        do throws(ProbeError) {
            _ = try probes.forEachTask { record in pipeline.seed(record) }
            pipeline.seedInit()
        } catch {
            throw .probes(error)
        }
    }

    // MARK: Watching

    /// Why the loop ended.
    private enum Ending {
        case asked, outputBroken
    }

    /// Watches until a signal, the end of the asked duration, or broken output.
    ///
    /// - Parameters:
    ///   - announce: called with the hooks in use as soon as every hook has fired.
    ///   - reload: on SIGHUP: new rules and exceptions, or why the old ones stay.
    public mutating func run(
        announce: (String) -> Void, reload: () -> Reload
    ) throws(SensorError) -> SensorOutcome {
        let start = Clock.monotonic()
        let deadline = options.duration.map { start.addingSaturated($0.inNanoseconds) }
        try prove()
        announce(hookText)
        warnOfUnknowable()
        report("started")
        // what loading took: types of the kernel, the programs' object
        Memory.giveBackFreed()
        if options.sendsTestAlert {
            pipeline.wantsTest = true
            try prove()
        }

        proving.rest(from: Clock.monotonic())
        var nextTick = start
        var nextHeartbeat = options.heartbeat.map { start.addingSaturated($0.inNanoseconds) }
        var pause = Sensor.shortestPause
        var ending: Ending?
        while ending == nil {
            let exempt = pipeline.counters.exempt
            let drained = drain() - Int(pipeline.counters.exempt - exempt)
            let now = Clock.monotonic()
            if drained > 0 { pipeline.table.forgetSome(at: now) }
            if now >= nextTick {
                tick()
                nextTick = now + Sensor.tickInterval
            }
            if let due = nextHeartbeat, let interval = options.heartbeat, now >= due {
                report("heartbeat")
                nextHeartbeat = now.addingSaturated(interval.inNanoseconds)
            }
            if let deadline, now >= deadline { break }

            // under load every 50 ms, idle once a second: a wanted record wakes us.
            // The canary's records are no load
            pause = drained > 0 ? Sensor.shortestPause : min(pause * 2, Sensor.longestPause)
            var limit = min(pause, max(nextTick - now, 0))
            if let deadline { limit = min(limit, deadline - now) }
            if hasDrainedWanted {
                // more of them may follow, and must not each wake us at the cost of who connects
                Clock.sleep(nanoseconds: Sensor.wantedPause)
                limit = 0
            } else {
                switch ring.arm() {
                case .armed: break
                case .busy:
                    Clock.sleep(nanoseconds: Sensor.busyPause)
                    limit = 0
                case .pending: limit = 0
                }
            }
            ending = try sleep(limit, reload)
            ring.disarm()
        }
        return finish()
    }

    /// Nanoseconds.
    private static let shortestPause: Int64 = 50_000_000
    private static let longestPause: Int64 = 1_000_000_000
    private static let tickInterval: Int64 = 1_000_000_000
    private static let busyPause: Int64 = 20_000
    /// How long nobody wakes us after a wanted record: an alert may come as much later.
    private static let wantedPause: Int64 = 250_000
    private static let slice: Int64 = 100_000_000
    /// How long after a wanted connect an earlier record of another processor
    /// may still arrive and take its place before it.
    static let settling: Int64 = 200_000
    /// How long to let more of them gather when one follows another.
    private static let stormPause: Int64 = 500_000
    private static let announcementInterval: Int64 = 5_000_000

    /// Handles what is in the ring, in the order of time; no longer than a slice
    /// of time, so that signals and clocks get their turn in a storm.
    ///
    /// - Returns: how many records that were.
    @discardableResult
    mutating func drain() -> Int {
        var count = 0
        var collected = Clock.boottime()
        let end = collected + Sensor.slice
        var hasSettled = false
        hasDrainedWanted = false
        while collected < end, ring.collect() > 0 || ring.count > 0 {
            collected = Clock.boottime()
            while let next = ring.first {
                if next.isWanted, collected < next.time + Sensor.settling {
                    // the first as soon as it has settled; those behind it many in one sleep
                    if !hasSettled { announce(at: collected) }
                    let left = next.time + Sensor.settling - Clock.boottime()
                    let gathers = hasSettled && ring.fill < ring.size / 4
                    Clock.sleep(nanoseconds: gathers ? Sensor.stormPause : left)
                    hasSettled = true
                    ring.collect()
                    collected = Clock.boottime()
                    continue
                }
                ring.next { record in pipeline.take(record) }
                if next.isWanted {
                    hasDrainedWanted = true
                    noteRegular()
                }
                count += 1
            }
            ring.release()
        }
        return count
    }

    /// Tells the kernel who connects again and again.
    private mutating func noteRegular() {
        guard let regular = pipeline.takeRegular() else { return }
        do throws(ProbeError) {
            try probes.note(regular)
        } catch {
            // more is reported than is needed: nothing is missed
            log.warning("the kernel's filter stays wide", metadata: ["error": "\(error)"])
        }
    }

    /// Has the writer prepare for an alert while we wait whether there is one;
    /// in a storm once for many.
    private mutating func announce(at time: Int64) {
        guard time >= announced + Sensor.announcementInterval else { return }
        announced = time
        writer.announce()
    }

    private mutating func sleep(_ limit: Int64, _ reload: () -> Reload) throws(SensorError) -> Ending? {
        let news: Waiting.News
        do throws(SystemCallError) {
            news = try waiting.wait(limit)
        } catch {
            throw .system(error)
        }
        // first of all: the writer has to wake, and we to look. It is a wanted record,
        // unless every start wakes us
        if news.hasRecords, !options.wakesOnExec { announce(at: Clock.boottime()) }
        if news.isBroken { return .outputBroken }
        while news.hasSignal, let signal = waiting.signals.next() {
            switch signal {
            case .hangUp: apply(reload())
            case .interrupt, .terminate: return .asked
            }
        }
        return nil
    }
}

extension Duration {
    /// Whole nanoseconds; the largest number for what is longer than centuries.
    var inNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max : product.addingReportingOverflow(attoseconds / 1_000_000_000).partialValue
    }
}

extension Requirement {
    /// Adds what exceptions read of events that rules matched. They ask for no
    /// event of their own, so hooks and destinations stay as the rules have them.
    mutating func formUnion(reading other: Requirement) {
        var reading = other
        reading.kinds = []
        reading.destinations = .only([])
        formUnion(reading)
    }
}
