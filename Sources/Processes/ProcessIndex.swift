internal import Platform

/// The process that has, or last had, a number.
struct ProcessEntry: Sendable {
    struct Flags: OptionSet, Sendable {
        let rawValue: UInt8
        /// Forked, and no exec of its own has been seen.
        static var forked: Flags { Flags(rawValue: 1) }
        static var exited: Flags { Flags(rawValue: 2) }
        /// The start time is in ticks of /proc, rounded down.
        static var startInTicks: Flags { Flags(rawValue: 4) }
        /// Found alive when it was asked for: it may well stay.
        static var lasting: Flags { Flags(rawValue: 8) }
    }

    var start: UInt64
    /// 0: the place is free, and `ancestor` names the next free one.
    var pid: UInt32
    /// Who it is now, as its children will remember it.
    var ancestor: UInt32
    /// When it was last heard of, as `ProcessStore.moment`; of one that has ended,
    /// a moment by which it had.
    var seen: UInt32
    var flags: Flags = []
}

/// Entries by process number: open addressing over places that do not move, so
/// that a hand can go round them from the oldest to the newest.
///
/// No slot on the way to a place is nearer to the home of its own number than the
/// place is there to its home (Robin Hood hashing): numbers that were given out in
/// a row fill slots in a row, and a search or removal must not go through all of
/// them.
struct ProcessIndex: ~Copyable {
    /// A place holds the entry; place 0 is never used.
    private(set) var entries: Slab<ProcessEntry>
    private var slots: Slab<UInt32>
    private var firstFree: UInt32 = 0
    let limit: Int
    private(set) var count = 0

    init(limit: Int) {
        self.limit = limit
        let bits = Int.bitWidth - (max(16, limit * 2) - 1).leadingZeroBitCount
        slots = Slab(zeros: 1 << bits)
        entries = Slab(capacity: limit + 1)
        entries.append(ProcessEntry(start: 0, pid: 0, ancestor: 0, seen: 0))
    }

    /// Numbers are given out in order: neighbours in time are neighbours here.
    private func home(of pid: UInt32) -> Int { Int(pid) & (slots.count - 1) }

    /// How far from its home the place in a slot is.
    private func distance(at slot: Int) -> Int {
        (slot - home(of: entries[Int(slots[slot])].pid)) & (slots.count - 1)
    }

    /// The place of a process number, 0 if it has none.
    func find(_ pid: UInt32) -> UInt32 {
        let mask = slots.count - 1
        var slot = home(of: pid)
        var steps = 0
        while true {
            let place = slots[slot]
            if place == 0 || entries[Int(place)].pid == pid { return place }
            if distance(at: slot) < steps { return 0 }
            slot = (slot + 1) & mask
            steps += 1
        }
    }

    /// Adds an entry for a number that has none; 0 if there is no room.
    mutating func insert(_ entry: ProcessEntry) -> UInt32 {
        let place: UInt32
        if firstFree != 0 {
            place = firstFree
            firstFree = entries[Int(place)].ancestor
            entries[Int(place)] = entry
        } else if count < limit {
            place = UInt32(entries.count)
            entries.append(entry)
        } else {
            return 0
        }
        count += 1
        let mask = slots.count - 1
        var slot = home(of: entry.pid)
        var carried = place
        var steps = 0
        while slots[slot] != 0 {
            let distance = distance(at: slot)
            if distance < steps {
                let displaced = slots[slot]
                slots[slot] = carried
                carried = displaced
                steps = distance
            }
            slot = (slot + 1) & mask
            steps += 1
        }
        slots[slot] = carried
        return place
    }

    mutating func remove(at place: UInt32) {
        let mask = slots.count - 1
        var hole = home(of: entries[Int(place)].pid)
        while slots[hole] != place { hole = (hole + 1) & mask }
        // move up what is away from its home
        while true {
            let next = (hole + 1) & mask
            guard slots[next] != 0, distance(at: next) > 0 else { break }
            slots[hole] = slots[next]
            hole = next
        }
        slots[hole] = 0
        entries[Int(place)] = ProcessEntry(start: 0, pid: 0, ancestor: firstFree, seen: 0)
        firstFree = place
        count -= 1
    }

    mutating func update(_ place: UInt32, ancestor: UInt32) {
        entries[Int(place)].ancestor = ancestor
    }

    mutating func update(_ place: UInt32, start: UInt64) {
        entries[Int(place)].start = start
    }

    mutating func replace(_ place: UInt32, with entry: ProcessEntry) {
        entries[Int(place)] = entry
    }

    mutating func update(_ place: UInt32, flags: ProcessEntry.Flags) {
        entries[Int(place)].flags = flags
    }

    mutating func touch(_ place: UInt32, at moment: UInt32) {
        entries[Int(place)].seen = max(entries[Int(place)].seen, moment)
    }
}
