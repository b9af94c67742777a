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
        var budgets: [String: Double] = [:]
        /// Beside a process that connects again and again: starts are noted then.
        var isBesideRegular = true
        /// Only the connect hooks are told of.
        var isConnection = false
    }

    private var hookLoads: [HookLoad] {
        func load(_ workload: Workload, budgets: [String: Double] = [:]) -> HookLoad {
            HookLoad(
                name: workload.name, key: workload.key, task: .load(workload),
                count: counts[Int(workload.rawValue)], budgets: budgets)
        }
        var starts = load(.programs, budgets: [ProbeProgram.exec.rawValue: 2_000])
        starts.isBesideRegular = false
        var noted = load(.programs)
        noted.name += " beside one that connects"
        noted.key += "_beside_regular"
        let connects = ProbeProgram.allCases.filter { $0.rawValue.hasPrefix("connect") }
        return [
            starts, noted,
            load(
                .unwantedConnections,
                budgets: Dictionary(uniqueKeysWithValues: connects.map { ($0.rawValue, 100) })),
            load(.wantedConnections), load(.regularConnections),
            HookLoad(
                name: "connections, reported", key: "connect_reported", task: .accesses(pause: 0),
                count: 200, isBesideRegular: false, isConnection: true),
            load(.requests),
        ]
    }

    /// The mean of one slot is spoilt where the host takes the processor away in a
    /// program; the median of some is not.
    ///
    /// - Returns: what they cost, and what the measuring takes of that.
    mutating func measureHooks() throws(BenchError) -> (costs: [HookCost], measuring: Summary?) {
        guard let statistics = try? RunStatistics() else { return ([], nil) }
        let loads = hookLoads
        var means = loads.map { _ in [String: [Double]]() }
        var runs = loads.map { _ in [String: Int64]() }
        var empty: [Double] = []
        for round in 1...options.hookSlots {
            progress("the run time of the BPF programs, \(round) of \(options.hookSlots)")
            if let mean = try emptySlot() { empty.append(mean) }
            for (index, load) in loads.enumerated() {
                for (program, slot) in try hookSlot(load) {
                    means[index][program, default: []].append(slot.mean)
                    runs[index][program, default: 0] += slot.runs
                }
            }
        }
        withExtendedLifetime(statistics) {}
        var costs: [HookCost] = []
        for (index, load) in loads.enumerated() {
            for program in ProbeProgram.allCases.map(\.rawValue) {
                guard let all = means[index][program], let times = Summary(all),
                    let runs = runs[index][program]
                else { continue }
                costs.append(
                    HookCost(
                        load: load.name, key: load.key, program: program, runs: runs, times: times,
                        runsPerOperation: Double(runs) / Double(load.count) / Double(all.count),
                        budget: load.budgets[program]))
            }
        }
        return (costs, Summary(empty))
    }

    /// What is measured of a program that does nothing, where it is in the caches: less
    /// than of one that is not, whose own code has to be fetched without measuring, too.
    private func emptySlot() throws(BenchError) -> Double? {
        guard let program = try? EmptyProgram(at: "inet_sock_set_state") else {
            return nil
        }
        _ = try slot(.unwantedConnections)
        guard let counters = program.counters, counters.runs > 0 else { return nil }
        return Double(counters.runTime) / Double(counters.runs)
    }

    /// The programs that one load ran, by name.
    private mutating func hookSlot(
        _ load: HookLoad
    ) throws(BenchError) -> [String: (mean: Double, runs: Int64)] {
        var program = try MeasuredProcess.start(sensor(), output: .kept)
        if load.isBesideRegular {
            try showRegular()
            program.read(for: .milliseconds(50))
        }
        _ = try worker.run(load.task, count: load.count)
        guard let last = stop(&program) else { return [:] }
        var slots: [String: (mean: Double, runs: Int64)] = [:]
        for name in ProbeProgram.allCases.map(\.rawValue) {
            guard !load.isConnection || name.hasPrefix("connect"),
                let runs = last.number(name + "_runs"), let time = last.number(name + "_run_ns"),
                // of this load, not of the canary
                Double(runs) >= Double(load.count) / 2
            else { continue }
            slots[name] = (Double(time) / Double(runs), runs)
        }
        return slots
    }
}
