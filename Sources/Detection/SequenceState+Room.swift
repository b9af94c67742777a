internal import Events

// Memory of pending matches: what is kept, and what gives way.
extension SequenceState {
    /// Adds an entry that holds the key at hand and the event.
    mutating func insert(
        _ entry: Pending, _ event: borrowing Event, withImage: Bool
    ) -> Int32? {
        guard let index = insertKey(entry) else { return nil }
        if withImage, !append(event, to: index) {
            drop(index)
            return nil
        }
        return index
    }

    mutating func insertKey(_ entry: Pending) -> Int32? {
        // one block at least, also for an empty key: room is made for both
        guard
            makeRoom(blocks: max(1, BlockPool.Chain().blocks(adding: key.count)), keeping: PendingTable.none),
            let index = table.insert(entry)
        else { return nil }
        _ = writeKey(index)
        if entry.isExcepted { exceptedCount += 1 }
        return index
    }

    private mutating func writeKey(_ index: Int32) -> Bool {
        var chain = BlockPool.Chain()
        let isWritten = pool.append(key, to: &chain)
        table[index].chain = chain
        table[index].keyLength = Int32(key.count)
        table.blocks[Int(table[index].sequence)] += chain.blocks
        return isWritten
    }

    mutating func keepKeyOnly(_ index: Int32) -> Bool {
        release(index)
        return writeKey(index)
    }

    mutating func append(_ event: borrowing Event, to index: Int32) -> Bool {
        if image.count == 0, event.appendImage(to: &image) == nil { return false }
        let needed = table[index].chain.blocks(adding: image.count)
        guard makeRoom(blocks: needed, keeping: index) else { return false }
        var chain = table[index].chain
        guard pool.append(image, to: &chain) else { return false }
        table[index].chain = chain
        table.blocks[Int(table[index].sequence)] += needed
        return true
    }

    /// Adds a copy of a pending match that has the event, too, and goes its own
    /// way from there; not where there is no room, since it is never told.
    mutating func insertBranch(_ entry: Pending, of origin: Int32, _ event: borrowing Event) -> Bool {
        // the match at hand serves as memory to copy by
        match.begin(rule: match.ruleIndex)
        return !table.isFull && pool.copy(table[origin].chain, from: 0, to: &match) && match.append(event)
            && insertCopy(entry)
    }

    /// Adds an entry like this one, which holds what is in the match at hand;
    /// not where there is no room.
    mutating func insertCopy(_ entry: Pending) -> Bool {
        var entry = entry
        entry.chain = BlockPool.Chain()
        guard pool.append(match.arena, to: &entry.chain) else { return false }
        guard table.insert(entry) != nil else {
            pool.free(&entry.chain)
            return false
        }
        table.blocks[Int(entry.sequence)] += entry.chain.blocks
        if entry.isExcepted { exceptedCount += 1 }
        return true
    }

    private mutating func release(_ index: Int32) {
        var chain = table[index].chain
        table.blocks[Int(table[index].sequence)] -= chain.blocks
        pool.free(&chain)
        table[index].chain = chain
    }

    mutating func drop(_ index: Int32) {
        if table[index].isExcepted { exceptedCount -= 1 }
        release(index)
        table.remove(index)
    }

    /// Drops the oldest entries of a sequence whose span has passed.
    ///
    /// - Returns: how many.
    @discardableResult
    mutating func dropExpired(
        _ sequence: Int, slack: Int64, atMost limit: Int, keeping kept: Int32 = PendingTable.none
    ) -> Int {
        let maxspan = maxspans[sequence]
        guard maxspan != .max, slack != .max else { return 0 }
        var left = limit
        while left > 0 {
            let head = table.pendings[sequence].first
            guard head != PendingTable.none, head != kept,
                table[head].start.addingSaturated(maxspan).addingSaturated(slack) < now
            else { break }
            drop(head)
            left -= 1
        }
        return limit - left
    }

    /// Makes sure that an entry and so many blocks are free: drops what has
    /// expired, then evicts the oldest of the sequence that holds most.
    private mutating func makeRoom(blocks wanted: Int, keeping kept: Int32) -> Bool {
        if hasRoom(wanted, keeping: kept) { return true }
        let held = kept == PendingTable.none ? 0 : table[kept].chain.blocks
        guard wanted + held <= blockLimit else { return false }
        for sequence in maxspans.indices {
            let dropped = dropExpired(sequence, slack: 0, atMost: .max, keeping: kept)
            // in a file that goes back in time they might have been completed yet
            if limits.lateness == .max, counters.lateEvents > 0 {
                counters.sequenceEvicted += UInt64(dropped)
            }
        }
        while !hasRoom(wanted, keeping: kept) {
            guard evictOldest(keeping: kept) else { return false }
            counters.sequenceEvicted += 1
        }
        return true
    }

    private func hasRoom(_ wanted: Int, keeping kept: Int32) -> Bool {
        pool.available >= wanted && (kept != PendingTable.none || !table.isFull)
    }

    private mutating func evictOldest(keeping kept: Int32) -> Bool {
        var oldest = PendingTable.none
        var most = -1
        for sequence in maxspans.indices where table.blocks[sequence] > most {
            var candidate = table.pendings[sequence].first
            if candidate == kept, kept != PendingTable.none { candidate = table[kept].listNext }
            if candidate == PendingTable.none { candidate = table.waiting[sequence].first }
            guard candidate != PendingTable.none, candidate != kept else { continue }
            oldest = candidate
            most = table.blocks[sequence]
        }
        guard oldest != PendingTable.none else { return false }
        drop(oldest)
        return true
    }
}
