import Events

/// Derives what a condition needs of the host to be able to hold.
///
/// Walks the condition twice over: once for the events for which it may hold,
/// once for those for which it may fail, since `not` swaps the two. Both are
/// never too small.
struct RequirementAnalysis: ~Copyable {
    // one event of each live kind, to ask tests what they say of kinds
    private let exec = RequirementAnalysis.sample(.exec)
    private let fork = RequirementAnalysis.sample(.fork)
    private let exit = RequirementAnalysis.sample(.exit)
    private let connect = RequirementAnalysis.sample(.connect)

    private static func sample(_ kind: EventKind) -> Event {
        var event = Event()
        event.setFacts(of: kind)
        return event
    }

    /// Fields that the kind of a live event decides.
    static let decidedByKind = FieldSet([
        .eventCategory, .eventType, .eventAction, .eventKind, .eventModule, .eventDataset, .hostOSType,
        .networkTransport, .networkDirection,
    ])

    /// Fields that only connections have.
    private static let ofConnections: Set<Field> = [
        .destinationIP, .destinationAddress, .destinationPort, .sourceIP, .sourcePort, .networkDirection,
        .networkType, .networkTransport, .errorCode,
    ]

    /// Live events for which a condition may come out one way.
    private struct Scope {
        var kinds: Requirement.Kinds
        /// Ranges of addresses; nil for all.
        var destinations: RangeSet<UInt128>?

        static let all = Scope(kinds: .all)
        static let none = Scope(kinds: [], destinations: RangeSet())

        /// Connections that go nowhere are none.
        var normal: Scope {
            var scope = self
            if destinations?.ranges.isEmpty == true { scope.kinds.remove(.connect) }
            if !scope.kinds.contains(.connect) { scope.destinations = RangeSet() }
            return scope
        }

        static func union(of scopes: [Scope]) -> Scope {
            var union = Scope.none
            for scope in scopes { union.kinds.formUnion(scope.kinds) }
            let sets = scopes.compactMap(\.destinations)
            // all at once: one by one takes the square of the time
            union.destinations = sets.count < scopes.count ? nil : RangeSet(sets.flatMap(\.ranges))
            return union
        }

        func intersection(_ other: Scope) -> Scope {
            var scope = Scope(kinds: kinds.intersection(other.kinds))
            switch (destinations, other.destinations) {
            case (let mine?, let theirs?):
                scope.destinations = mine.complement.union(theirs.complement).complement
            case (let one, let another): scope.destinations = one ?? another
            }
            return scope.normal
        }
    }

    /// - Parameter condition: simplified.
    func requirement(of condition: Condition, keys: [JoinKey]) -> Requirement {
        let scope = scope(condition, holds: true).normal
        var requirement = Requirement(kinds: scope.kinds, destinations: .any)
        if let destinations = scope.destinations {
            requirement.destinations = .only(Set(destinations.ranges.flatMap(IPPrefix.covering)))
        }
        collectFields(condition, &requirement)
        for key in keys { requirement.fields.insert(key.field) }
        return requirement
    }

    // MARK: Kinds and destinations

    private func scope(_ condition: Condition, holds: Bool) -> Scope {
        switch condition {
        case .constant(let value): return value == holds ? .all : .none
        case .not(let operand): return scope(operand, holds: !holds)
        case .all(let branches):
            return holds ? allOf(branches, holds: true) : anyOf(branches, holds: false)
        case .any(let branches):
            return holds ? anyOf(branches, holds: true) : allOf(branches, holds: false)
        case .category(let name):
            let kinds = EventKind.kinds(ofCategory: name).required
            return Scope(kinds: holds ? kinds : Requirement.Kinds.all.subtracting(kinds)).normal
        case .isPresent(let field):
            return holds ? scope(of: [field]) : .all
        case .field(let field, let test):
            if RequirementAnalysis.decidedByKind.contains(field) { return kinds(condition, holds: holds) }
            guard holds else { return .all }
            if field.info.type == .identifier, test.words == .all { return .none }
            var scope = scope(of: [field])
            scope.destinations = destinations(field, test)
            return scope.normal
        case .call(let call):
            // a result has all its fields, whichever way it is compared
            return holds ? scope(of: call.variables.map(\.field)) : .all
        }
    }

    private func anyOf(_ branches: [Condition], holds: Bool) -> Scope {
        Scope.union(of: branches.map { scope($0, holds: holds) })
    }

    private func allOf(_ branches: [Condition], holds: Bool) -> Scope {
        branches.reduce(Scope.all) { $0.intersection(scope($1, holds: holds)) }
    }

    /// Events that can have these fields.
    private func scope(of fields: [Field]) -> Scope {
        var scope = Scope.all
        if !RequirementAnalysis.ofConnections.isDisjoint(with: fields) { scope.kinds = .connect }
        if fields.contains(.processExitCode) { scope.kinds.formIntersection(.exit) }
        return scope.normal
    }

    /// The kinds for which a test on what the kind decides comes out one way.
    private func kinds(_ condition: Condition, holds: Bool) -> Scope {
        let program = Program(condition, role: .rule)
        var kinds: Requirement.Kinds = []
        if program.matches(exec) == holds { kinds.insert(.exec) }
        if program.matches(fork) == holds { kinds.insert(.fork) }
        if program.matches(exit) == holds { kinds.insert(.exit) }
        if program.matches(connect) == holds { kinds.insert(.connect) }
        return Scope(kinds: kinds).normal
    }

