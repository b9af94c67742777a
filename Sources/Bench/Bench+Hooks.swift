internal import Probes

/// The run times of the BPF programs.
extension Bench {
    /// A load under which programs are timed.
    private struct HookLoad {
        var name: String
        var key: String
        var task: LoadWorker.Task
        var count: UInt32
        /// Nanoseconds that a run of a program may take.
        var budgets: [ProbeProgram: Double] = [:]
        /// Beside a process that connects again and again: starts are noted then.
        var isBesideRegular = true
        /// Only the connect hooks are told of.
        var isConnection = false
    }

    private var hookLoads: [HookLoad] {
        func load(_ workload: Workload, budgets: [ProbeProgram: Double] = [:]) -> HookLoad {
            HookLoad(
                name: workload.name, key: workload.key, task: .load(workload),
                count: counts[Int(workload.rawValue)], budgets: budgets)
        }
        var starts = load(.programs, budgets: [.exec: 2_000])
        starts.isBesideRegular = false
        var noted = load(.programs)
        noted.name += " beside one that connects"
        noted.key += "_beside_regular"
        let connects = ProbeProgram.allCases.filter { $0.rawValue.hasPrefix("connect") }
        return [
            starts, noted,
            load(
                .unwantedConnections,
                budgets: Dictionary(uniqueKeysWithValues: connects.map { ($0, 100) })),
            load(.wantedConnections), load(.regularConnections),
            HookLoad(
                name: "connections, reported", key: "connect_reported", task: .accesses(pause: 0),
                count: 200, isBesideRegular: false, isConnection: true),
            load(.requests),
        ]
    }

    /// What the slots of one program under one load gave.
    private struct Slots {
        /// Nanoseconds a run, and of a program that does nothing, in the same rounds.
        var means: [Double] = []
        var emptyMeans: [Double] = []
        var runs: Int64 = 0
    }

    /// The mean of one slot is spoilt where the host takes the processor away in a
    /// program; the median of some is not.
    mutating func measureHooks() throws(BenchError) -> [HookCost] {
        guard let statistics = try? RunStatistics() else { return [] }
        let loads = hookLoads
        var slots = loads.map { _ in [ProbeProgram: Slots]() }
        for round in 1...options.hookSlots {
            progress("the run time of the BPF programs, \(round) of \(options.hookSlots)")
            for (index, load) in loads.enumerated() {
                let measured = try hookSlot(load)
                let empty = try emptySlot(load, Array(measured.keys))
                for (program, slot) in measured {
                    var all = slots[index][program] ?? Slots()
                    all.means.append(slot.mean)
                    all.runs += slot.runs
                    if let mean = empty[program] { all.emptyMeans.append(mean) }
                    slots[index][program] = all
                }
            }
        }
        withExtendedLifetime(statistics) {}
        return zip(loads, slots).flatMap { load, slots in
            ProbeProgram.allCases.compactMap { program in
                slots[program].flatMap { slots in
                    HookCost(
                        load: load.name, key: load.key, program: program.rawValue, runs: slots.runs,
                        operations: Double(load.count) * Double(slots.means.count),
                        budget: load.budgets[program], means: slots.means, emptyMeans: slots.emptyMeans)
                }
            }
        }
    }

    /// The programs that one load ran.
    private mutating func hookSlot(
        _ load: HookLoad
    ) throws(BenchError) -> [ProbeProgram: (mean: Double, runs: Int64)] {
        var program = try MeasuredProcess.start(sensor(), output: .kept)
        if load.isBesideRegular {
            try showRegular()
            program.read(for: .milliseconds(50))
        }
        _ = try worker.run(load.task, count: load.count)
        guard let last = stop(&program) else { return [:] }
        var slots: [ProbeProgram: (mean: Double, runs: Int64)] = [:]
        for program in ProbeProgram.allCases {
            guard !load.isConnection || program.rawValue.hasPrefix("connect"),
                let runs = last.number(program.rawValue + "_runs"),
                let time = last.number(program.rawValue + "_run_ns"),
                // of this load, not of the canary
                Double(runs) >= Double(load.count) / 2
            else { continue }
            slots[program] = (Double(time) / Double(runs), runs)
        }
        return slots
    }

    /// The same load without the sensor: what is measured of programs that do nothing
    /// at the tracepoints of those.
    private func emptySlot(
        _ load: HookLoad, _ programs: [ProbeProgram]
    ) throws(BenchError) -> [ProbeProgram: Double] {
        var means: [ProbeProgram: Double] = [:]
        for program in programs {
            guard let tracepoint = program.tracepoint, let empty = try? EmptyProgram(at: tracepoint) else {
                continue
            }
            _ = try worker.run(load.task, count: load.count)
            guard let counters = empty.counters, counters.runs > 0 else { continue }
            means[program] = Double(counters.runTime) / Double(counters.runs)
        }
        return means
    }
}
