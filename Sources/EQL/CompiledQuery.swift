public import Events

/// A query that can be run: the result of compiling EQL text.
public struct CompiledQuery: Sendable {
    public enum Shape: Sendable {
        /// One event is enough: `stages` has one element, `keys` are empty.
        case event
        /// Events in order, joined by keys.
        case sequence
    }

    public var shape: Shape
    /// In order; `with runs=n` stands as n equal stages.
    public var stages: [Stage]
    /// Nanoseconds, inclusive, from the first event; nil if there is no limit.
    public var maxspan: Int64?
    public var until: Stage?
    /// For each item as it was written, how many stages stand for it.
    public var runs: [Int] = []

    public init(shape: Shape, stages: [Stage], maxspan: Int64? = nil, until: Stage? = nil) {
        self.shape = shape
        self.stages = stages
        self.maxspan = maxspan
        self.until = until
    }

    /// What all stages need together.
    public var requirement: Requirement {
        var all = Requirement()
        for stage in stages { all.formUnion(stage.requirement) }
        if let until { all.formUnion(until.requirement) }
        return all
    }
}

/// One item of a sequence, or the whole of an event query.
public struct Stage: Sendable {
    /// Condition, category included.
    public var program: Program
    /// Common keys first, then the item's own; stages pair them by position.
    public var keys: [JoinKey]
    /// `![…]`: no such event.
    public var isMissing: Bool
    public var requirement: Requirement
    /// What an event must show for the condition to hold, all of it. Empty if
    /// nothing is known: then every event of the right kind has to be tried.
    public var needs: [Need]

    public init(
        program: Program, keys: [JoinKey] = [], isMissing: Bool = false, requirement: Requirement,
        needs: [Need] = []
    ) {
        self.program = program
        self.keys = keys
        self.isMissing = isMissing
        self.requirement = requirement
        self.needs = needs
    }
}

/// A field whose value joins the events of a sequence.
public struct JoinKey: Sendable, Hashable {
    public var field: Field
    /// Written `?field`: a missing value equals a missing value.
    public var isOptional: Bool

    public init(field: Field, isOptional: Bool) {
        self.field = field
        self.isOptional = isOptional
    }
}

/// What a stage needs of the host to be able to match, derived from its
/// condition. Never too narrow: where nothing can be derived, everything.
public struct Requirement: Sendable, Equatable {
    /// Kinds of live events.
    public struct Kinds: OptionSet, Sendable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        public static let exec = Kinds(rawValue: 1)
        public static let fork = Kinds(rawValue: 2)
        public static let exit = Kinds(rawValue: 4)
        public static let connect = Kinds(rawValue: 8)
        public static let all: Kinds = [.exec, .fork, .exit, .connect]
    }

    /// Addresses that a network stage can match.
    public enum Destinations: Sendable, Equatable {
        case any
        /// Only these; none if the stage cannot match a connection.
        case only(Set<IPPrefix>)
    }

    public var kinds: Kinds
    public var destinations: Destinations
    /// Fields that the condition or the keys read.
    public var fields: FieldSet
    /// Fields whose text is needed although live events hold an identity:
    /// `process.entity_id` and its like, where a condition compares them with text.
    public var identityTexts: FieldSet
    /// Ids of users and groups that the condition compares with what is no number: on
    /// a host that never holds, and the same under `not` always does.
    public var wordsAsIDs = FieldSet()
    /// Fields that the condition compares with text that has a star in it, which there
    /// stands for itself.
    public var literalStars = FieldSet()
    /// Fields that the condition compares with regular expressions that have ^ at their
    /// begin or $ at their end, which there stand for themselves.
    public var anchors = FieldSet()
    /// Names of the environment variables that conditions on
    /// `process.env_vars` name; nil if the condition does not tell. Case is to
    /// be ignored: `:` does.
    public var environment: Set<String>?

    /// Needs nothing.
    public init(
        kinds: Kinds = [], destinations: Destinations = .only([]), fields: FieldSet = FieldSet(),
        identityTexts: FieldSet = FieldSet(), environment: Set<String>? = []
    ) {
        self.kinds = kinds
        self.destinations = destinations
        self.fields = fields
        self.identityTexts = identityTexts
        self.environment = environment
    }

    /// Whether nothing is read but what all events of a kind have in common.
    public var readsOnlyKind: Bool { fields.isSubset(of: RequirementAnalysis.decidedByKind) }

    public mutating func formUnion(_ other: Requirement) {
        kinds.formUnion(other.kinds)
        fields.formUnion(other.fields)
        identityTexts.formUnion(other.identityTexts)
        wordsAsIDs.formUnion(other.wordsAsIDs)
        literalStars.formUnion(other.literalStars)
        anchors.formUnion(other.anchors)
        switch (destinations, other.destinations) {
        case (.only(let mine), .only(let theirs)): destinations = .only(mine.union(theirs))
        default: destinations = .any
        }
        if let mine = environment, let theirs = other.environment {
            environment = mine.union(theirs)
        } else {
            environment = nil
        }
    }
}
