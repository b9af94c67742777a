public import EQL
internal import Events

/// The rules that are loaded together. Does not change once made.
public struct RuleSet: Sendable {
    public let rules: [Rule]

    /// What all rules need of the host together.
    public let requirement: Requirement

    /// SHA-256, in hex, of what the rules say: two hosts with the same digest
    /// look for the same things.
    public let digest: String

    public init(_ rules: [Rule]) {
        self.rules = rules
        requirement = RuleSet.requirement(of: rules)
        digest = RuleSet.digest(of: rules)
    }

    /// The index of the rule with that id, or nil.
    public func index(ofRule id: String) -> Int? {
        rules.firstIndex { $0.id == id }
    }

    private static func requirement(of rules: [Rule]) -> Requirement {
        var all = Requirement()
        for rule in rules { all.formUnion(rule.query.requirement) }

        // An identity never equals a text. Where one key of a position is
        // compared as text, all that it is joined with must be text too;
        // what is text for one rule is text for all.
        var grown = true
        while grown {
            grown = false
            for rule in rules {
                for fields in rule.query.joinedFields {
                    let isText = fields.contains {
                        !$0.holdsIdentity || all.identityTexts.contains($0)
                    }
                    guard isText else { continue }
                    for field in fields where field.holdsIdentity && !all.identityTexts.contains(field) {
                        all.identityTexts.insert(field)
                        grown = true
                    }
                }
            }
        }
        return all
    }

    private static func digest(of rules: [Rule]) -> String {
        var hash = SHA256()
        for rule in rules {
            for text in [rule.id, rule.name, rule.version, rule.severity, rule.text] {
                hash.update(Array(text.utf8))
                hash.update([0])
            }
            hash.update(Array("\(rule.riskScore)".utf8) + [0])
        }
        return hash.hexDigest()
    }
}

extension CompiledQuery {
    /// The fields that are joined with each other, by position of the key.
    var joinedFields: [[Field]] {
        let stages = self.stages + (until.map { [$0] } ?? [])
        let positions = stages.map(\.keys.count).max() ?? 0
        return (0..<positions).map { position in
            stages.compactMap { position < $0.keys.count ? $0.keys[position].field : nil }
        }
    }
}

extension Field {
    /// Whether live events hold the identity of a process here, not text.
    var holdsIdentity: Bool {
        switch self {
        case .processEntityID, .parentEntityID, .entryLeaderEntityID, .sessionLeaderEntityID,
            .groupLeaderEntityID:
            true
        default:
            false
        }
    }
}
