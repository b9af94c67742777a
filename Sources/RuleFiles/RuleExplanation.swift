public import Detection
public import EQL
public import Events

/// What a rule looks for and what it needs of the host, as data.
public struct RuleExplanation: Sendable {
    /// One item of the query; `with runs=n` is one item.
    public struct Stage: Sendable {
        public enum Role: String, Sendable {
            case event, missing, until
        }

        public var role: Role
        /// How many times in a row.
        public var runs: Int
        /// Live events that can satisfy it.
        public var kinds: [String]
        public var destinations: Requirement.Destinations
        /// Fields that the condition and the keys read.
        public var fields: [Field]
        public var keys: [JoinKey]
        /// The most tests that one event takes.
        public var tests: Int
        /// What an event must show to be tested at all; empty for every event
        /// of these kinds.
        public var needs: [Need]

        /// Ids of users and groups that it compares with what is no number.
        var wordsAsIDs: [Field]

        /// Fields that it compares with text in which a star stands for itself.
        var literalStars: [Field]

        /// Fields that it compares with regular expressions that have ^ or $.
        var anchors: [Field]

        /// Whether it holds for every event of its kinds.
        var holdsAlways: Bool

        /// Whether the sensor has no event that could satisfy it.
        public var isImpossible: Bool { kinds.isEmpty }
    }

    public var isSequence: Bool
    /// Nanoseconds; nil if there is no limit.
    public var maxspan: Int64?
    public var stages: [Stage]
    /// How long after a start connections beside it can matter to this rule alone:
    /// nanoseconds; nil if any can.
    public var connectionWindow: Int64?
    /// Whether they can where the same process has already made the same one since.
    public var repeatedConnectionsMatter: Bool
    public var requirement: Requirement
    /// What the file says that has no effect here.
    public var ignored: [String]

    public init(_ rule: Rule) {
        let query = rule.query
        isSequence = query.shape == .sequence
        maxspan = query.maxspan
        let alone = RuleSet([rule])
        connectionWindow = alone.connectionWindow
        repeatedConnectionsMatter = alone.repeatedConnectionsMatter
        requirement = query.requirement
        ignored = rule.ignored
        stages = []
        var next = 0
        for runs in query.runs where next < query.stages.count {
            let stage = query.stages[next]
            stages.append(RuleExplanation.stage(stage, stage.isMissing ? .missing : .event, runs: runs))
            next += runs
        }
        if let until = query.until { stages.append(RuleExplanation.stage(until, .until, runs: 1)) }
    }

    /// Why the rule cannot raise an alert on live events although it loads, or
    /// nil: no event of the sensor satisfies one that it waits for.
    public var obstacle: String? {
        guard let index = stages.firstIndex(where: { $0.role == .event && $0.isImpossible }) else {
            return nil
        }
        let which = isSequence ? "event \(index + 1) of the sequence" : "it"
        let hint = !stages[index].wordsAsIDs.isEmpty ? " (ids of users and groups are numbers)" : ""
        return "cannot match on a host: the sensor has no event that satisfies \(which)\(hint)"
    }

    /// Why the rule may not do what it is written for, although it loads: `obstacle`, and
    /// tests that come out another way than they read.
    public var warnings: [String] {
        var warnings = obstacle.map { [$0] } ?? []
        // what an obstacle of this kind says is said
        let stalled = stages.firstIndex { $0.role == .event && $0.isImpossible }
        let rest = stages.indices.filter { $0 != stalled }.flatMap { stages[$0].wordsAsIDs }
        for name in RuleExplanation.names(rest) {
            warnings.append(
                "compares \(name) with text, and ids are numbers on a host: that test never holds, and under “not” "
                    + "always does")
        }
        for name in RuleExplanation.names(stages.flatMap(\.literalStars)) {
            warnings.append(
                "compares \(name) with a text in which * stands for itself; for a pattern use “:” or “like”")
        }
        for name in RuleExplanation.names(stages.flatMap(\.anchors)) {
            warnings.append(
                "compares \(name) with a regular expression in which ^ or $ stands for itself: all of a text is "
                    + "compared in any case; leave them out")
        }
        if !isSequence, let stage = stages.first, stage.holdsAlways, !stage.isImpossible {
            warnings.append("asks for nothing: it raises an alert for every event of its kind")
        }
        if isSequence, stages.allSatisfy({ $0.keys.allSatisfy(RuleExplanation.isCommon) }) {
            warnings.append(
                "joins events by nothing that tells one program from another: those of any two become a match; say "
                    + "what they have in common, as in “sequence by process.parent.entity_id”")
        }
        return warnings
    }

    /// Whether all events of a host, or of a kind, have the same value.
    private static func isCommon(_ key: JoinKey) -> Bool {
        let name = key.field.info.name
        return name.hasPrefix("host.") || name.hasPrefix("event.")
    }

    /// Each once, in the order in which the query has them.
    private static func names(_ fields: [Field]) -> [String] {
        var names: [String] = []
        for field in fields where !names.contains(field.name) { names.append(field.name) }
        return names
    }

    private static func stage(_ stage: EQL.Stage, _ role: Stage.Role, runs: Int) -> Stage {
        let requirement = stage.requirement
        var kinds: [String] = []
        if requirement.kinds.contains(.exec) { kinds.append("exec") }
        if requirement.kinds.contains(.fork) { kinds.append("fork") }
        if requirement.kinds.contains(.exit) { kinds.append("exit") }
        if requirement.kinds.contains(.connect) { kinds.append("connect") }
        return Stage(
            role: role, runs: runs, kinds: kinds, destinations: requirement.destinations,
            fields: requirement.fields.fields, keys: stage.keys, tests: stage.program.testCount,
            needs: stage.needs, wordsAsIDs: requirement.wordsAsIDs.fields,
            literalStars: requirement.literalStars.fields, anchors: requirement.anchors.fields,
            holdsAlways: requirement.readsOnlyKind)
    }
}
