/// One figure beside what it may be.
public struct BudgetLine: Sendable {
    public var what: String
    public var measured: String
    public var detail: String
    /// As DESIGN has it; empty where there is none.
    public var budget: String
    public var verdict: Verdict

    public enum Verdict: String, Sendable {
        case met = "met"
        case missed = "OVER"
        /// The interval holds the budget: more pairs, or a quieter host, would tell.
        case unclear = "unclear"
        case none = ""

        /// - Parameter interval: where the true median lies.
        init(_ interval: ClosedRange<Double>?, limit: Double) {
            self =
                interval.map { $0.upperBound <= limit ? .met : $0.lowerBound > limit ? .missed : .unclear }
                ?? .unclear
        }
    }
}

extension BenchResult {
    /// All figures of the sensor, with their budgets.
    public var budgetLines: [BudgetLine] {
        slowdowns + hookTimes + consumption + latencyLines + losses
    }

    /// How the figures stand to their budgets, in a sentence or two.
    public var conclusion: String {
        let judged = budgetLines.filter { $0.verdict != .none }
        func names(_ verdict: BudgetLine.Verdict) -> [String] {
            judged.filter { $0.verdict == verdict }.map(\.what)
        }
        let (met, missed, unclear) = (names(.met), names(.missed), names(.unclear))
        var text = "\(met.count) of \(judged.count) budgets met."
        if !missed.isEmpty { text += "\nOver: " + missed.joined(separator: "; ") + "." }
        if !unclear.isEmpty {
            text +=
                "\nUnclear, the intervals are too wide: " + unclear.joined(separator: "; ")
                + ". More --pairs, or a quieter hour, make them narrower."
        }
        return text
    }

    private var sensor: Contender? { contenders.first }

    private var slowdowns: [BudgetLine] {
        (sensor?.overheads ?? []).compactMap { overhead in
            guard let summary = overhead.summary else { return nil }
            let interval = summary.interval
            let text = interval.map { "95 %: \(percent($0.lowerBound)) to \(percent($0.upperBound))" }
            let budget = overhead.workload.budget
            return BudgetLine(
                what: "slows " + overhead.workload.name, measured: percent(summary.median),
                detail: (text ?? "too few pairs for an interval")
                    + (summary.isReal ? "" : ", difference not shown")
                    + "; \(time(overhead.baseline)) each without",
                budget: budget.map { "<= \(decimal($0, $0 < 1 ? 1 : 0)) %" } ?? "",
                verdict: budget.map { BudgetLine.Verdict(interval, limit: $0) } ?? .none)
        }
    }

    private var hookTimes: [BudgetLine] {
        let taken = measuring?.median ?? 0
        var lines = hookCosts.map { cost in
            let times = cost.times.shifted(by: -taken)
            let quartiles = times.quartiles
            return BudgetLine(
                what: "BPF \(cost.program), \(cost.load)", measured: time(times.median),
                detail: "a run, quartiles \(time(quartiles.lowerBound)) to \(time(quartiles.upperBound)); "
                    + (measuring == nil ? "with what the measuring takes; " : "")
                    + "\(cost.runs) runs, also for others on this host: "
                    + "\(decimal(cost.runsPerOperation, 1)) for each operation of the load",
                budget: cost.budget.map { "<= \(time($0))" } ?? "",
                verdict: cost.budget.map { BudgetLine.Verdict(times.interval, limit: $0) } ?? .none)
        }
        if let measuring {
            lines.append(
                BudgetLine(
                    what: "measured of an empty BPF program", measured: time(measuring.median),
                    detail: "the measuring: taken off each of the above", budget: "", verdict: .none))
        }
        return lines
    }

