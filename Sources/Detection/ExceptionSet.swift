public import EQL
public import Events

/// A condition under which a match is not told: a known agent, say.
public struct Exception: Sendable {
    public var name: String
    /// Why it is right not to be told.
    public var reason: String
    /// When it ends, in nanoseconds since 1970, UTC; nil if it does not.
    public var expires: Int64?
    /// Ids of the rules it is for; empty for all.
    public var rules: [String]
    /// The condition as written.
    public var text: String
    /// Compiled in the role of an exception, of one event.
    public var query: CompiledQuery
    public var file: String

    public init(
        name: String, reason: String, expires: Int64? = nil, rules: [String] = [], text: String,
        query: CompiledQuery, file: String = ""
    ) {
        self.name = name
        self.reason = reason
        self.expires = expires
        self.rules = rules
        self.text = text
        self.query = query
        self.file = file
    }
}

/// The exceptions in force, and how often each was used.
public struct ExceptionSet: ~Copyable {
    /// What one exception suppressed.
    public struct Hits: Sendable, Equatable {
        public var suppressed: UInt64 = 0
        /// Of these, events of processes in a foreign mount namespace: there
        /// any path can be made to look like another.
        public var foreign: UInt64 = 0
    }

    public let exceptions: [Exception]
    /// By index of the exception.
    public private(set) var hits: [Hits]
    private let conditions: Conditions
    private var event = Event()

    public init(_ exceptions: [Exception] = [], for rules: RuleSet) {
        self.exceptions = exceptions
        hits = [Hits](repeating: Hits(), count: exceptions.count)
        conditions = Conditions(exceptions, rules: rules.rules)
    }

    /// Goes on counting the hits of the exceptions that stay as they were, with
    /// another reason or expiry at most.
    public mutating func keepHits(of old: borrowing ExceptionSet) {
        var rest = Array(old.exceptions.indices)
        for (index, exception) in exceptions.enumerated() {
            let place = rest.firstIndex {
                let other = old.exceptions[$0]
                return other.name == exception.name && other.text == exception.text
                    && other.rules == exception.rules
            }
            if let place { hits[index] = old.hits[rest.remove(at: place)] }
        }
    }

    /// What the conditions need of the host together.
    public var requirement: Requirement {
        var all = Requirement()
        for exception in exceptions { all.formUnion(exception.query.requirement) }
        return all
    }

    /// Ids that exceptions name and no rule has: most likely a mistake.
    public func unknownRules(in rules: RuleSet) -> [(exception: String, rule: String)] {
        let known = Set(rules.rules.map(\.id))
        return exceptions.flatMap { exception in
            exception.rules.filter { !known.contains($0) }.map { (exception.name, $0) }
        }
    }

    /// The index of the first exception that holds for any event of a match
    /// and has not expired, or nil. Counts the hit.
    ///
    /// - Parameter now: nanoseconds since 1970, UTC.
    public mutating func suppression(of match: borrowing Match, at now: Int64) -> Int? {
        guard !conditions.isEmpty else { return nil }
        for index in 0..<match.count {
            guard event.load(image: match.arena.bytes.span.extracting(match.range(of: index))),
                let found = conditions.first(for: event, rule: match.ruleIndex, at: now)
            else { continue }
            hits[found].suppressed += 1
            if let slot = event.slot(.hostMountNamespace), !slot.isUnknown, slot.payload == 0 {
                hits[found].foreign += 1
            }
            return found
        }
        return nil
    }

    /// Whether an exception holds for an event that may become part of a match
    /// of a rule. Counts nothing: no match is held back yet.
    public func holds(for event: borrowing Event, rule: Int, at now: Int64) -> Bool {
        !conditions.isEmpty && conditions.first(for: event, rule: rule, at: now) != nil
    }

    /// The conditions as they are tried: flat arrays.
    private struct Conditions: ~Copyable {
        private var programs: [Program] = []
        private var expiries: [Int64] = []
        /// For each condition, whether it is for each rule.
        private var applies: [Bool] = []
        private let ruleCount: Int

        init(_ exceptions: [Exception], rules: [Rule]) {
            ruleCount = rules.count
            for exception in exceptions {
                guard let stage = exception.query.stages.first else { continue }
                programs.append(stage.program)
                expiries.append(exception.expires ?? .max)
                applies += rules.map { exception.rules.isEmpty || exception.rules.contains($0.id) }
            }
        }

        var isEmpty: Bool { programs.isEmpty }

        func first(for event: borrowing Event, rule: Int, at now: Int64) -> Int? {
            let programs = self.programs.span
            for index in programs.indices
            where applies[index * ruleCount + rule] && now < expiries[index] {
                if event.satisfies(programs, at: index) { return index }
            }
            return nil
        }
    }
}
