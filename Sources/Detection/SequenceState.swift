internal import Events

/// How much the engine may keep.
public struct DetectionLimits: Sendable {
    /// Pending matches, of all rules together.
    public var pendings = 8_192
    /// Bytes of events of pending matches; taken as they are needed.
    public var bytes = 8 << 20
    /// How long, in nanoseconds, after its span a pending match is kept for
    /// events that come late. With `Int64.max` it is dropped only where room
    /// is needed, so that a file means the same whatever its order.
    public var lateness: Int64 = 2_000_000_000
    /// Makes the places of keys in the hash table unpredictable.
    public var seed = UInt64.random(in: .min ... .max)

    public init() {}
}

/// What the engine has seen, and what it could not keep.
public struct DetectionCounters: Sendable, Equatable {
    public var events: UInt64 = 0
    public var matches: UInt64 = 0
    /// Events with a time before that of the previous one.
    public var lateEvents: UInt64 = 0
    /// Pending matches that gave way to others, or found no room: losses.
    public var sequenceEvicted: UInt64 = 0
}

/// What happened to one rule.
public struct RuleCounters: Sendable, Equatable {
    public var matches: UInt64 = 0
    /// Events that satisfied a stage but have no value for one of its keys.
    public var nullKeys: UInt64 = 0
    /// The same, with a value that could not be read.
    public var unknownKeys: UInt64 = 0
}

/// Everything that changes as events pass the sequences.
///
/// Takes what an event satisfies one step at a time; says true when `match`
/// holds a new match. Allocates nothing once its memory has grown to the
/// largest use.
struct SequenceState: ~Copyable {
    var match: Match
    var counters = DetectionCounters()
    var ruleCounters: [RuleCounters]
    var table: PendingTable
    var pool: BlockPool
    /// Number of entries for which an exception holds.
    var exceptedCount = 0

    /// The latest time seen.
    var now = Int64.min
    var previousTime = Int64.min
    /// No waiting entry is due before this.
    var nextDeadline = Int64.max
    let limits: DetectionLimits
    let blockLimit: Int
    /// Span of each sequence.
    let maxspans: [Int64]

    /// Key of the step at hand.
    var key = ByteArena(capacity: 4096, limit: Event.byteLimit)
    var keyHash: UInt64 = 0
    /// Image of the event at hand, made when it is first needed.
    var image = ByteArena(capacity: 16 * 1024, limit: 4 * Event.byteLimit)

    init(_ plan: borrowing EnginePlan, rules: Int, limits: DetectionLimits) {
        self.limits = limits
        blockLimit = max(limits.bytes / BlockPool.blockSize, 1)
        match = Match(
            limit: blockLimit * BlockPool.blockSize + 4 * Event.byteLimit, events: plan.mostEvents)
        ruleCounters = [RuleCounters](repeating: RuleCounters(), count: rules)
        table = PendingTable(capacity: limits.pendings, sequences: plan.sequences.count)
        pool = BlockPool(blocks: blockLimit)
        var maxspans: [Int64] = []
        for index in plan.sequences.indices { maxspans.append(plan.sequences[index].maxspan) }
        self.maxspans = maxspans
    }

    // MARK: Time

    /// Notes that an event is about to be tried; whether one may be due.
    mutating func begin(_ time: Int64) -> Bool {
        counters.events += 1
        if time < previousTime { counters.lateEvents += 1 }
        previousTime = time
        image.truncate(to: 0)
        return advance(to: time)
    }

    /// Notes that time has passed; whether a waiting match may be due.
    mutating func advance(to time: Int64) -> Bool {
        if time > now { now = time }
        return now > nextDeadline
    }

    /// Makes the waiting entry with the earliest deadline the match, if its
    /// span has passed, or whether or not it has.
    mutating func takeWaiting(_ plan: borrowing EnginePlan, dueOnly: Bool) -> Bool {
        while true {
            var found = PendingTable.none
            var earliest = Int64.max
            for index in plan.trailing.indices {
                let sequence = Int(plan.trailing[index])
                let head = table.waiting[sequence].first
                guard head != PendingTable.none else { continue }
                let deadline = table[head].start.addingSaturated(plan.sequences[sequence].maxspan)
                if found == PendingTable.none || deadline < earliest {
                    found = head
                    earliest = deadline
                }
            }
            nextDeadline = earliest
            guard found != PendingTable.none, !dueOnly || earliest < now else { return false }
            match.begin(rule: Int(plan.sequences[Int(table[found].sequence)].rule))
            let isComplete =
                pool.copy(table[found].chain, from: Int(table[found].keyLength), to: &match)
                && match.finishImages()
            drop(found)
            if report(isComplete) { return true }
        }
    }

