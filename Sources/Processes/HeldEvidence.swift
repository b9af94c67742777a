/// For a while, who was meant by an event that may become part of an alert: what an
/// alert tells of them is filled in when there is one, and there seldom is.
///
/// A ring in which each entry is named by a number; 0 is none. The ancestors in
/// it carry a reference each.
struct HeldEvidence: ~Copyable {
    struct Entry {
        /// Given back after this, a `ProcessStore.moment`.
        var until: UInt32 = 0
        var ancestor: UInt32 = 0
        var sessionLeader: UInt32 = 0
        var groupLeader: UInt32 = 0
    }

    private var entries: [Entry] = []
    private let mask: UInt32
    /// Numbers of the oldest entry, and of the next to be made.
    private var first: UInt32 = 1
    private var next: UInt32 = 1

    /// - Parameter limit: of entries, rounded down to a power of two.
    init(limit: Int) {
        let bits = Int.bitWidth - 1 - max(1, limit).leadingZeroBitCount
        mask = 1 << UInt32(min(bits, 24)) - 1
        entries.reserveCapacity(Int(mask) + 1)
    }

    var count: Int { Int(next &- first) }

    /// Adds an entry and returns its number; 0 if there is no room.
    mutating func append(_ entry: Entry) -> UInt32 {
        if next == 0 {
            // 0 is nobody's number: this place stays empty
            guard place(Entry()) else { return 0 }
        }
        let number = next
        return place(entry) ? number : 0
    }

    private mutating func place(_ entry: Entry) -> Bool {
        guard count <= Int(mask) else { return false }
        let index = Int(next & mask)
        // numbers begin with 1: the place of 0 is made with it, and filled a round later
        while entries.count <= index { entries.append(Entry()) }
        entries[index] = entry
        next &+= 1
        return true
    }

    /// The entry of a number, if it is still there.
    subscript(number: UInt32) -> Entry? {
        number != 0 && number &- first < next &- first ? entries[Int(number & mask)] : nil
    }

    /// Takes out the oldest entry, if its time is over.
    mutating func takeOver(at moment: UInt32) -> Entry? {
        guard first != next, entries[Int(first & mask)].until < moment else { return nil }
        defer { first &+= 1 }
        return entries[Int(first & mask)]
    }
}
