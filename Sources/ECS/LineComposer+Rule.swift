public import Detection

/// The four words of rule files, as numbers.
enum Severity: Int {
    case low = 21
    case medium = 47
    case high = 73
    case critical = 99

    /// The word of a rule file; anything else counts as medium.
    init(_ word: String) {
        self =
            switch word.lowercased() {
            case "low": .low
            case "high": .high
            case "critical": .critical
            default: .medium
            }
    }

    /// `event.severity`, on the scale of risk scores.
    var score: Int { rawValue }
}

/// A rule with what records say of it, written once: it is the same in every
/// alert that is not too long.
public struct RenderedRule: Sendable {
    public let rule: Rule
    fileprivate let members: [UInt8]

    public init(_ rule: Rule) {
        self.rule = rule
        var composer = LineComposer(appendingTo: [], shape: .whole, budget: nil)
        composer.json.beginObject()
        composer.write(rule)
        composer.json.endObject()
        members = Array(composer.json.bytes.dropFirst().dropLast())
    }
}

extension LineComposer {
    /// `rule` and `threat`.
    mutating func rule(_ rendered: RenderedRule) {
        if budget == nil { json.members(rendered.members) } else { write(rendered.rule) }
    }

    fileprivate mutating func write(_ rule: Rule) {
        json.name("rule.id")
        value(Array(rule.id.utf8)[...], .rule, name: "rule.id")
        json.name("rule.name")
        value(Array(rule.name.utf8)[...], .rule, name: "rule.name")
        guard shape != .skeleton else {
            noteTruncated("rule.*")
            if !rule.threats.isEmpty { noteTruncated("threat.*") }
            return
        }
        text("rule.version", rule.version, .rule, name: "rule.version")
        text("rule.ruleset", rule.ruleset ?? "", .rule, name: "rule.ruleset")
        text("rule.license", rule.license ?? "", .rule, name: "rule.license")
        switch rule.references.count {
        case 0: break
        case 1: text("rule.reference", rule.references[0], .rule, name: "rule.reference")
        default: list("rule.reference", rule.references)
        }
        list("rule.author", rule.authors)
        threat(rule.threats)
    }

    /// One object with parallel arrays, as ECS has it.
    private mutating func threat(_ threats: [Threat]) {
        guard let framework = threats.first?.framework else { return }
        text("threat.framework", framework, .rule, name: "threat.framework")
        let techniques = threats.flatMap(\.techniques)
        references("threat.tactic", threats.compactMap(\.tactic))
        references("threat.technique", techniques.map(\.technique))
        references("threat.technique.subtechnique", techniques.flatMap(\.subtechniques))
    }

    private mutating func references(_ name: String, _ all: [Threat.Reference]) {
        // two tactics may name the same technique
        var unique: [Threat.Reference] = []
        for reference in all where !unique.contains(reference) { unique.append(reference) }
        list(name + ".id", unique.map(\.id))
        list(name + ".name", unique.map(\.name))
        list(name + ".reference", unique.map(\.url))
    }

    private mutating func list(_ name: String, _ texts: [String]) {
        guard !texts.isEmpty, texts.contains(where: { !$0.isEmpty }) else { return }
        json.name(name)
        values(texts.map { Array($0.utf8)[...] }, .rule, name: name)
    }
}
