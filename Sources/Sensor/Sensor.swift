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
    let queue: MessageQueue
    let writer: Writer
    let generations: RuleGenerations
    let signals: SignalDescriptor
    let epoll: Epoll
    let broken: BrokenOutput
    var rules: RuleSet
    /// Losses that the output has been told of.
    var toldLosses: UInt64 = 0
    var lastKernelCounters = ProbeCounters()

    // MARK: Start

    /// Loads and attaches everything, seeds the process table, and gives up the
    /// privileges that are not needed any more. Call it before there are threads.
    public init(_ options: SensorOptions, log: Logger) throws(SensorError) {
        self.options = options
        self.log = log
        rules = options.rules
        do throws(SystemCallError) {
            signals = try SignalDescriptor()
            epoll = try Epoll()
        } catch {
            throw .system(error)
        }
        do throws(LabError) {
            canary = try Canary.start()
        } catch {
            throw .canary(error)
        }
        let host = HostInfo(HostFacts.read())
        context = RecordContext(
            host: host, version: options.version, lineLimit: options.lineLimit, redacts: options.redacts)

        let exceptions = ExceptionSet(options.exceptions, for: options.rules)
        var requirement = options.rules.requirement
        requirement.formUnion(exceptions.requirement)
        let hooks = try Sensor.attach(options, requirement)
        probes = hooks.probes
        ring = hooks.ring

        do throws(ThreadError) {
            queue = try MessageQueue(capacity: options.queueSize)
            broken = try BrokenOutput()
        } catch {
            throw .thread(error)
        }
        generations = RuleGenerations(options.rules)
        pipeline = Pipeline(
            host: host, requirement: requirement, options: options, exceptions: exceptions, queue: queue,
            canary: canary.identity)
        let boot = Clock.boottime()
        pipeline.tick(boot: boot, utc: boot + Clock.bootToUTC())
        try Sensor.seed(&pipeline, probes)

        let code = Privileges.limit(to: Sensor.keptCapabilities.bits)
        if code != 0 {
            log.warning("cannot give up privileges", metadata: ["error": "\(SystemCallError.text(of: code))"])
        }
        let encoder = RecordEncoder(context, options: options, generations: generations)
        let broken = self.broken
        do throws(ThreadError) {
            writer = try Writer(
                queue: queue, output: OutputDescriptor(options.outputDescriptor), encoder: encoder,
                whenBroken: { _ in broken.signal() })
        } catch {
            throw .thread(error)
        }
        do throws(SystemCallError) {
            try epoll.add(ring.descriptor, token: Token.ring.rawValue, .edge)
            try epoll.add(signals.number, token: Token.signals.rawValue)
            try epoll.add(broken.number, token: Token.broken.rawValue)
        } catch {
            throw .system(error)
        }
    }

    /// What the sensor may still do after its start: attach and read programs,
    /// and read /proc of other users' processes.
    static let keptCapabilities = Capabilities([.bpf, .perfmon, .sysPtrace, .dacReadSearch])

    private enum Token: UInt64 {
        case ring = 1
        case signals, broken
    }

    private struct Hooks: ~Copyable {
        var probes: Probes
        var ring: RingReader
    }

    private static func attach(_ options: SensorOptions, _ requirement: Requirement) throws(SensorError) -> Hooks {
        do throws(ProbeError) {
            var probes = try Probes(
                ProbeOptions(
                    ringSize: options.ringSize, wakesOnExec: options.wakesOnExec,
                    capturesEnvironment: requirement.environment != [], hooks: options.hooks))
            try probes.setDestinations(
                Sensor.destinations(requirement, all: options.writesEvents),
                any: requirement.destinations == .any)
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

    /// The addresses that rules name; with `all`, the others are recorded too,
    /// and wake nobody. The canary connects to the first of each family.
    private static func destinations(_ requirement: Requirement, all: Bool) -> [(IPPrefix, DestinationUse)] {
        var destinations: [(IPPrefix, DestinationUse)] = []
        if case .only(let prefixes) = requirement.destinations {
            destinations = prefixes.map { ($0, .wanted) }
        }
        for text in ["169.254.169.254", "fd00:ec2::254"] {
            guard let prefix = IPPrefix(text) else { continue }
            if !destinations.contains(where: { $0.0.contains(prefix.address) }) {
                destinations.append((prefix, .record))
            }
        }
        if all, let everything = IPPrefix("::/0") {
            destinations.append((everything, .record))
        }
        return destinations
    }

    private static func seed(_ pipeline: inout Pipeline, _ probes: borrowing Probes) throws(SensorError) {
        do throws(ProbeError) {
            _ = try probes.forEachTask { record in pipeline.seed(record) }
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
    ///   - reload: on SIGHUP: new rules and exceptions, or nil to keep the old.
    public mutating func run(
        announce: (String) -> Void, reload: () -> SensorOptions?
    ) throws(SensorError) -> SensorOutcome {
        let start = Clock.monotonic()
        let deadline = options.duration.map { start + $0.nanoseconds }
        try prove()
        announce(hookText)
        report("started")
        if options.sendsTestAlert { sendTestAlert() }

        var nextTick = start
        var nextHeartbeat = options.heartbeat.map { start + $0.nanoseconds }
        var pause = Sensor.shortestPause
        var ending: Ending?
        while ending == nil {
            let drained = drain()
            let now = Clock.monotonic()
            if now >= nextTick {
                tick()
                nextTick = now + Sensor.tickInterval
            }
            if let due = nextHeartbeat, let interval = options.heartbeat, now >= due {
                report("heartbeat")
                nextHeartbeat = now + interval.nanoseconds
            }
            if let deadline, now >= deadline { break }

            // under load every 50 ms, idle once a second: a wanted record wakes us
            pause = drained > 0 ? Sensor.shortestPause : min(pause * 2, Sensor.longestPause)
            var limit = min(pause, max(nextTick - now, 0))
            if let deadline { limit = min(limit, deadline - now) }
            switch ring.arm() {
            case .armed: break
            case .busy: limit = Sensor.busyPause
            case .pending: continue
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
    /// How long after a wanted connect an earlier record of another processor
    /// may still arrive and take its place before it.
    private static let settling: Int64 = 200_000

    /// Handles everything that is in the ring, in the order of time.
    mutating func drain() -> Int {
        var count = 0
        var collected = Clock.boottime()
        while ring.collect() > 0 || ring.count > 0 {
            while let next = ring.first {
                if next.isWanted, collected < next.time + Sensor.settling {
                    Clock.sleep(nanoseconds: next.time + Sensor.settling - Clock.boottime())
                    collected = Clock.boottime()
                    ring.collect()
                    continue
                }
                ring.next { record in pipeline.take(record) }
                count += 1
            }
            ring.release()
            collected = Clock.boottime()
        }
        return count
    }

    private mutating func sleep(_ limit: Int64, _ reload: () -> SensorOptions?) throws(SensorError) -> Ending? {
        var hasSignal = false
        var isBroken = false
        do throws(SystemCallError) {
            _ = try epoll.wait(timeout: .nanoseconds(limit)) { token in
                switch Token(rawValue: token) {
                case .signals: hasSignal = true
                case .broken: isBroken = true
                case .ring, nil: break
                }
            }
        } catch {
            throw .system(error)
        }
        if isBroken { return .outputBroken }
        while hasSignal, let signal = signals.next() {
            switch signal {
            case .hangUp: apply(reload())
            default: return .asked
            }
        }
        return nil
    }
}
