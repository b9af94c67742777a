internal import Events

/// A match on its way, or the note that a missing event did occur.
struct Pending {
    /// What the entry is; decides which list of its sequence it is in.
    enum Role: UInt8 {
        /// Waits for the stage after `stage`.
        case advancing
        /// Has all its events; waits for the span to pass without another.
        case waiting
        /// A missing event before the first was seen at `last`.
        case marker
    }

    var hash: UInt64 = 0
    /// Time of the first event; of a marker, of the latest such event.
    var start: Int64 = 0
    /// Time of the last event so far.
    var last: Int64 = 0
    /// Earliest time of an event that must not be before the next stage.
    var blockedFrom = Int64.max
    /// Key, then the images of the events.
    var chain = BlockPool.Chain()
    var keyLength: Int32 = 0
    var sequence: Int32 = 0
    var stage: Int16 = 0
    var role = Role.advancing
    /// A missing event did occur: goes on as if not, and is dropped at its end,
    /// as in Elasticsearch.
    var isBlocked = false
    /// An exception holds for one of its events: no match that it becomes is
    /// told. Such entries stand beside the others and never touch them.
    var isExcepted = false

    // Neighbours in the hash bucket and in the list of the sequence.
    var bucketNext = PendingTable.none
    var bucketPrevious = PendingTable.none
    var listNext = PendingTable.none
    var listPrevious = PendingTable.none
}

/// The pending matches of all sequences: a hash table over a fixed number of
/// entries, and for each sequence two lists ordered by start time.
struct PendingTable: ~Copyable {
    static let none: Int32 = -1

    /// Entries of one sequence by start time, oldest first.
    struct List {
        var first = PendingTable.none
        var last = PendingTable.none
        var count = 0
    }

    private(set) var entries: [Pending]
    private var buckets: [Int32]
    private let mask: UInt64
    private var firstFree = PendingTable.none
    private var neverUsed = 0
    private(set) var count = 0
    let capacity: Int

    /// Advancing entries and markers, by sequence.
    private(set) var pendings: [List]
    /// Waiting entries, by sequence.
    private(set) var waiting: [List]
    /// Blocks held, by sequence.
    var blocks: [Int]

    init(capacity: Int, sequences: Int) {
        self.capacity = min(max(capacity, 1), Int(Int32.max))
        var size = 16
        while size < 2 * self.capacity { size *= 2 }
        mask = UInt64(size - 1)
        buckets = [Int32](repeating: PendingTable.none, count: sequences == 0 ? 0 : size)
        entries = []
        if sequences > 0 { entries.reserveCapacity(self.capacity) }
        pendings = [List](repeating: List(), count: sequences)
        waiting = [List](repeating: List(), count: sequences)
        blocks = [Int](repeating: 0, count: sequences)
    }

    var isFull: Bool { count == capacity }

    subscript(index: Int32) -> Pending {
        get { entries[Int(index)] }
        _modify { yield &entries[Int(index)] }
    }

    /// The first entry of the bucket of a hash; follow `bucketNext`.
    func firstInBucket(of hash: UInt64) -> Int32 {
        buckets[Int(truncatingIfNeeded: hash & mask)]
    }

    /// Adds an entry; nil if the table is full.
    mutating func insert(_ entry: Pending) -> Int32? {
        let index: Int32
        if firstFree != PendingTable.none {
            index = firstFree
            firstFree = entries[Int(index)].listNext
            entries[Int(index)] = entry
        } else {
            guard neverUsed < capacity else { return nil }
            index = Int32(neverUsed)
            entries.append(entry)
            neverUsed += 1
        }
        count += 1
        linkBucket(index)
        linkList(index)
        return index
    }

    /// Removes an entry, whose chain must have been freed.
    mutating func remove(_ index: Int32) {
        unlinkBucket(index)
        unlinkList(index)
        entries[Int(index)].listNext = firstFree
        firstFree = index
        count -= 1
    }

    /// Moves an entry to another stage, and maybe to another role.
    mutating func move(_ index: Int32, toStage stage: Int16, hash: UInt64, role: Pending.Role) {
        unlinkBucket(index)
        entries[Int(index)].stage = stage
        entries[Int(index)].hash = hash
        linkBucket(index)
        guard role != entries[Int(index)].role else { return }
        unlinkList(index)
        entries[Int(index)].role = role
        linkList(index)
    }

    /// Gives an entry a later start, and its place in the list.
    mutating func restart(_ index: Int32, at time: Int64) {
        unlinkList(index)
        entries[Int(index)].start = time
        entries[Int(index)].last = time
        linkList(index)
    }

    // MARK: Buckets

    private mutating func linkBucket(_ index: Int32) {
        let bucket = Int(truncatingIfNeeded: entries[Int(index)].hash & mask)
        let head = buckets[bucket]
        entries[Int(index)].bucketNext = head
        entries[Int(index)].bucketPrevious = PendingTable.none
        if head != PendingTable.none { entries[Int(head)].bucketPrevious = index }
        buckets[bucket] = index
    }

    private mutating func unlinkBucket(_ index: Int32) {
        let next = entries[Int(index)].bucketNext
        let previous = entries[Int(index)].bucketPrevious
        if next != PendingTable.none { entries[Int(next)].bucketPrevious = previous }
        if previous != PendingTable.none {
            entries[Int(previous)].bucketNext = next
        } else {
            buckets[Int(truncatingIfNeeded: entries[Int(index)].hash & mask)] = next
        }
    }

    // MARK: Lists

    private mutating func linkList(_ index: Int32) {
        let entry = entries[Int(index)]
        let sequence = Int(entry.sequence)
        var list = entry.role == .waiting ? waiting[sequence] : pendings[sequence]
        // nearly always the newest: only late events go before others
        var before = list.last
        while before != PendingTable.none, entries[Int(before)].start > entry.start {
            before = entries[Int(before)].listPrevious
        }
        let after = before == PendingTable.none ? list.first : entries[Int(before)].listNext
        entries[Int(index)].listPrevious = before
        entries[Int(index)].listNext = after
        if before == PendingTable.none { list.first = index } else { entries[Int(before)].listNext = index }
        if after == PendingTable.none { list.last = index } else { entries[Int(after)].listPrevious = index }
        list.count += 1
        if entry.role == .waiting { waiting[sequence] = list } else { pendings[sequence] = list }
    }

    private mutating func unlinkList(_ index: Int32) {
        let entry = entries[Int(index)]
        let sequence = Int(entry.sequence)
        var list = entry.role == .waiting ? waiting[sequence] : pendings[sequence]
        let (before, after) = (entry.listPrevious, entry.listNext)
        if before == PendingTable.none { list.first = after } else { entries[Int(before)].listNext = after }
        if after == PendingTable.none {
            list.last = before
        } else {
            entries[Int(after)].listPrevious = before
        }
        list.count -= 1
        if entry.role == .waiting { waiting[sequence] = list } else { pendings[sequence] = list }
    }
}
