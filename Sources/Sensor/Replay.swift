internal import Detection
internal import ECS
internal import EQL
internal import Events
public import Logging
internal import Output
internal import Platform
internal import Recording
internal import Synchronization

/// Runs rules over recorded events: lines of documents take the way that
/// records of the kernel take live, from the engine on.
///
/// Nothing is known here but what documents say: no host, no process table.
public struct Replay: ~Copyable {
    let options: SensorOptions
    let replay: ReplayOptions
    let log: Logger
    let context: RecordContext
    let sources: [ReplaySource]
    let outlet: PatientOutlet
    let writer: Writer
    var reader: DocumentReader
    var engine: DetectionEngine
    var sink: AlertSink<PatientOutlet, NoEvidence>
    var event: Event
    var outcome = ReplayOutcome()
    var progress: ReplayProgress
    /// The time of events at which the flood limit is asked again.
    private var nextFlood = Int64.min
    private var toldBroken = 0
    /// What `--sort` keeps: 24 bytes for each event.
    var notes: [SortedLine] = []
    /// Of the first of two passes.
    var unconvertedBefore = 0

    /// Looks at the inputs and starts the writer. Signals are blocked from here
    /// on, in this thread and in those it starts.
    ///
    /// - Parameters:
    ///   - options: what is shared with `run`; rules compiled for documents.
    ///   - replay: the rest.
    public init(
        _ options: SensorOptions, _ replay: ReplayOptions, log: Logger
    ) throws(ReplayError) {
        let sources = try Replay.sources(replay)
        let parts = try Replay.makeOutput(options)
        // documents say where they come from; this host has no part in it
        let context = RecordContext(
            host: HostInfo(osType: ""), version: options.version, lineLimit: options.lineLimit,
            redacts: options.redacts)
        let encoder = RecordEncoder(
            context, options: options, generations: RuleGenerations(options.rules))
        let writer = try Replay.startWriter(parts, options, encoder)

        let exceptions = ExceptionSet(options.exceptions, for: options.rules)
        var requirement = options.rules.requirement
        requirement.formUnion(reading: exceptions.requirement)
        reader = DocumentReader(fields: requirement.fields)
        event = Event()
        engine = DetectionEngine(rules: options.rules, limits: Replay.limits)
        sink = AlertSink(
            evidence: NoEvidence(), exceptions: exceptions, limiter: AlertLimiter(limit: options.alertLimit),
            showsSuppressed: options.showsSuppressed, queue: parts.outlet)
        progress = ReplayProgress(
            isShown: replay.showsProgress, total: sources.reduce(0) { $0 + $1.size },
            passes: replay.sorts ? 2 : 1)
        self.sources = sources
        self.writer = writer
        outlet = parts.outlet
        self.options = options
        self.replay = replay
        self.log = log
        self.context = context
    }

    /// A file means the same whatever its order: nothing expires by the clock.
    private static var limits: DetectionLimits {
        var limits = DetectionLimits()
        limits.lateness = .max
        return limits
    }

    private static func sources(_ replay: ReplayOptions) throws(ReplayError) -> [ReplaySource] {
        if replay.sorts, replay.inputs.count > SortedLine.mostInputs {
            throw .tooManyInputs(limit: SortedLine.mostInputs)
        }
        var sources: [ReplaySource] = []
        for path in replay.inputs { sources.append(try ReplaySource(path)) }
        return sources
    }

    private struct OutputParts {
        let queue: MessageQueue
        let outlet: PatientOutlet
    }

    private static func makeOutput(_ options: SensorOptions) throws(ReplayError) -> OutputParts {
        let signals: SignalDescriptor
        do throws(SystemCallError) {
            signals = try SignalDescriptor([.interrupt, .terminate])
        } catch {
            throw .noThread(errno: error.code)
        }
        do throws(ThreadError) {
            let queue = try MessageQueue(capacity: options.queueSize)
            return OutputParts(queue: queue, outlet: PatientOutlet(queue, signals: signals))
        } catch {
            throw .noThread(errno: 0)
        }
    }

    private static func startWriter(
        _ parts: OutputParts, _ options: SensorOptions, _ encoder: sending RecordEncoder
    ) throws(ReplayError) -> Writer {
        let output = parts.outlet.output
        do throws(ThreadError) {
            return try Writer(
                queue: parts.queue, output: OutputDescriptor(options.outputDescriptor), encoder: encoder,
                whenBroken: { _ in output.isBroken.store(true, ordering: .releasing) })
        } catch {
            throw .noThread(errno: 0)
        }
    }

    // MARK: One line

    /// Takes one line through all steps.
    mutating func take(_ line: borrowing Span<UInt8>, of source: ReplaySource, number: Int) {
        guard !line.isBlank else { return }
        outcome.counters.lines += 1
        let kind: DocumentKind
        do throws(DocumentError) {
            kind = try reader.read(line, into: &event)
        } catch {
            tellBroken(source, number, error.text, compressed: line.looksCompressed)
            return
        }
        guard kind == .event else {
            outcome.counters.other += 1
            return
        }
        outcome.counters.events += 1
        if reader.wasShortened { outcome.counters.shortened += 1 }
        event.header.position = outcome.counters.events
        // exceptions end, and floods begin and end, by the time of events
        sink.now = event.header.timestamp
        if event.header.time >= nextFlood { tellFlood(at: event.header.time, isLast: false) }
        if engine.examine(event, into: &sink) != nil {
            // the rest of the evidence; what does not fit an event is left out
            let header = event.header
            if (try? reader.complete(line, into: &event)) == nil {
                _ = try? reader.read(line, into: &event)
            }
            event.header = header
        }
        engine.apply(event, into: &sink)
    }