    // MARK: Events

    /// Lets the event, which satisfies the condition of a step, do what the
    /// step says. True if that completed a match.
    ///
    /// - Parameter isExcepted: an exception holds for the event. What is pending
    ///   then goes on as if it had not happened: the event may only become part
    ///   of pending matches of their own kind, which are never told.
    mutating func apply(
        _ step: EnginePlan.Step, _ plan: borrowing EnginePlan, _ event: borrowing Event, isExcepted: Bool
    ) -> Bool {
        guard step.action != .single else {
            match.begin(rule: Int(step.rule))
            return report(match.append(event))
        }
        guard readKey(step, plan, event) else { return false }
        let sequence = plan.sequences[Int(step.sequence)]
        switch step.action {
        case .single: return false
        case .open: return open(step, sequence, event, isExcepted: isExcepted)
        case .advance: return advance(step, sequence, event, isExcepted: isExcepted)
        case .blockBefore: noteMarker(step, event.header.time)
        case .blockBetween:
            blockNext(step, event.header.time, excepted: false)
            if exceptedCount > 0 { blockNext(step, event.header.time, excepted: true) }
        case .blockAfter:
            dropWaiting(step, sequence, event.header.time, excepted: false)
            if exceptedCount > 0 { dropWaiting(step, sequence, event.header.time, excepted: true) }
        case .until:
            dropAll(step, sequence, event.header.time, excepted: false)
            if exceptedCount > 0 { dropAll(step, sequence, event.header.time, excepted: true) }
        }
        return false
    }

    private mutating func open(
        _ step: EnginePlan.Step, _ sequence: EnginePlan.Sequence, _ event: borrowing Event, isExcepted: Bool
    ) -> Bool {
        let time = event.header.time
        let isBlocked = sequence.hasLeadingMissing && isMarked(step, sequence, time)
        if step.isLast, !sequence.hasTrailingMissing {
            guard !isBlocked else { return false }
            match.begin(rule: Int(step.rule))
            return report(match.append(event))
        }
        if !step.isLast {
            // the newer event takes the place of the older
            let older = find(step.sequence, step.stage, excepted: isExcepted)
            if older != PendingTable.none { drop(older) }
        } else if isBlocked {
            return false
        }
        dropExpired(Int(step.sequence), slack: limits.lateness, atMost: 4)
        var entry = Pending()
        entry.hash = hash(step.sequence, step.stage, excepted: isExcepted)
        entry.start = time
        entry.last = time
        entry.sequence = step.sequence
        entry.stage = step.stage
        entry.role = step.isLast ? .waiting : .advancing
        entry.isBlocked = isBlocked
        entry.isExcepted = isExcepted
        guard insert(entry, event, withImage: !isBlocked) != nil else {
            counters.sequenceEvicted += 1
            return false
        }
        if step.isLast { nextDeadline = min(nextDeadline, time.addingSaturated(sequence.maxspan)) }
        return false
    }

    private mutating func advance(
        _ step: EnginePlan.Step, _ sequence: EnginePlan.Sequence, _ event: borrowing Event, isExcepted: Bool
    ) -> Bool {
        let time = event.header.time
        let own = pending(before: step, sequence, time, excepted: isExcepted, dropsLate: true)
        if own != PendingTable.none { return advance(own, step, sequence, event) }
        if isExcepted {
            let other = pending(before: step, sequence, time, excepted: false, dropsLate: false)
            return other != PendingTable.none && branch(other, step, sequence, event)
        }
        guard exceptedCount > 0 else { return false }
        let other = pending(before: step, sequence, time, excepted: true, dropsLate: true)
        return other != PendingTable.none && advance(other, step, sequence, event)
    }

    /// The pending match that an event can advance to a stage, or none.
    private mutating func pending(
        before step: EnginePlan.Step, _ sequence: EnginePlan.Sequence, _ time: Int64, excepted: Bool,
        dropsLate: Bool
    ) -> Int32 {
        let found = find(step.sequence, step.previous, excepted: excepted)
        guard found != PendingTable.none, time >= table[found].last else { return PendingTable.none }
        guard time <= table[found].start.addingSaturated(sequence.maxspan) else {
            if dropsLate { drop(found) }
            return PendingTable.none
        }
        return found
    }

