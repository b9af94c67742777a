internal import Histogram
internal import Platform
internal import Recording

/// Measures what the sensor costs this host: the real one, as a process of its
/// own, beside load that is made in a network of its own. Bounded in time.
///
/// Slots with and without the sensor are interleaved, so that what else goes on
/// on the host weighs on both alike.
public struct Bench: ~Copyable {
    let options: BenchOptions
    let progress: (String) -> Void
    let worker: LoadWorker
    private let second: LoadWorker
    /// Operations of a slot.
    var counts: [UInt32]
    private var lost: Int64 = 0
    private var hooks = ""

    /// Makes the load's processes: call it before there are threads.
    ///
    /// - Parameter progress: told what is being done.
    public init(_ options: BenchOptions, progress: @escaping (String) -> Void) throws(BenchError) {
        let worker = try LoadWorker.start(on: 0)
        let second = try LoadWorker.start(on: 1)
        self.options = options
        self.progress = progress
        self.worker = worker
        self.second = second
        counts = Workload.allCases.map { _ in 1 }
    }

    /// Measures everything.
    public mutating func run() throws(BenchError) -> BenchResult {
        progress("finding slot sizes")
        for workload in Workload.allCases { try calibrate(workload) }
        var left: [String] = []
        let contenders = try measurePairs(&left)
        progress("run times of the BPF programs")
        let (costs, measuring) = try measureHooks()
        let latencies = [
            try measureLatency(.connection, storm: false), try measureLatency(.connection, storm: true),
            try measureLatency(.start, storm: false), try measureLatency(.start, storm: true),
        ]
        let ceiling = try measureCeiling()
        return BenchResult(
            version: options.version, kernel: Bench.kernel, processors: Bench.processors, hooks: hooks,
            pairs: options.pairs, contenders: contenders, hookCosts: costs, measuring: measuring,
            latencies: latencies,
            ceiling: ceiling, lost: lost, left: left)
    }

    private static var kernel: String {
        var bytes: [UInt8] = []
        guard (try? File.read("/proc/sys/kernel/osrelease", into: &bytes)) != nil else { return "" }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").first.map(String.init) ?? ""
    }

    private static var processors: Int {
        var bytes: [UInt8] = []
        guard (try? File.read("/proc/stat", into: &bytes, limit: 1 << 22)) != nil else { return 1 }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        return lines.count { $0.hasPrefix("cpu") } - 1
    }

    // MARK: The sensor

    func sensor(_ more: [String] = []) -> MeasuredProcess.Command {
        MeasuredProcess.Command(
            name: "imdswatch", path: "/proc/self/exe",
            arguments: ["run", "--format", "ecs", "--stats-interval", "0"] + options.sensorArguments + more,
            readyLine: "ready", patience: .seconds(20))
    }

    /// Ends a sensor and counts what it lost. Alerts that the flood limit held
    /// back are none of that: the load makes them.
    ///
    /// - Returns: its last record.
    @discardableResult
    mutating func stop(_ sensor: inout MeasuredProcess) -> MeasuredProcess.Line? {
        sensor.stop()
        let last = sensor.lines.last { $0.text("action") == Array("stopped".utf8) }
        let flooded = last?.number("flood_suppressed") ?? 0
        lost += max(0, (last?.number("lost") ?? 0) - flooded)
        if hooks.isEmpty, let last {
            hooks = ["connect4", "connect6"].compactMap { name in
                last.text(name).map { "\(name)=\(String(decoding: $0, as: UTF8.self))" }
            }.joined(separator: " ")
        }
        return last
    }

    // MARK: Slots

    private mutating func calibrate(_ workload: Workload) throws(BenchError) {
        var count: UInt32 = 20
        var each = try worker.run(.load(workload), count: count)
        while each * Double(count) < options.slot / 10, count < 10_000_000 {
            count *= 4
            each = try worker.run(.load(workload), count: count)
        }
        counts[Int(workload.rawValue)] = UInt32(max(10, min(10_000_000, options.slot / max(each, 1))))
    }

    /// Makes the sensor note starts, as it does on a host with an agent that asks
    /// for credentials again and again. It begins with the first such process.
    func showRegular() throws(BenchError) {
        for _ in 0..<3 { _ = try worker.run(.load(.regularConnections), count: 10) }
    }

    /// Nanoseconds for one operation.
    func slot(_ workload: Workload) throws(BenchError) -> Double {
        try worker.run(.load(workload), count: counts[Int(workload.rawValue)])
    }

    // MARK: Pairs

    /// One kind of slots: with nothing, with the sensor, or with another program.
    private struct Condition {
        var name: String
        var commands: [MeasuredProcess.Command]
        var isSensor = false
        /// By workload and pair.
        var times: [[Double]] = Workload.allCases.map { _ in [] }
        var processorTimes: [[Double]] = Workload.allCases.map { _ in [] }
        var memory = (anonymous: 0, mapped: 0)
    }

