/// Records that were gathered from the ring and not handed out yet, in order
/// of time; of equal times, in order of the ring.
///
/// Also keeps which records are done, so that the ring's space is given back
/// from its beginning only. Its arrays are allocated once.
struct PendingRecords: ~Copyable {
    struct Record {
        var time: UInt64
        /// Positions in the ring: of the length word, and behind the record.
        var start: UInt64
        var end: UInt64
        var length: UInt32
        var flags: UInt32
        var kind: UInt16
        var isDone: Bool
    }

    private struct Place {
        var time: UInt64
        var slot: Int
    }

    /// In the order of the ring; sequence number modulo capacity.
    private var records: [Record]
    /// Those not handed out, sorted; number modulo capacity.
    private var order: [Place]
    private let mask: Int
    private var firstRecord = 0
    private var lastRecord = 0
    private var firstPlace = 0
    private var lastPlace = 0

    /// - Parameter capacity: rounded up to a power of two.
    init(capacity: Int) {
        var size = 2
        while size < capacity { size *= 2 }
        mask = size - 1
        let none = Record(
            time: 0, start: 0, end: 0, length: 0, flags: 0, kind: 0, isDone: true)
        records = Array(repeating: none, count: size)
        order = Array(repeating: Place(time: 0, slot: 0), count: size)
    }

    /// How many wait to be handed out.
    var count: Int { lastPlace - firstPlace }

    var isFull: Bool { lastRecord - firstRecord > mask }

    /// Adds a record that follows all others in the ring. There must be room.
    mutating func append(_ record: Record) {
        let slot = lastRecord & mask
        records[slot] = record
        lastRecord += 1
        // nearly sorted already: only records of other processors move
        var place = lastPlace
        while place > firstPlace {
            let before = order[(place - 1) & mask]
            guard before.time > record.time else { break }
            order[place & mask] = before
            place -= 1
        }
        order[place & mask] = Place(time: record.time, slot: slot)
        lastPlace += 1
    }

    /// Lets the space up to a position go with the last record. False if there
    /// is none.
    mutating func extendLast(to end: UInt64) -> Bool {
        guard lastRecord > firstRecord else { return false }
        records[(lastRecord - 1) & mask].end = end
        return true
    }

    /// The record that comes first, or nil.
    var first: Record? {
        guard firstPlace < lastPlace else { return nil }
        return records[order[firstPlace & mask].slot]
    }

    /// Marks the first record as handed out.
    mutating func removeFirst() {
        guard firstPlace < lastPlace else { return }
        records[order[firstPlace & mask].slot].isDone = true
        firstPlace += 1
    }

    /// Forgets the records at the beginning of the ring that are done.
    ///
    /// - Returns: the position behind them, or nil if there were none.
    mutating func dropDone() -> UInt64? {
        var end: UInt64?
        while firstRecord < lastRecord, records[firstRecord & mask].isDone {
            end = records[firstRecord & mask].end
            firstRecord += 1
        }
        return end
    }
}