    private mutating func advance(
        _ found: Int32, _ step: EnginePlan.Step, _ sequence: EnginePlan.Sequence, _ event: borrowing Event
    ) -> Bool {
        let time = event.header.time
        if time >= table[found].blockedFrom { table[found].isBlocked = true }
        let isBlocked = table[found].isBlocked

        if step.isLast, !sequence.hasTrailingMissing || isBlocked {
            guard !isBlocked else {
                drop(found)
                return false
            }
            let isComplete = complete(found, step, event)
            drop(found)
            return report(isComplete)
        }

        let isExcepted = table[found].isExcepted
        if !step.isLast {
            let older = find(step.sequence, step.stage, excepted: isExcepted)
            if older != PendingTable.none { drop(older) }
        }
        table[found].last = time
        table[found].blockedFrom = .max
        guard isBlocked ? keepKeyOnly(found) : append(event, to: found) else {
            drop(found)
            counters.sequenceEvicted += 1
            return false
        }
        table.move(
            found, toStage: step.stage, hash: hash(step.sequence, step.stage, excepted: isExcepted),
            role: step.isLast ? .waiting : .advancing)
        if step.isLast {
            nextDeadline = min(nextDeadline, table[found].start.addingSaturated(sequence.maxspan))
        }
        return false
    }

    /// Does what advancing would, and leaves the pending match as it is.
    private mutating func branch(
        _ found: Int32, _ step: EnginePlan.Step, _ sequence: EnginePlan.Sequence, _ event: borrowing Event
    ) -> Bool {
        let time = event.header.time
        guard !table[found].isBlocked, time < table[found].blockedFrom else { return false }
        if step.isLast, !sequence.hasTrailingMissing { return report(complete(found, step, event)) }

        var entry = table[found]
        entry.hash = hash(step.sequence, step.stage, excepted: true)
        entry.last = time
        entry.stage = step.stage
        entry.role = step.isLast ? .waiting : .advancing
        entry.isExcepted = true
        if !step.isLast {
            let older = find(step.sequence, step.stage, excepted: true)
            if older != PendingTable.none { drop(older) }
        }
        if insertBranch(entry, of: found, event), step.isLast {
            nextDeadline = min(nextDeadline, entry.start.addingSaturated(sequence.maxspan))
        }
        return false
    }

    /// Makes a pending match and its last event the match at hand.
    private mutating func complete(
        _ found: Int32, _ step: EnginePlan.Step, _ event: borrowing Event
    ) -> Bool {
        match.begin(rule: Int(step.rule))
        return pool.copy(table[found].chain, from: Int(table[found].keyLength), to: &match)
            && match.finishImages() && match.append(event)
    }

    private mutating func report(_ isComplete: Bool) -> Bool {
        guard isComplete else {
            counters.sequenceEvicted += 1
            return false
        }
        counters.matches += 1
        ruleCounters[match.ruleIndex].matches += 1
        return true
    }

    // MARK: Events that must not be

    private mutating func noteMarker(_ step: EnginePlan.Step, _ time: Int64) {
        let found = find(step.sequence, step.stage)
        if found != PendingTable.none {
            if time > table[found].start { table.restart(found, at: time) }
            return
        }
        dropExpired(Int(step.sequence), slack: limits.lateness, atMost: 4)
        var entry = Pending()
        entry.hash = hash(step.sequence, step.stage)
        entry.start = time
        entry.last = time
        entry.sequence = step.sequence
        entry.stage = step.stage
        entry.role = .marker
        if insertKey(entry) == nil { counters.sequenceEvicted += 1 }
    }

    /// Whether an event that must not be before the first was seen in the span
    /// before it.
    private func isMarked(
        _ step: EnginePlan.Step, _ sequence: EnginePlan.Sequence, _ time: Int64
    ) -> Bool {
        for stage in 0..<step.stage {
            let found = find(step.sequence, stage)
            guard found != PendingTable.none else { continue }
            let seen = table[found].last
            if seen <= time, time <= seen.addingSaturated(sequence.maxspan) { return true }
        }
        return false
    }

    private mutating func blockNext(_ step: EnginePlan.Step, _ time: Int64, excepted: Bool) {
        let found = find(step.sequence, step.previous, excepted: excepted)
        guard found != PendingTable.none, time >= table[found].last else { return }
        table[found].blockedFrom = min(table[found].blockedFrom, time)
    }