    private mutating func measurePairs(_ left: inout [String]) throws(BenchError) -> [Contender] {
        var conditions = [
            Condition(name: "nothing", commands: []),
            Condition(name: "imdswatch", commands: [sensor()], isSensor: true),
        ]
        if options.compares {
            for alternative in Alternative.all {
                if let obstacle = Bench.obstacle(to: alternative.commands) {
                    left.append("\(alternative.name): \(obstacle)")
                } else {
                    conditions.append(Condition(name: alternative.name, commands: alternative.commands))
                }
            }
        }
        for pair in 0..<options.pairs {
            progress("pair \(pair + 1) of \(options.pairs)")
            // each takes every place in turn
            for place in conditions.indices {
                let index = (place + pair) % conditions.count
                try measure(&conditions[index])
            }
        }
        let base = conditions[0]
        return conditions.dropFirst().map { condition in
            let overheads = Workload.allCases.map { workload in
                let index = Int(workload.rawValue)
                let pairs = zip(condition.times[index], base.times[index]).map { ($0 / $1 - 1) * 100 }
                return Overhead(
                    workload: workload, pairs: pairs, baseline: Summary(base.times[index])?.median ?? 0,
                    processorTime: Summary(condition.processorTimes[index]))
            }
            return Contender(
                name: condition.name, overheads: overheads, anonymousMemory: condition.memory.anonymous,
                mappedMemory: condition.memory.mapped)
        }
    }

    /// Why an alternative cannot be measured here; nil if all its programs start.
    private static func obstacle(to commands: [MeasuredProcess.Command]) -> String? {
        for command in commands {
            guard (try? File.metadata(of: command.path)) != nil else {
                return "\(command.path) is not installed"
            }
            do throws(BenchError) {
                var process = try MeasuredProcess.start(command, output: .dropped)
                process.stop()
            } catch {
                guard case .notReady(_, let said) = error else { return "\(error)" }
                let lines = said.split(separator: "\n")
                return
                    "\(command.name) did not start: \(lines.last { $0.contains("ERROR") } ?? lines.last ?? "")"
            }
        }
        return nil
    }

    /// How long nothing is done after each slot: the sensor fetches what waits in the
    /// ring within 50 ms. Without it as well, lest one of them come from a pause and the
    /// other not.
    private static let rest: Int64 = 120_000_000

    /// One slot of each workload.
    private mutating func measure(_ condition: inout Condition) throws(BenchError) {
        switch condition.commands.count {
        case 0:
            for workload in Workload.allCases {
                condition.times[Int(workload.rawValue)].append(try slot(workload))
                Clock.sleep(nanoseconds: Bench.rest)
            }
        case 1:
            var program = try MeasuredProcess.start(
                condition.commands[0], output: condition.isSensor ? .kept : .dropped)
            if condition.isSensor {
                try showRegular()
                program.read(for: .milliseconds(50))
            }
            for workload in Workload.allCases {
                let before = program.processorTime
                let each = try slot(workload)
                if condition.isSensor {
                    program.read(for: .nanoseconds(Bench.rest))
                } else {
                    Clock.sleep(nanoseconds: Bench.rest)
                }
                let count = Double(counts[Int(workload.rawValue)])
                condition.times[Int(workload.rawValue)].append(each)
                condition.processorTimes[Int(workload.rawValue)].append(
                    Double(program.processorTime - before) / count * 1_000)
            }
            condition.memory = program.memory
            if condition.isSensor { stop(&program) } else { program.stop() }
        default:
            var first = try MeasuredProcess.start(condition.commands[0], output: .dropped)
            var second = try MeasuredProcess.start(condition.commands[1], output: .dropped)
            for workload in Workload.allCases {
                let before = first.processorTime + second.processorTime
                let each = try slot(workload)
                Clock.sleep(nanoseconds: Bench.rest)
                let count = Double(counts[Int(workload.rawValue)])
                condition.times[Int(workload.rawValue)].append(each)
                condition.processorTimes[Int(workload.rawValue)].append(
                    Double(first.processorTime + second.processorTime - before) / count * 1_000)
            }
            let (one, two) = (first.memory, second.memory)
            condition.memory = (one.anonymous + two.anonymous, one.mapped + two.mapped)
            first.stop()
            second.stop()
        }
    }

    // MARK: Latency

    /// What completes the alerts that are timed.
    private enum Trigger { case connection, start }