    /// Counts a line that cannot be read, and names it.
    mutating func tellBroken(
        _ source: ReplaySource, _ number: Int, _ reason: String, compressed: Bool = false
    ) {
        outcome.counters.broken += 1
        if number == 1, compressed { outcome.looksCompressed = true }
        toldBroken += 1
        guard toldBroken <= Replay.mostTold else { return }
        progress.clear()
        log.warning("\(source.name):\(number): \(reason)")
        if toldBroken == Replay.mostTold { log.warning("further lines that cannot be read are only counted") }
    }

    private static let mostTold = 100

    // MARK: The end

    mutating func tellFlood(at time: Int64, isLast: Bool) {
        nextFlood = time.addingReportingOverflow(1_000_000_000).partialValue
        guard let flood = sink.limiter.takeFlood(at: time, isLast: isLast) else { return }
        var line: [UInt8] = []
        let rules = options.rules.rules
        switch options.format {
        case .ecs: FloodEncoder(context).append(flood, timestamp: sink.now, rules: rules, to: &line)
        case .ocsf: OCSFEncoder(context).append(flood, timestamp: sink.now, rules: rules, to: &line)
        case .text:
            TextEncoder(context, colours: options.usesColour)
                .append(flood, timestamp: sink.now, rules: rules, to: &line)
        }
        _ = sink.send(line: line)
    }

    /// Reads all inputs, and tells what was found.
    public mutating func run() throws(ReplayError) -> ReplayOutcome {
        let start = Clock.monotonic()
        sink.created = Clock.realtime()
        do throws(ReplayError) {
            if replay.sorts { try readSorted() } else { try readInOrder() }
        } catch {
            // what was found before still counts
            _ = finish(start)
            throw error
        }
        if replay.flushes, !outlet.wasInterrupted { engine.flush(into: &sink) }
        return finish(start)
    }

    private mutating func finish(_ start: Int64) -> ReplayOutcome {
        progress.clear()
        tellFlood(at: nextFlood, isLast: true)
        outcome.duration = Clock.monotonic() - start
        outcome.wasInterrupted = outlet.wasInterrupted
        outcome.alerts = sink.counters.sent
        outcome.suppressed = sink.counters.suppressed
        outcome.exceptions = sink.exceptions.uses.map { .init(name: $0.name, hits: $0.hits) }
        outcome.outOfOrder = engine.counters.lateEvents
        let record = statistics()
        outcome.lost = record.lost
        var line: [UInt8] = []
        switch options.format {
        case .ecs: StatsEncoder(context).append(record, to: &line)
        case .ocsf: OCSFEncoder(context).append(record, to: &line)
        // people read the summary on standard error
        case .text: break
        }
        if !line.isEmpty { _ = sink.send(line: line) }
        let summary = writer.finish(timeout: .seconds(outcome.wasInterrupted ? 5 : 3600))
        outcome.outputError = summary.errno
        outcome.unwritten = summary.lost
        return outcome
    }

    private func statistics() -> StatsRecord {
        var record = StatsRecord(
            action: "stopped", timestamp: Clock.realtime(), message: "Replayed recorded events",
            rulesHash: options.rules.digest, rulesLoaded: options.rules.rules.count)
        func add(_ stage: String, _ name: String, _ value: UInt64) {
            record.counters.append(StatsRecord.Counter(stage: stage, name: name, value: value))
        }
        let counters = outcome.counters
        let engine = self.engine.counters
        add("replay", "lines", counters.lines)
        add("replay", "bytes", counters.bytes)
        add("replay", "events", counters.events)
        add("replay", "other", counters.other)
        add("replay", "unconverted", UInt64(reader.unconverted - unconvertedBefore))
        add("replay", "shortened", counters.shortened)
        add("replay", "out_of_order", engine.lateEvents)
        add("engine", "events", engine.events)
        add("engine", "matches", engine.matches)
        add("engine", "pending", UInt64(self.engine.pendingCount))
        let keys = self.engine.ruleCounters
        add("engine", "null_keys", keys.reduce(0) { $0 + $1.nullKeys })
        add("engine", "unknown_keys", keys.reduce(0) { $0 + $1.unknownKeys })
        add("alerts", "sent", sink.counters.sent)
        add("alerts", "suppressed", sink.counters.suppressed)
        add("alerts", "suppressed_foreign", sink.exceptions.hits.reduce(0) { $0 + $1.foreign })
        record.exceptions = sink.exceptions.uses
        func lose(_ name: String, _ value: UInt64) {
            record.losses.append(StatsRecord.Loss(name: name, value: value))
        }
        lose("broken_lines", counters.broken)
        lose("sequence_evicted", engine.sequenceEvicted)
        lose("queue_full", sink.counters.queueFull)
        lose("write_failed", writer.counters.failed)
        lose("flood_suppressed", sink.counters.flooded)
        return record
    }
}

extension Span<UInt8> {
    var isBlank: Bool {
        for index in indices {
            switch self[index] {
            case 0x20, 0x09, 0x0d: continue
            default: return false
            }
        }
        return true
    }

    /// Begins as gzip, zstd or xz do.
    var looksCompressed: Bool {
        func starts(_ bytes: [UInt8]) -> Bool {
            count >= bytes.count && bytes.indices.allSatisfy { self[$0] == bytes[$0] }
        }
        return starts([0x1f, 0x8b]) || starts([0x28, 0xb5, 0x2f, 0xfd]) || starts([0xfd, 0x37, 0x7a, 0x58])
    }
}