    /// The destinations for which a test may hold; nil for all.
    private func destinations(_ field: Field, _ test: FieldTest) -> RangeSet<UInt128>? {
        switch (field, test) {
        case (.destinationIP, .addresses(let set)): return set
        case (.destinationAddress, .patterns(let patterns)):
            var ranges: [ClosedRange<UInt128>] = []
            for pattern in patterns {
                guard let text = pattern.exact else { return nil }
                // what is no address matches no address's text
                guard let address = IPAddress(String(decoding: text, as: UTF8.self)) else { continue }
                ranges.append(address.bits...address.bits)
            }
            return RangeSet(ranges)
        default: return nil
        }
    }

    // MARK: Fields

    /// Arguments often hold a star.
    private static let withStars = FieldSet(
        [.processEnvVars] + ProcessRole.allCases.flatMap { [$0.args, $0.commandLine ?? $0.args] })
    private static let identities = FieldSet(ProcessRole.allCases.map(\.entityID))

    private func collectFields(_ condition: Condition, _ requirement: inout Requirement) {
        switch condition {
        case .constant, .category: break
        case .not(let operand): collectFields(operand, &requirement)
        case .all(let branches), .any(let branches):
            for branch in branches { collectFields(branch, &requirement) }
        case .isPresent(let field):
            requirement.fields.insert(field)
            if field == .processEnvVars { requirement.environment = nil }
        case .field(let field, let test):
            requirement.fields.insert(field)
            if field.info.type == .identifier, test.words != .none { requirement.wordsAsIDs.insert(field) }
            if test.hasLiteralStar, !RequirementAnalysis.withStars.contains(field) {
                requirement.literalStars.insert(field)
            }
            if test.hasAnchors { requirement.anchors.insert(field) }
            if RequirementAnalysis.identities.contains(field) { requirement.identityTexts.insert(field) }
            if field == .processEnvVars { collectVariables(test, &requirement) }
        case .call(let call):
            for variable in call.variables {
                requirement.fields.insert(variable.field)
                if RequirementAnalysis.identities.contains(variable.field) {
                    requirement.identityTexts.insert(variable.field)
                }
                if variable.field == .processEnvVars { requirement.environment = nil }
            }
        }
    }

    /// The names before `=` in patterns such as `LD_PRELOAD=*`.
    private func collectVariables(_ test: FieldTest, _ requirement: inout Requirement) {
        guard case .patterns(let patterns) = test else { return requirement.environment = nil }
        for pattern in patterns {
            let segment = pattern.segments[0]
            guard let end = segment.bytes.firstIndex(of: UInt8(ascii: "=")),
                segment.wild?[..<end].contains(true) != true
            else {
                // without a star it has no "=", and so is no variable
                if pattern.exact != nil { continue }
                return requirement.environment = nil
            }
            // folded bytes are in lower case; names usually are in upper case
            let name = String(decoding: segment.bytes[..<end], as: UTF8.self)
            requirement.environment?.insert(pattern.folds ? name.uppercased() : name)
        }
    }
}

extension FieldTest {
    fileprivate enum Share {
        case none, some, all
    }

    /// How many of the values that an id is compared with are no numbers, which ids of
    /// live events are.
    fileprivate var words: Share {
        switch self {
        case .patterns(let patterns), .identifiers(let patterns, _):
            let count = patterns.count { !$0.canBeNumber }
            return count == 0 ? .none : count < patterns.count ? .some : .all
        default: return .none
        }
    }

    /// Whether one of several regular expressions has anchors.
    fileprivate var hasAnchors: Bool {
        if case .regexes(let automata) = self { automata.contains(where: \.hasAnchors) } else { false }
    }

    /// Whether a star stands for itself beside other text, as `==` and `in` have it.
    fileprivate var hasLiteralStar: Bool {
        switch self {
        case .patterns(let patterns), .identifiers(let patterns, _):
            patterns.contains { $0.exact.map { $0.count > 1 && $0.contains(UInt8(ascii: "*")) } ?? false }
        default: false
        }
    }
}

extension WildcardPattern {
    /// Whether it can match a number as it is written.
    fileprivate var canBeNumber: Bool {
        segments.allSatisfy { segment in
            segment.bytes.indices.allSatisfy { index in
                (0x30...0x39).contains(segment.bytes[index]) || segment.wild?[index] == true
            }
        }
    }
}

extension IPPrefix {
    /// The fewest blocks that make up a range of addresses.
    fileprivate static func covering(_ range: ClosedRange<UInt128>) -> [IPPrefix] {
        var blocks: [IPPrefix] = []
        var next = range.lowerBound
        while true {
            // as large as its alignment and what is left allow
            var bits = next == 0 ? 128 : next.trailingZeroBitCount
            while bits == 128
                ? range.upperBound != .max : range.upperBound - next < (UInt128(1) << UInt128(bits)) - 1
            {
                bits -= 1
            }
            let address = IPAddress(
                high: UInt64(truncatingIfNeeded: next >> 64), low: UInt64(truncatingIfNeeded: next))
            blocks.append(IPPrefix(address, length: 128 - bits))
            let last = bits == 128 ? UInt128.max : next + ((UInt128(1) << UInt128(bits)) - 1)
            guard last < range.upperBound else { return blocks }
            next = last + 1
        }
    }
}