    private mutating func dropWaiting(
        _ step: EnginePlan.Step, _ sequence: EnginePlan.Sequence, _ time: Int64, excepted: Bool
    ) {
        let stage = sequence.lastPositive
        let hash = hash(step.sequence, stage, excepted: excepted)
        var index = table.firstInBucket(of: hash)
        while index != PendingTable.none {
            let next = table[index].bucketNext
            if isEntry(index, step.sequence, stage, hash), time >= table[index].last { drop(index) }
            index = next
        }
    }

    private mutating func dropAll(
        _ step: EnginePlan.Step, _ sequence: EnginePlan.Sequence, _ time: Int64, excepted: Bool
    ) {
        for stage in 0..<sequence.lastPositive {
            let found = find(step.sequence, stage, excepted: excepted)
            guard found != PendingTable.none, table[found].role == .advancing,
                time >= table[found].last
            else { continue }
            drop(found)
        }
    }

    // MARK: Keys

    private mutating func readKey(
        _ step: EnginePlan.Step, _ plan: borrowing EnginePlan, _ event: borrowing Event
    ) -> Bool {
        switch makeKey(step, plan, event) {
        case .complete: return true
        case .missing: ruleCounters[Int(step.rule)].nullKeys += 1
        case .unknown: ruleCounters[Int(step.rule)].unknownKeys += 1
        }
        return false
    }

    private mutating func makeKey(
        _ step: EnginePlan.Step, _ plan: borrowing EnginePlan, _ event: borrowing Event
    ) -> JoinKeyResult {
        key.truncate(to: 0)
        for index in step.keys {
            let state = event.appendKey(plan.keys[Int(index)], to: &key)
            guard state == .complete else { return state }
        }
        keyHash = key.hash(seed: limits.seed)
        return .complete
    }

    /// Whether a pending match waits for the event, which satisfies the condition
    /// of a step that advances one.
    mutating func awaits(
        _ step: EnginePlan.Step, _ plan: borrowing EnginePlan, _ event: borrowing Event
    ) -> Bool {
        guard table.pendings[Int(step.sequence)].count > 0, makeKey(step, plan, event) == .complete
        else { return false }
        return find(step.sequence, step.previous) != PendingTable.none
            || exceptedCount > 0 && find(step.sequence, step.previous, excepted: true) != PendingTable.none
    }

    func hash(_ sequence: Int32, _ stage: Int16, excepted: Bool = false) -> UInt64 {
        let place = UInt64(UInt32(sequence)) << 16 | UInt64(UInt16(stage)) | (excepted ? 1 << 63 : 0)
        return ByteArena.mix(keyHash ^ place, limits.seed)
    }

    private func isEntry(_ index: Int32, _ sequence: Int32, _ stage: Int16, _ hash: UInt64) -> Bool {
        table.entries[Int(index)].hash == hash && table.entries[Int(index)].sequence == sequence
            && table.entries[Int(index)].stage == stage
            && Int(table.entries[Int(index)].keyLength) == key.count
            && pool.starts(table.entries[Int(index)].chain, with: key)
    }

    /// The entry of the key at hand at a stage, or none.
    private func find(_ sequence: Int32, _ stage: Int16, excepted: Bool = false) -> Int32 {
        let hash = hash(sequence, stage, excepted: excepted)
        var index = table.firstInBucket(of: hash)
        while index != PendingTable.none, !isEntry(index, sequence, stage, hash) {
            index = table.entries[Int(index)].bucketNext
        }
        return index
    }
}

extension ByteArena {
    /// A 64-bit hash of the bytes in use.
    func hash(seed: UInt64) -> UInt64 {
        var hash = seed ^ UInt64(count)
        var offset = 0
        let bytes = self.bytes.span
        while offset + 8 <= count, let word: UInt64 = bytes.integer(at: offset) {
            hash = ByteArena.mix(hash ^ word, seed)
            offset += 8
        }
        var rest: UInt64 = 0
        while offset < count {
            rest = rest << 8 | UInt64(bytes[offset])
            offset += 1
        }
        return ByteArena.mix(hash ^ rest, seed)
    }

    /// Spreads every bit of a word over the whole.
    static func mix(_ word: UInt64, _ seed: UInt64) -> UInt64 {
        let product = (word ^ 0xa076_1d64_78bd_642f).multipliedFullWidth(by: seed | 1)
        return (product.high ^ product.low) &* 0xe703_7ed1_a0b4_28db
    }
}
