internal import CBPF
internal import Events

/// Reads records from the ring in the order in which things happened.
///
/// Processors write side by side, so that the order of the ring is not that of
/// time. Gather a batch with `collect`, take records in order with `next`, and
/// give the space back with `release`. Nothing is copied or allocated.
///
/// To sleep: drain until nothing is left, `arm`, and wait on `descriptor` only
/// if the answer is `.armed`. It must be watched edge-triggered.
public struct RingReader: ~Copyable {
    private let memory: RingMemory
    private let settings: SettingsMemory
    private var pending: PendingRecords
    /// Everything before this was gathered.
    private var gathered: UInt64
    /// What the kernel was last told.
    private var released: UInt64
    private var lastTime: UInt64 = 0

    /// Records older than a wanted one that was handed out before them: what a
    /// rule should have seen earlier.
    public private(set) var late: UInt64 = 0
    /// Records older than any that was handed out before them.
    public private(set) var reordered: UInt64 = 0
    private var lastWantedTime: UInt64 = 0
    /// Records too short to be one of ours, and jumps over a damaged ring.
    public private(set) var malformed: UInt64 = 0
    /// Most bytes that were in use when we looked.
    public private(set) var peakFill = 0

    /// Records in one batch.
    public static let defaultCapacity = 16384

    init(memory: consuming RingMemory, settings: consuming SettingsMemory, capacity: Int) {
        let position = memory.consumerPosition
        self.memory = memory
        self.settings = settings
        pending = PendingRecords(capacity: capacity)
        gathered = position
        released = position
    }

    /// The ring's descriptor, which stays open as long as this reader.
    public var descriptor: Int32 { memory.descriptor }

    /// Bytes of the ring.
    public var size: Int { memory.size }

    /// Bytes in use: written, or about to be, and not released.
    public var fill: Int { Int(memory.producerPosition &- released) }

    /// Records that wait to be handed out.
    public var count: Int { pending.count }

    // MARK: Gathering

    /// Gathers what has been committed since, up to the first record that a
    /// processor is still writing. Also does what `release` does.
    ///
    /// - Returns: how many records came to those that wait.
    @discardableResult
    public mutating func collect() -> Int {
        release()
        let end = memory.producerPosition
        peakFill = max(peakFill, Int(end &- released))
        var count = 0
        while gathered < end, !pending.isFull {
            let word = memory.lengthWord(at: gathered)
            if word & RingReader.busy != 0 { break }
            let length = Int(word & RingReader.lengthMask)
            let next = gathered &+ UInt64((length + 8 + 7) & ~7)
            guard next <= end, length <= memory.size - 8 else {
                malformed += 1
                skip(to: end)
                break
            }
            if word & RingReader.discarded != 0 || !gather(length: length, next: next) {
                skip(to: next)
            } else {
                gathered = next
                count += 1
            }
        }
        return count
    }

    /// Adds the record at the gathered position; false if it is none.
    private mutating func gather(length: Int, next: UInt64) -> Bool {
        let start = gathered
        let header = memory.withRecord(at: start, length: length) { RecordHead($0) }
        guard let header else {
            malformed += 1
            return false
        }
        pending.append(
            PendingRecords.Record(
                time: header.time, start: start, end: next, length: UInt32(length),
                flags: header.flags, kind: header.kind, isDone: false))
        return true
    }

    private mutating func skip(to position: UInt64) {
        gathered = position
        if !pending.extendLast(to: position) { publish(position) }
    }

    // MARK: Handing out

    /// The record that `next` would hand out, or nil.
    public var first: RingRecord? {
        guard let record = pending.first else { return nil }
        return RingRecord(
            time: Int64(truncatingIfNeeded: record.time), kind: RecordKind(rawValue: record.kind),
            isWanted: record.flags & UInt32(RECORD_WANTED.rawValue) != 0)
    }

    /// Hands out the earliest record that waits, in place.
    ///
    /// - Returns: what the closure returned; nil if no record waits.
    @inline(__always)
    public mutating func next<Result>(_ body: (borrowing Span<UInt8>) -> Result) -> Result? {
        guard let record = pending.first else { return nil }
        pending.removeFirst()
        if record.time < lastTime {
            reordered += 1
            // a fork that was held up between its start and its hook, and no rule waits for it
            let isAtStart = record.flags & UInt32(RECORD_AT_START.rawValue) != 0
            if record.time < lastWantedTime, !isAtStart { late += 1 }
        } else {
            lastTime = record.time
        }
        if record.flags & UInt32(RECORD_WANTED.rawValue) != 0 {
            lastWantedTime = max(lastWantedTime, record.time)
        }
        return memory.withRecord(at: record.start, length: Int(record.length), body)
    }

    /// Gives back the space of records that were handed out, as far as all
    /// records before them were.
    public mutating func release() {
        if let position = pending.dropDone() { publish(position) }
    }

    private mutating func publish(_ position: UInt64) {
        released = position
        memory.consumerPosition = position
    }

    // MARK: Sleeping

    /// What `arm` found.
    public enum ArmOutcome: Sendable {
        /// The ring is empty, and the next wanted record wakes us.
        case armed
        /// There are records: drain again.
        case pending
        /// A processor is writing a record and may not wake us for it: look again
        /// in some microseconds.
        case busy
    }

    /// Asks for a wake-up, then looks once more whether there is anything. In
    /// this order, a record is either seen here or sees that we are armed.
    public mutating func arm() -> ArmOutcome {
        guard pending.count == 0 else { return .pending }
        settings.arm()
        guard memory.producerPosition != gathered else { return .armed }
        settings.disarm()
        let isBusy = memory.lengthWord(at: gathered) & RingReader.busy != 0
        return isBusy ? .busy : .pending
    }

    /// No wake-up is needed: we are awake.
    public func disarm() { settings.disarm() }

    // as in <linux/bpf.h>
    private static let busy: UInt32 = 1 << 31
    private static let discarded: UInt32 = 1 << 30
    private static let lengthMask: UInt32 = (1 << 30) - 1
}

/// What kind of record it is.
public enum RecordKind: UInt16, Sendable {
    case exec = 1
    case fork, exit, connect, task
}

/// What can be said of a record without decoding it.
public struct RingRecord: Sendable, Equatable {
    /// Nanoseconds since boot.
    public let time: Int64
    /// Nil for one that this version does not know.
    public let kind: RecordKind?
    /// A loaded rule waits for it.
    public let isWanted: Bool
}

/// What ordering needs of a record's header.
private struct RecordHead {
    let time: UInt64
    let flags: UInt32
    let kind: UInt16

    init?(_ bytes: borrowing Span<UInt8>) {
        guard bytes.count >= MemoryLayout<record_header>.size, let time: UInt64 = bytes.integer(at: 0),
            let kind: UInt16 = bytes.integer(at: 12), let flags: UInt32 = bytes.integer(at: 16)
        else { return nil }
        self.time = time
        self.flags = flags
        self.kind = kind
    }
}
