public import Detection
internal import Events
internal import Recording

/// What came of a test of a rule.
public struct RuleTestResult: Sendable {
    public var test: RuleTest
    /// The lines of the events of each alert that was raised, in order.
    public var alerts: [[Int]]
    /// Lines that are not documents, and why.
    public var unreadable: [(line: Int, reason: String)]

    public var isPassed: Bool { unreadable.isEmpty && alerts == test.alerts }

    /// What differs from what was expected, a line each: `-` an alert that was
    /// expected and did not come, `+` one that came and was not expected.
    public var differences: [String] {
        var missing = test.alerts
        var unexpected: [[Int]] = []
        for alert in alerts {
            if let index = missing.firstIndex(of: alert) {
                missing.remove(at: index)
            } else {
                unexpected.append(alert)
            }
        }
        var lines = unreadable.map { "line \($0.line) is not a document: \($0.reason)" }
        lines += missing.map { "- expected an alert on lines \($0)" }
        lines += unexpected.map { "+ an alert on lines \($0)" }
        if lines.isEmpty, !isPassed { lines = ["the alerts came in another order: \(alerts)"] }
        return lines
    }
}

extension RuleTest {
    /// Lets the events pass a rule as `imdswatch replay` does: in the order of
    /// the lines, at the times that they say.
    public func run(_ rule: Rule) -> RuleTestResult {
        var limits = DetectionLimits()
        limits.lateness = .max
        var engine = DetectionEngine(rules: RuleSet([rule]), limits: limits)
        var reader = DocumentReader()
        var event = Event()
        var sink = LineCollector()
        var result = RuleTestResult(test: self, alerts: [], unreadable: [])
        let lines = events.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() where !line.allSatisfy(RuleTest.isBlank) {
            do throws(DocumentError) {
                try reader.read(Array(line).span, into: &event)
            } catch {
                result.unreadable.append((index + 1, error.text))
                continue
            }
            event.header.position = UInt64(index + 1)
            engine.process(event, into: &sink)
        }
        if flush { engine.flush(into: &sink) }
        result.alerts = sink.alerts
        return result
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0d }
}

/// Keeps the lines of the events of each match.
private struct LineCollector: MatchSink, ~Copyable {
    var alerts: [[Int]] = []

    mutating func matched(_ match: inout Match) {
        alerts.append(
            (0..<match.count).map { index in
                let image = match.arena.bytes.span.extracting(match.range(of: index))
                return EventSnapshot(image: image).map { Int($0.header.position) } ?? 0
            })
    }
}
