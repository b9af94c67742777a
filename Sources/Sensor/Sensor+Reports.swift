internal import Detection
internal import ECS
internal import Events
internal import Logging
internal import Output
internal import Platform
internal import Probes
internal import Processes

extension Sensor {
    var hooksInUse: [StatsRecord.HookUse] {
        ProbeFact.allCases.compactMap { fact in
            probes.report(fact).chosen.map { StatsRecord.HookUse(family: fact.name, hook: $0.name) }
        }
    }

    /// Once a second: clocks, time that passes without events, and new losses,
    /// which are told at once.
    mutating func tick() {
        let boot = Clock.boottime()
        pipeline.tick(boot: boot, utc: boot + Clock.bootToUTC())
        tellFlood(isLast: false)
        keepProving()
        let record = statistics(action: "loss")
        guard record.lost > toldLosses else { return }
        if send(record) { toldLosses = record.lost }
    }

    /// Puts a record about the sensor itself on the output.
    ///
    /// - Returns: how much is lost by now.
    @discardableResult
    mutating func report(_ action: String, message: String = "") -> UInt64 {
        var record = statistics(action: action)
        record.message = message
        if send(record) { toldLosses = record.lost }
        if options.metricsFile != nil {
            var metrics: [UInt8] = []
            MetricsEncoder(context).append(record, to: &metrics)
            if !pipeline.sink.send(metrics: metrics) { log.warning("no room for the file of metrics") }
        }
        return record.lost
    }

    /// Whether it is told: not where there is no room, and not to people who want alerts.
    private mutating func send(_ record: StatsRecord) -> Bool {
        var line: [UInt8] = []
        switch options.format {
        case .ecs:
            StatsEncoder(context).append(record, to: &line)
        case .ocsf:
            OCSFEncoder(context).append(record, to: &line)
        case .text:
            // people are told of losses; the rest would be noise between alerts
            guard ["loss", "hook_changed", "reload_failed"].contains(record.action) else { return false }
            TextEncoder(context, colours: options.usesColour).append(record, to: &line)
        }
        if pipeline.sink.send(line: line) { return true }
        log.warning("no room for a record", metadata: ["action": "\(record.action)"])
        return false
    }

    /// Tells what the alert limiter held back.
    mutating func tellFlood(isLast: Bool) {
        guard let flood = pipeline.sink.limiter.takeFlood(at: Clock.boottime(), isLast: isLast) else {
            return
        }
        var line: [UInt8] = []
        let now = pipeline.sink.now
        switch options.format {
        case .ecs: FloodEncoder(context).append(flood, timestamp: now, rules: rules.rules, to: &line)
        case .ocsf: OCSFEncoder(context).append(flood, timestamp: now, rules: rules.rules, to: &line)
        case .text:
            TextEncoder(context, colours: options.usesColour)
                .append(flood, timestamp: now, rules: rules.rules, to: &line)
        }
        _ = pipeline.sink.send(line: line)
    }

    /// Every counter of every stage, and what may have cost an event or alert.
    private mutating func statistics(action: String) -> StatsRecord {
        var record = StatsRecord(
            action: action, timestamp: Clock.realtime(), hooks: hooksInUse, rulesHash: rules.digest,
            rulesLoaded: rules.rules.count)
        // a reading that fails must not look as if nothing had been lost
        if let latest = try? probes.counters() { kernelCounters = latest }
        let kernel = kernelCounters
        let written = writer.counters
        let table = pipeline.table.counters
        let engine = pipeline.engine.counters
        let sink = pipeline.sink.counters

        func add(_ stage: String, _ name: String, _ value: UInt64) {
            record.counters.append(StatsRecord.Counter(stage: stage, name: name, value: value))
        }
        for fact in ProbeFact.allCases where probes.report(fact).chosen != nil {
            for kind in CounterKind.allCases where ![.dropped, .failed, .standby].contains(kind) {
                if kind == .idle, fact.family == nil { continue }
                add(fact.name, "\(kind)", kernel[fact, kind])
            }
        }
        // while somebody has the kernel measure them (kernel.bpf_stats_enabled)
        for program in kernel.programs where program.runs > 0 {
            add("bpf", program.program.rawValue + "_runs", program.runs)
            add("bpf", program.program.rawValue + "_run_ns", program.runTime)
        }
        add("ring", "size", UInt64(ring.size))
        add("ring", "peak", UInt64(ring.peakFill))
        add("ring", "reordered", ring.reordered)
        add("decode", "records", pipeline.counters.records)
        add("decode", "exempt", pipeline.counters.exempt)
        for (name, value) in table.named { add("table", name, UInt64(value)) }
        add("engine", "events", engine.events)
        add("engine", "matches", engine.matches)
        add("engine", "late_events", engine.lateEvents)
        add("engine", "pending", UInt64(pipeline.engine.pendingCount))
        let keys = pipeline.engine.ruleCounters
        add("engine", "null_keys", keys.reduce(0) { $0 + $1.nullKeys })
        add("engine", "unknown_keys", keys.reduce(0) { $0 + $1.unknownKeys })
        add("alerts", "sent", sink.sent)
        add("alerts", "suppressed", sink.suppressed)
        let foreign = pipeline.sink.exceptions.hits.reduce(0) { $0 + $1.foreign }
        add("alerts", "suppressed_foreign", foreign)
        record.exceptions = pipeline.sink.exceptions.uses
        add("output", "queued", written.queue.queued)
        add("output", "written", written.written)
        add("output", "waiting", written.waiting)

        func lose(_ name: String, _ value: UInt64) {
            record.losses.append(StatsRecord.Loss(name: name, value: value))
        }
        lose("ring_full", kernel.total(.dropped))
        lose("malformed", pipeline.counters.malformed + ring.malformed)
        lose("record_failed", kernel.total(.failed))
        lose("recursion", kernel.recursionMisses)
        lose("sequence_evicted", engine.sequenceEvicted)
        lose("table_evicted", UInt64(table.evicted + table.full))
        lose("late", ring.late)
        lose("queue_full", sink.queueFull + sink.eventsQueueFull)
        lose("write_failed", written.failed)
        lose("flood_suppressed", sink.flooded)
        lose("hook_silent", proving.silences)
        return record
    }

    /// Drains, tells the final counters, and waits for the writer.
    mutating func finish() -> SensorOutcome {
        // what is in the ring still counts, but a storm must not keep us for ever
        for _ in 0..<20 {
            if drain() == 0 { break }
        }
        tick()
        tellFlood(isLast: true)
        let lost = report("stopped")
        let summary = writer.finish(timeout: .seconds(5))
        return SensorOutcome(
            outputError: summary.errno, unwritten: summary.lost, alerts: pipeline.sink.counters.sent,
            lost: lost)
    }
}

extension ExceptionSet {
    /// How often each exception was used.
    var uses: [StatsRecord.ExceptionUse] {
        exceptions.indices.map {
            StatsRecord.ExceptionUse(name: exceptions[$0].name, hits: hits[$0].suppressed)
        }
    }
}

extension ProcessCounters {
    /// The counters by name, but for what is a loss.
    fileprivate var named: [(String, Int)] {
        [
            ("processes", processes), ("bytes", bytes), ("seeded", seeded),
            ("arguments_evicted", argumentsEvicted), ("recycled", recycled), ("reused", reused),
            ("late", late), ("execs_missed", execsMissed), ("parent_from_table", parentFromTable),
            ("parent_from_proc", parentFromProc), ("parent_unknown", parentUnknown),
        ]
    }
}
