/// Writes statistics in the text format of Prometheus (exposition format
/// 0.0.4), for collectors that read files.
public struct MetricsEncoder: Sendable {
    public var context: RecordContext

    public init(_ context: RecordContext) { self.context = context }

    /// Appends all metrics of one record, a sample a line.
    ///
    /// Counters are `imdswatch_<stage>_<what>_total`, values that can fall
    /// `imdswatch_<stage>_<what>`, losses `imdswatch_lost_total` by reason, hits
    /// of exceptions `imdswatch_exception_hits_total` by name.
    public func append(_ record: StatsRecord, to text: inout [UInt8]) {
        func add(_ line: String) {
            text += Array(line.utf8)
            text.append(UInt8(ascii: "\n"))
        }
        add("# TYPE imdswatch_info gauge")
        let version = MetricsEncoder.label(context.version)
        let hash = MetricsEncoder.label(record.rulesHash)
        add("imdswatch_info{version=\"\(version)\",rules_hash=\"\(hash)\"} 1")
        add("# TYPE imdswatch_rules gauge")
        add("imdswatch_rules \(record.rulesLoaded)")
        if !record.hooks.isEmpty { add("# TYPE imdswatch_hook gauge") }
        for use in record.hooks { add("imdswatch_hook{event=\"\(use.family)\",hook=\"\(use.hook)\"} 1") }
        for counter in record.counters {
            let isGauge = MetricsEncoder.gauges.contains("\(counter.stage).\(counter.name)")
            let name = "imdswatch_\(counter.stage)_\(counter.name)" + (isGauge ? "" : "_total")
            add("# TYPE \(name) \(isGauge ? "gauge" : "counter")")
            add("\(name) \(counter.value)")
        }
        if !record.losses.isEmpty {
            add("# HELP imdswatch_lost_total What may have cost an event or an alert.")
            add("# TYPE imdswatch_lost_total counter")
        }
        for loss in record.losses { add("imdswatch_lost_total{reason=\"\(loss.name)\"} \(loss.value)") }
        let uses = MetricsEncoder.merged(record.exceptions)
        if !uses.isEmpty {
            add("# HELP imdswatch_exception_hits_total Matches that an exception held back.")
            add("# TYPE imdswatch_exception_hits_total counter")
        }
        for use in uses {
            add("imdswatch_exception_hits_total{name=\"\(MetricsEncoder.label(use.name))\"} \(use.hits)")
        }
        add("# TYPE imdswatch_updated_seconds gauge")
        add("imdswatch_updated_seconds \(record.timestamp / 1_000_000_000)")
    }

    /// What can fall.
    private static let gauges: Set<String> = [
        "ring.size", "ring.peak", "table.processes", "table.bytes", "engine.pending", "output.waiting",
    ]

    /// Exceptions of the same name as one: no two samples may have the same labels.
    private static func merged(_ uses: [StatsRecord.ExceptionUse]) -> [StatsRecord.ExceptionUse] {
        var places: [String: Int] = [:]
        var merged: [StatsRecord.ExceptionUse] = []
        for use in uses {
            if let place = places[use.name] {
                merged[place].hits += use.hits
            } else {
                places[use.name] = merged.count
                merged.append(use)
            }
        }
        return merged
    }

    /// By scalar: to a `Character`, a quote with an accent is no quote, and a
    /// carriage return takes the newline with it.
    private static func label(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result.append(contentsOf: "\\\\".unicodeScalars)
            case "\"": result.append(contentsOf: "\\\"".unicodeScalars)
            case "\n": result.append(contentsOf: "\\n".unicodeScalars)
            default: result.append(scalar)
            }
        }
        return String(result)
    }
}
