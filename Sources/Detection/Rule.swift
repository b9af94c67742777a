public import EQL

/// A detection rule: a compiled query, and what an alert says about it.
public struct Rule: Sendable {
    /// Stable identifier, `rule.id` of an alert.
    public var id: String
    public var name: String
    public var description: String
    public var version: String
    /// `low`, `medium`, `high` or `critical`, as the file has it.
    public var severity: String
    /// 0 to 100.
    public var riskScore: Int
    public var authors: [String]
    public var license: String?
    public var references: [String]
    public var tags: [String]
    public var threats: [Threat]
    /// The collection that the rule belongs to: `imdswatch` for built-in ones.
    public var ruleset: String?
    /// The file that the rule was read from.
    public var file: String
    /// What the file says that has no effect here, such as `actions`.
    public var ignored: [String]
    /// The query as written.
    public var text: String
    public var query: CompiledQuery

    public init(
        id: String, name: String, description: String = "", version: String = "1",
        severity: String = Rule.defaultSeverity, riskScore: Int = Rule.defaultRiskScore,
        authors: [String] = [], license: String? = nil, references: [String] = [], tags: [String] = [],
        threats: [Threat] = [], ruleset: String? = nil, file: String = "", ignored: [String] = [],
        text: String, query: CompiledQuery
    ) {
        self.id = id
        self.name = name
        self.description = description
        self.version = version
        self.severity = severity
        self.riskScore = riskScore
        self.authors = authors
        self.license = license
        self.references = references
        self.tags = tags
        self.threats = threats
        self.ruleset = ruleset
        self.file = file
        self.ignored = ignored
        self.text = text
        self.query = query
    }

    /// What a rule file that does not say gets.
    public static let defaultSeverity = "medium"
    public static let defaultRiskScore = 47
}

/// How a rule maps to a framework of adversary behaviour.
public struct Threat: Sendable, Equatable {
    /// Something with an id, a name and a page that describes it.
    public struct Reference: Sendable, Equatable {
        public var id: String
        public var name: String
        public var url: String

        public init(id: String, name: String, url: String) {
            self.id = id
            self.name = name
            self.url = url
        }
    }

    public struct Technique: Sendable, Equatable {
        public var technique: Reference
        public var subtechniques: [Reference]

        public init(technique: Reference, subtechniques: [Reference] = []) {
            self.technique = technique
            self.subtechniques = subtechniques
        }
    }

    public var framework: String
    public var tactic: Reference?
    public var techniques: [Technique]

    public init(framework: String, tactic: Reference?, techniques: [Technique] = []) {
        self.framework = framework
        self.tactic = tactic
        self.techniques = techniques
    }
}
