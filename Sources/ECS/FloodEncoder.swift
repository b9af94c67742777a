public import Detection

/// Writes what was held back of a flood of alerts: one record with the count
/// and the sources of most.
public struct FloodEncoder: Sendable {
    public var context: RecordContext

    public init(_ context: RecordContext) { self.context = context }

    /// Appends the line of one flood, without a newline.
    ///
    /// - Parameters:
    ///   - timestamp: now, in nanoseconds since 1970, UTC.
    ///   - rules: the rules that the sources' indices count in.
    public func append(
        _ flood: AlertFlood, timestamp: Int64, rules: [Rule], to line: inout [UInt8]
    ) {
        LineFitter.append(to: &line, limit: context.lineLimit) { composer in
            composer.begin(at: timestamp)
            composer.describe(
                kind: "alert", category: "intrusion_detection", action: "alerts_suppressed",
                dataset: "imdswatch.flood")
            composer.text("message", message(of: flood, rules), .text, name: "message")
            composer.host(context)
            composer.text("imdswatch.version", context.version, .text, name: "imdswatch.version")
            composer.json.name("imdswatch.flood.count")
            composer.json.value(flood.count)
            composer.json.name("imdswatch.flood.others")
            composer.json.value(flood.others)
            composer.flood(flood.top, rules, name: "imdswatch.flood.top")
            composer.names("imdswatch.truncated", composer.truncated)
            composer.json.endObject()
        }
    }

    func message(of flood: AlertFlood, _ rules: [Rule]) -> String {
        let text = "\(flood.count) more alerts were held back"
        guard let first = flood.top.first else { return text }
        let executable = String(decoding: first.executable, as: UTF8.self)
        guard rules.indices.contains(first.ruleIndex) else { return text }
        let rule = rules[first.ruleIndex].name
        return text + ", most of them (\(first.count)) of rule \"\(rule)\""
            + (executable.isEmpty ? "" : " by \(executable)")
    }
}

extension LineComposer {
    /// The sources of most of a flood.
    mutating func flood(_ top: [AlertFlood.Source], _ rules: [Rule], name: String) {
        json.name(name)
        json.beginArray()
        for source in top { write(source, rules) }
        json.endArray()
    }

    private mutating func write(_ source: AlertFlood.Source, _ rules: [Rule]) {
        json.beginObject()
        if rules.indices.contains(source.ruleIndex) {
            let rule = rules[source.ruleIndex]
            text("rule.id", rule.id, .rule, name: "rule.id")
            text("rule.name", rule.name, .rule, name: "rule.name")
        }
        if !source.executable.isEmpty {
            json.name("process.executable")
            value(source.executable[...], .executable, name: "process.executable")
        }
        json.name("count")
        json.value(source.count)
        json.endObject()
    }
}