    private var consumption: [BudgetLine] {
        guard let sensor else { return [] }
        var lines = sensor.overheads.compactMap { overhead -> BudgetLine? in
            guard let summary = overhead.processorTime, overhead.workload != .calls else { return nil }
            return BudgetLine(
                what: "sensor's CPU, 1,000 \(overhead.workload.name)", measured: time(summary.median),
                detail:
                    "quartiles \(time(summary.quartiles.lowerBound)) to \(time(summary.quartiles.upperBound))",
                budget: "", verdict: .none)
        }
        let megabytes = Double(sensor.anonymousMemory) / 1_048_576
        lines.append(
            BudgetLine(
                what: "anonymous memory", measured: "\(decimal(megabytes, 1)) MB",
                detail:
                    "and \(decimal(Double(sensor.mappedMemory) / 1_048_576, 1)) MB of file and ring pages",
                budget: "<= 24 MB", verdict: megabytes <= 24 ? .met : .missed))
        return lines
    }

    private var latencyLines: [BudgetLine] {
        latencies.flatMap { latency -> [BudgetLine] in
            let complete =
                latency.count == latency.expected ? "" : ", \(latency.expected - latency.count) missing"
            return latency.parts.map { name, times in
                func at(_ percentile: Double) -> UInt64? {
                    times.first { $0.percentile == percentile }?.time
                }
                let others = times.map {
                    ($0.percentile == 100 ? "" : "p")
                        + "\(percentileName($0.percentile)) \(time(Double($0.time)))"
                }
                let measure = at(99) == nil ? "max" : "p99"
                let worst = at(99) ?? at(100)
                // how soon a reader gets a processor is not the sensor's to say
                let isBudgeted = name != "to its reader"
                let isMet = worst.map { $0 <= latency.limit && complete.isEmpty } ?? false
                // the longest of a few may be over where the percentile is not
                let verdict: BudgetLine.Verdict =
                    isMet ? .met : at(99) == nil && complete.isEmpty ? .unclear : .missed
                return BudgetLine(
                    what: "\(latency.name), \(name), \(measure)",
                    measured: worst.map { time(Double($0)) } ?? "-",
                    detail: others.joined(separator: ", ") + "; \(latency.count) alerts\(complete)",
                    budget: isBudgeted ? "<= \(latency.limitText)" : "",
                    verdict: isBudgeted ? verdict : .none)
            }
        }
    }

    private var losses: [BudgetLine] {
        [
            BudgetLine(
                what: "highest rate of program starts", measured: "\(decimal(ceiling.rate, 0))/s",
                detail: "\(ceiling.workers) loops at once; \(ceiling.lost) lost",
                budget: "0 lost", verdict: ceiling.lost == 0 ? .met : .missed),
            BudgetLine(
                what: "events lost, all runs", measured: "\(lost)", detail: "", budget: "0",
                verdict: lost == 0 ? .met : .missed),
        ]
    }
}

func percentileName(_ percentile: Double) -> String {
    percentile == 100 ? "max" : decimal(percentile, percentile == percentile.rounded() ? 0 : 1)
}

/// A number with so many decimals.
func decimal(_ value: Double, _ places: Int) -> String {
    guard value.isFinite, value.magnitude < 1e15 else { return "-" }
    var factor = 1.0
    for _ in 0..<places { factor *= 10 }
    let scaled = Int64((value.magnitude * factor).rounded())
    var digits = String(scaled)
    while digits.count <= places { digits = "0" + digits }
    let sign = value < 0 && scaled > 0 ? "-" : ""
    guard places > 0 else { return sign + digits }
    return sign + digits.dropLast(places) + "." + digits.suffix(places)
}

func percent(_ value: Double) -> String { (value > 0 ? "+" : "") + decimal(value, 2) + " %" }

/// A time in the unit that suits it.
func time(_ nanoseconds: Double) -> String {
    switch nanoseconds.magnitude {
    case ..<10_000: decimal(nanoseconds, 0) + " ns"
    case ..<1_000_000: decimal(nanoseconds / 1_000, 1) + " us"
    case ..<1_000_000_000: decimal(nanoseconds / 1_000_000, 2) + " ms"
    default: decimal(nanoseconds / 1_000_000_000, 2) + " s"
    }
}
