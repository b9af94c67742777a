import Events

/// Derives what an event must show for a condition to hold.
///
/// Only tests that must hold count, never those under an odd number of `not`:
/// there a missing, unknown or cut value makes the condition hold.
enum NeedAnalysis {
    /// A need of more clues than this is none.
    private static let clueLimit = 512

    /// Tests that nearly every event passes.
    private static let ignored: Set<Field> = [
        .eventKind, .eventCategory, .eventType, .eventAction, .hostOSType, .hostOSFamily, .hostID,
        .dataStreamDataset,
    ]

    /// Needs of which all must be met, at most one for each field, and one of
    /// several fields.
    ///
    /// - Parameter condition: simplified.
    static func needs(of condition: Condition) -> [Need] {
        if case .constant(false) = condition { return [Need(clues: [])] }
        return narrowed(needs(condition, holds: true))
    }

    private static func needs(_ condition: Condition, holds: Bool) -> [Need] {
        switch condition {
        case .not(let operand): return needs(operand, holds: !holds)
        case .all(let branches): return holds ? ofAll(branches, holds) : ofAny(branches, holds)
        case .any(let branches): return holds ? ofAny(branches, holds) : ofAll(branches, holds)
        case .field(let field, let test):
            guard holds, !ignored.contains(field), let clues = clues(field, test) else { return [] }
            return [Need(clues: clues)]
        case .constant, .category, .isPresent, .call: return []
        }
    }

    private static func ofAll(_ branches: [Condition], _ holds: Bool) -> [Need] {
        narrowed(branches.flatMap { needs($0, holds: holds) })
    }

    /// One branch is enough, and each demands something: one of all that.
    private static func ofAny(_ branches: [Condition], _ holds: Bool) -> [Need] {
        var all: [[Need]] = []
        for branch in branches {
            let needs = needs(branch, holds: holds)
            guard !needs.isEmpty else { return [] }
            all.append(needs)
        }
        // a field of which every branch demands something
        var common = all[0].compactMap(\.field)
        for needs in all { common.removeAll { field in !needs.contains { $0.field == field } } }
        let chosen =
            common.isEmpty
            ? [all.compactMap { needs in needs.min { $0.breadth < $1.breadth } }]
            : common.map { field in all.compactMap { needs in needs.first { $0.field == field } } }
        return chosen.map { Need(clues: Array(Set($0.flatMap(\.clues)))) }
            .filter { $0.clues.count <= clueLimit }
    }

    /// The narrowest need of each field, and of several fields.
    private static func narrowed(_ needs: [Need]) -> [Need] {
        var best: [Field?: Need] = [:]
        for need in needs where best[need.field].map({ need.breadth < $0.breadth }) ?? true {
            best[need.field] = need
        }
        return best.values.sorted { $0.breadth < $1.breadth }
    }

    // MARK: Clues

    /// Nil if the test can hold for values that show nothing.
    private static func clues(_ field: Field, _ test: FieldTest) -> [Need.Clue]? {
        var clues: [Need.Clue] = []
        switch test {
        case .patterns(let patterns):
            guard patterns.count <= clueLimit else { return nil }
            for pattern in patterns {
                guard let clue = clue(field, pattern) else { return nil }
                clues.append(clue)
            }
        case .addresses(let set):
            guard set.ranges.count <= clueLimit else { return nil }
            for range in set.ranges {
                guard range.lowerBound == range.upperBound else { return nil }
                let bytes = (0..<16).map {
                    UInt8(truncatingIfNeeded: range.lowerBound >> UInt128(120 - 8 * $0))
                }
                clues.append(Need.Clue(field: field, place: .address, bytes: bytes))
            }
        case .order, .regexes, .integers, .identifiers: return nil
        }
        return clues
    }

    /// The part of a pattern that is cheap to look for and says most.
    private static func clue(_ field: Field, _ pattern: WildcardPattern) -> Need.Clue? {
        if let text = pattern.exact {
            return Need.Clue(field: field, place: .whole, bytes: text.map(foldedCase))
        }
        let runs = pattern.segments.map(\.literalRuns)
        let start = runs[0][0].map(foldedCase)
        let end = runs[runs.count - 1][runs[runs.count - 1].count - 1].map(foldedCase)
        let inside = runs.flatMap { $0 }.max { $0.count < $1.count }?.map(foldedCase) ?? []
        let gram = ConditionIndex.gramLength
        if start.count >= gram { return Need.Clue(field: field, place: .start, bytes: start) }
        if end.count >= gram { return Need.Clue(field: field, place: .end, bytes: end) }
        if inside.count >= gram { return Need.Clue(field: field, place: .inside, bytes: inside) }
        if !start.isEmpty { return Need.Clue(field: field, place: .start, bytes: start) }
        if !end.isEmpty { return Need.Clue(field: field, place: .end, bytes: end) }
        return nil
    }
}

extension WildcardPattern.Segment {
    /// What stands before, between and after `?`; at least one, some empty.
    fileprivate var literalRuns: [[UInt8]] {
        guard let wild else { return [bytes] }
        var runs: [[UInt8]] = [[]]
        for (byte, isWild) in zip(bytes, wild) {
            if isWild { runs.append([]) } else { runs[runs.count - 1].append(byte) }
        }
        return runs
    }
}
