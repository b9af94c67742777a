internal import Detection
internal import ECS
internal import Events
internal import Output
internal import Platform
internal import Synchronization

/// The rule sets of a run, one for each load: alerts are told with the set that
/// found them, also when the rules are replaced while they wait.
final class RuleGenerations: Sendable {
    private let sets: Mutex<[RuleSet]>

    init(_ first: RuleSet) { sets = Mutex([first]) }

    /// Adds a set and returns its number.
    func add(_ set: RuleSet) -> Int {
        sets.withLock { sets in
            sets.append(set)
            return sets.count - 1
        }
    }

    subscript(number: Int) -> RuleSet? {
        sets.withLock { $0.indices.contains(number) ? $0[number] : nil }
    }
}

/// Makes lines of messages. Lives on the writer's thread.
struct RecordEncoder: MessageEncoder {
    private let generations: RuleGenerations
    private var rules: [RenderedRule]
    private let format: Format
    private let metricsFile: String?
    private var toldOfMetrics = false
    /// The image of an event to prepare with.
    private var sample: [UInt8] = []

    private enum Format {
        case ecs(AlertEncoder, EventEncoder)
        case ocsf(OCSFEncoder)
        case text(TextEncoder)
    }

    init(_ context: RecordContext, options: SensorOptions, generations: RuleGenerations) {
        self.generations = generations
        rules = options.rules.rules.map(RenderedRule.init)
        metricsFile = options.metricsFile
        format =
            switch options.format {
            case .ecs: .ecs(AlertEncoder(context), EventEncoder(context))
            case .ocsf: .ocsf(OCSFEncoder(context))
            case .text: .text(TextEncoder(context, colours: options.usesColour))
            }
    }

    mutating func encode(kind: UInt8, message: borrowing Span<UInt8>, into line: inout [UInt8]) -> Bool {
        switch MessageKind(rawValue: kind) {
        case .alert:
            guard let alert = AlertMessage.decode(message), rules.indices.contains(alert.ruleIndex)
            else { return false }
            append(alert, rules[alert.ruleIndex], to: &line)
        case .event:
            guard let event = EventSnapshot(image: message) else { return false }
            switch format {
            case .ecs(_, let encoder): encoder.append(event, to: &line)
            case .ocsf: break
            case .text(let encoder): encoder.append(event, to: &line)
            }
        case .line:
            line.append(copying: message)
        case .metrics:
            replaceMetrics(with: message)
        case .sample:
            sample = Array(copying: message)
        case .rules:
            guard let number: UInt32 = message.integer(at: 0), let set = generations[Int(number)]
            else { return false }
            rules = set.rules.map(RenderedRule.init)
        case nil:
            return false
        }
        return true
    }

    private func append(_ alert: Alert, _ rule: RenderedRule, to line: inout [UInt8]) {
        switch format {
        case .ecs(let encoder, _): encoder.append(alert, rule: rule, to: &line)
        case .ocsf(let encoder): encoder.append(alert, rule: rule.rule, to: &line)
        case .text(let encoder): encoder.append(alert, rule: rule.rule, to: &line)
        }
    }

    /// Makes a line that nobody sees. Alerts are rare, and the processor's caches
    /// have forgotten how to make one: that takes five times as long.
    mutating func prepare(_ scratch: inout [UInt8], while isWanted: () -> Bool) {
        guard let rule = rules.first, let event = EventSnapshot(image: sample.span) else { return }
        let alert = Alert(
            ruleIndex: 0, sequence: 0, created: event.header.timestamp, events: [event],
            ancestry: [], suppressedBy: nil, isTest: true)
        if case .ecs(let encoder, _) = format {
            encoder.rehearse(alert, rule: rule, in: &scratch, while: isWanted)
        } else {
            append(alert, rule, to: &scratch)
        }
    }

    /// A file that cannot be written is told of once: it costs no record.
    private mutating func replaceMetrics(with content: borrowing Span<UInt8>) {
        guard let path = metricsFile else { return }
        do throws(FileError) {
            try File.replace(path, with: content)
            toldOfMetrics = false
        } catch {
            guard !toldOfMetrics else { return }
            toldOfMetrics = true
            StandardError.write("imdswatch: \(path) cannot be written: \(error)\n")
        }
    }
}
