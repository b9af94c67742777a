internal import ECS

extension BenchResult {
    /// Everything as one JSON object. Times are nanoseconds, slowdowns percent.
    public var json: String {
        var writer = JSONWriter()
        writer.beginObject()
        writer.put("version", version)
        writer.put("kernel", kernel)
        writer.put("processors", processors)
        writer.put("hooks", hooks)
        writer.put("pairs", pairs)
        writer.objects("contenders", contenders) { contender, writer in
            writer.put("name", contender.name)
            writer.put("anonymous_bytes", contender.anonymousMemory)
            writer.put("mapped_bytes", contender.mappedMemory)
            writer.objects("workloads", contender.overheads) { overhead, writer in
                writer.put("workload", overhead.workload.key)
                writer.put("baseline_ns", overhead.baseline)
                writer.put("slowdown_percent", overhead.summary)
                writer.put("cpu_ns_per_1000", overhead.processorTime)
                writer.numbers("pairs_percent", overhead.pairs)
                if let budget = overhead.workload.budget { writer.put("budget_percent", budget) }
            }
        }
        writer.put("bpf_measuring_ns", measuring)
        writer.objects("bpf", hookCosts) { cost, writer in
            writer.put("workload", cost.key)
            writer.put("program", cost.program)
            writer.put("runs", Int(cost.runs))
            writer.put("run_ns", cost.times)
            writer.put("runs_per_operation", cost.runsPerOperation)
        }
        writer.objects("latency", latencies) { latency, writer in
            writer.put("situation", latency.name)
            writer.put("expected", latency.expected)
            writer.put("alerts", latency.count)
            writer.put("budget_p99_ns", Int(latency.limit))
            writer.times("to_alert_ns", latency.toAlert)
            writer.times("to_line_ns", latency.toLine)
            writer.times("to_reader_ns", latency.toReader)
        }
        writer.put("highest_starts_per_second", ceiling.rate)
        writer.put("lost_at_highest", Int(ceiling.lost))
        writer.put("lost", Int(lost))
        writer.put("conclusion", conclusion)
        writer.objects("budget", budgetLines) { line, writer in
            writer.put("what", line.what)
            writer.put("measured", line.measured)
            writer.put("budget", line.budget)
            writer.put("verdict", line.verdict.rawValue)
        }
        writer.key("left_out")
        writer.beginArray()
        for reason in left { writer.value(reason) }
        writer.endArray()
        writer.endObject()
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}

extension JSONWriter {
    fileprivate mutating func put(_ name: String, _ text: String) {
        key(name)
        value(text)
    }

    fileprivate mutating func put(_ name: String, _ number: Int) {
        key(name)
        value(number)
    }

    /// To three decimals.
    fileprivate mutating func put(_ name: String, _ number: Double) {
        key(name)
        value(decimals: number)
    }

    fileprivate mutating func put(_ name: String, _ summary: Summary?) {
        guard let summary else { return }
        key(name)
        beginObject()
        put("median", summary.median)
        put("q1", summary.quartiles.lowerBound)
        put("q3", summary.quartiles.upperBound)
        if let interval = summary.interval {
            put("low", interval.lowerBound)
            put("high", interval.upperBound)
        }
        endObject()
    }

    fileprivate mutating func times(_ name: String, _ times: [(percentile: Double, time: UInt64)]) {
        key(name)
        beginObject()
        for (percentile, time) in times { put("p" + percentileName(percentile), Int(time)) }
        endObject()
    }

    fileprivate mutating func numbers(_ name: String, _ numbers: [Double]) {
        key(name)
        beginArray()
        for number in numbers { value(decimals: number) }
        endArray()
    }
}
