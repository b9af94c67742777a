internal import Events

// What is pending outlives a change of the rules around it.
extension SequenceState {
    /// Takes over what another state has counted and holds.
    ///
    /// - Parameters:
    ///   - rules: for each rule, which one it was there.
    ///   - sequences: for each sequence there, which one it is here.
    ///   - keysAreAlike: the same event has the same keys; if not, what is
    ///     pending cannot go on, and is counted as lost.
    mutating func adopt(
        _ other: borrowing SequenceState, rules: [Int?], sequences: [Int32?], keysAreAlike: Bool
    ) {
        counters = other.counters
        for (index, origin) in rules.enumerated() {
            if let origin { ruleCounters[index] = other.ruleCounters[origin] }
        }
        now = other.now
        previousTime = other.previousTime
        for (index, sequence) in sequences.enumerated() {
            guard let sequence else { continue }
            for list in [other.table.pendings[index], other.table.waiting[index]] {
                var next = list.first
                while next != PendingTable.none {
                    let isKept = keysAreAlike && adopt(other.table[next], of: other, as: sequence)
                    if !isKept { counters.sequenceEvicted += 1 }
                    next = other.table[next].listNext
                }
            }
        }
    }

    private mutating func adopt(
        _ entry: Pending, of other: borrowing SequenceState, as sequence: Int32
    ) -> Bool {
        // the match at hand serves as memory to copy by
        match.begin(rule: 0)
        guard other.pool.copy(entry.chain, from: 0, to: &match) else { return false }
        key.truncate(to: 0)
        for index in 0..<Int(entry.keyLength) { _ = key.append(match.arena.bytes[index]) }
        keyHash = key.hash(seed: limits.seed)

        var entry = entry
        entry.sequence = sequence
        entry.hash = hash(sequence, entry.stage, excepted: entry.isExcepted)
        guard insertCopy(entry) else { return false }
        if entry.role == .waiting {
            nextDeadline = min(nextDeadline, entry.start.addingSaturated(maxspans[Int(sequence)]))
        }
        return true
    }
}