    private mutating func measureLatency(_ trigger: Trigger, storm: Bool) throws(BenchError) -> Latency {
        var latency = Latency(
            name: (trigger == .connection ? "connection" : "program start")
                + (storm ? ", in a storm" : ", at rest"),
            limit: 1_000_000, limitText: "1 ms", expected: Int(options.accesses))
        var task = LoadWorker.Task.accesses(pause: storm ? 0 : 5_000)
        var arguments = ["--max-alerts", "0"]
        if trigger == .start {
            // nothing wakes the sensor: it looks every 50 ms under load, once a second at rest
            (latency.limit, latency.limitText) = storm ? (60_000_000, "60 ms") : (1_100_000_000, "1.1 s")
            latency.expected = Int(storm ? options.starts.storm : options.starts.rest)
            task = .requests(pause: storm ? 20_000 : 2_300_000)
            arguments += ["--rules", "builtin:credential-path-on-command-line"]
        }
        progress("from \(latency.name), to the alert")
        var program = try MeasuredProcess.start(sensor(arguments), output: .stamped)
        // read as by a collector that gets a processor at once: the sensor is measured, not this
        let scheduling = Scheduling.raise()
        defer { if scheduling == .realTime { Scheduling.lower() } }
        let stormCount = counts[Int(Workload.programs.rawValue)]
        // a sensor that was idle looks at longer intervals until it has seen load
        if storm {
            _ = try second.run(.load(.programs), count: 4 * stormCount)
            try second.begin(.load(.programs), count: stormCount)
        }
        let count = UInt32(latency.expected)
        try worker.begin(task, count: count)
        while !worker.isDone(within: .zero) {
            program.read(for: .milliseconds(20))
            if storm, second.isDone(within: .zero) {
                _ = try second.finish(count: stormCount)
                try second.begin(.load(.programs), count: stormCount)
            }
        }
        _ = try worker.finish(count: count)
        if storm { _ = try second.finish(count: stormCount) }
        program.read(for: .milliseconds(trigger == .start && !storm ? 1_200 : 200))
        stop(&program)

        var toAlert = Histogram<UInt64>(highestTrackableValue: 60_000_000_000)
        var toLine = toAlert
        var toReader = toAlert
        for line in program.lines where line.text("kind") == Array("alert".utf8) {
            // others on this host may be at work
            guard line.holds(LoadLoop.worker),
                let event = line.text("@timestamp").flatMap({ Timestamp.parse($0.span) }),
                let created = line.text("created").flatMap({ Timestamp.parse($0.span) })
            else { continue }
            _ = toAlert.record(UInt64(max(1, created - event)))
            _ = toLine.record(UInt64(max(1, line.written - event)))
            _ = toReader.record(UInt64(max(1, line.arrival - event)))
        }
        latency.count = Int(toAlert.totalCount)
        latency.toAlert = Bench.percentiles(of: toAlert)
        latency.toLine = Bench.percentiles(of: toLine)
        latency.toReader = Bench.percentiles(of: toReader)
        return latency
    }

    private static func percentiles(of histogram: Histogram<UInt64>) -> [(percentile: Double, time: UInt64)] {
        guard histogram.totalCount > 0 else { return [] }
        // of eight values the 90th percentile is the largest, and no more than that
        let values = Double(histogram.totalCount)
        return [50, 90, 99, 99.9, 100].filter { $0 == 100 || values * (100 - $0) > 99.99 }
            .map { ($0, histogram.valueAtPercentile($0)) }
    }

    // MARK: Ceiling

    private mutating func measureCeiling() throws(BenchError) -> Ceiling {
        progress("the highest rate of program starts")
        let before = lost
        var program = try MeasuredProcess.start(sensor(), output: .kept)
        let count = counts[Int(Workload.programs.rawValue)] * 10
        let begin = Clock.monotonic()
        try worker.begin(.load(.programs), count: count)
        try second.begin(.load(.programs), count: count)
        while !worker.isDone(within: .zero) || !second.isDone(within: .zero) {
            program.read(for: .milliseconds(50))
        }
        let seconds = Double(Clock.monotonic() - begin) / 1e9
        _ = try worker.finish(count: count)
        _ = try second.finish(count: count)
        stop(&program)
        return Ceiling(workers: 2, rate: 2 * Double(count) / seconds, lost: lost - before)
    }
}

extension Bench {
    /// The first argument that makes the executable a process that makes load; the
    /// second is the processor it stays on.
    public static var workerArgument: String { LoadLoop.argument }

    /// Whether this is the copy that a worker makes in its own network.
    public static var isWorker: Bool { LoadLoop.isWorker }

    /// Makes load as asked on descriptor 3.
    public static func work(on place: String) { _ = LoadLoop.serve(on: UInt32(place) ?? 0) }

    /// The argument that makes the executable one access, whose alert is timed.
    public static var accessArgument: String { Load.accessArgument }

    /// Opens a connection to the metadata address. Only a process of the
    /// bench's own network does so: there the address is its loopback's.
    public static func access() { _ = Load.access(LoadWorker.metadata, port: LoadWorker.closedPort) }
}
