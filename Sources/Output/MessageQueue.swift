public import Platform
internal import Synchronization

/// A bounded queue of byte messages from one thread to one other.
///
/// Neither side ever locks, and the sending side never waits, allocates or
/// (unless the receiver sleeps) makes a system call. What does not fit is
/// refused and counted.
///
/// One thread may call `push`, one `pop` and `wait`; anyone may read the
/// counters and call `close`.
@safe
public final class MessageQueue: Sendable {
    public enum Priority: Sendable {
        /// Alerts and statistics: may use the whole queue.
        case high
        /// Plain events: a quarter of the queue stays free for what matters more.
        case low
    }

    /// How many messages went in, and how many were refused and why.
    public struct Counters: Sendable, Equatable {
        public var queued: UInt64 = 0
        public var popped: UInt64 = 0
        /// High-priority messages refused because the queue was full.
        public var full: UInt64 = 0
        /// Low-priority messages refused because their part was full.
        public var fullForLow: UInt64 = 0
        /// Messages longer than `longestMessage`.
        public var tooLong: UInt64 = 0

        /// All refused messages.
        public var refused: UInt64 { full + fullForLow + tooLong }
        /// Messages that wait.
        public var waiting: UInt64 { queued - min(popped, queued) }
    }

    /// No message may be longer than this many bytes.
    public static let longestMessage = 1 << 20

    /// Length of the message (4 bytes), kind, padding. Frames start at
    /// multiples of this, so a header never wraps.
    private static let headerSize = 8

    public let capacity: Int
    private let lowCapacity: Int
    nonisolated(unsafe) private let memory: UnsafeMutableRawPointer
    private let wakeUp: EventDescriptor

    // Positions only grow; their remainder by `capacity` is the place in memory.
    private let writePosition = CacheLine()
    private let readPosition = CacheLine()
    private let sleeping = Atomic(false)
    private let announced = Atomic(false)
    private let closed = Atomic(false)

    private let queuedCount = Atomic<UInt64>(0)
    private let poppedCount = Atomic<UInt64>(0)
    private let fullCount = Atomic<UInt64>(0)
    private let fullForLowCount = Atomic<UInt64>(0)
    private let tooLongCount = Atomic<UInt64>(0)

    /// - Parameter capacity: bytes, rounded up to a power of two; each message
    ///   needs its length and up to 15 bytes.
    public init(capacity: Int = 4 << 20) throws(ThreadError) {
        var rounded = 64
        while rounded < capacity { rounded *= 2 }
        wakeUp = try EventDescriptor()
        self.capacity = rounded
        lowCapacity = rounded / 4 * 3
        unsafe memory = .allocate(byteCount: rounded, alignment: 64)
    }

    deinit { unsafe memory.deallocate() }

    public var counters: Counters {
        // popped first: a message counted there was counted as queued before
        let popped = poppedCount.load(ordering: .acquiring)
        return Counters(
            queued: queuedCount.load(ordering: .acquiring), popped: popped,
            full: fullCount.load(ordering: .relaxed),
            fullForLow: fullForLowCount.load(ordering: .relaxed),
            tooLong: tooLongCount.load(ordering: .relaxed))
    }

    // MARK: Sending

    /// Appends a message; false if it was refused.
    public func push(
        kind: UInt8, _ message: borrowing Span<UInt8>, priority: Priority = .high
    ) -> Bool {
        guard message.count <= MessageQueue.longestMessage else {
            tooLongCount.wrappingAdd(1, ordering: .relaxed)
            return false
        }
        let start = writePosition.value.load(ordering: .relaxed)
        let used = start - readPosition.value.load(ordering: .acquiring)
        let size = MessageQueue.frameSize(message.count)
        guard used + size <= (priority == .low ? lowCapacity : capacity) else {
            countRefused(priority)
            return false
        }
        copyIn(message, kind: kind, at: start)
        queuedCount.wrappingAdd(1, ordering: .releasing)
        // Publish, then look whether the receiver sleeps; it does the reverse.
        // Both are sequentially consistent, so one of the two sees the other.
        writePosition.value.store(start + size, ordering: .sequentiallyConsistent)
        if sleeping.load(ordering: .sequentiallyConsistent),
            sleeping.exchange(false, ordering: .acquiringAndReleasing)
        {
            wakeUp.signal()
        }
        return true
    }

    private func countRefused(_ priority: Priority) {
        switch priority {
        case .high: fullCount.wrappingAdd(1, ordering: .relaxed)
        case .low: fullForLowCount.wrappingAdd(1, ordering: .relaxed)
        }
    }

    /// Says that a message will probably come soon: a receiver that sleeps wakes
    /// to prepare for it.
    public func announce() {
        guard sleeping.load(ordering: .relaxed) else { return }
        announced.store(true, ordering: .releasing)
        wakeUp.signal()
    }

    /// Says that no more messages follow, and wakes the receiver.
    public func close() {
        closed.store(true, ordering: .sequentiallyConsistent)
        wakeUp.signal()
    }

    // MARK: Receiving

    /// Takes the oldest message.
    ///
    /// - Parameter message: replaced by its bytes; keeps its memory.
    /// - Returns: the message's kind; nil if there is none.
    public func pop(into message: inout [UInt8]) -> UInt8? {
        let start = readPosition.value.load(ordering: .relaxed)
        guard writePosition.value.load(ordering: .acquiring) != start else { return nil }
        let (kind, length) = copyOut(into: &message, from: start)
        readPosition.value.store(start + MessageQueue.frameSize(length), ordering: .releasing)
        poppedCount.wrappingAdd(1, ordering: .releasing)
        return kind
    }

    /// What `wait` waited for.
    public enum News: Sendable {
        /// There is a message.
        case message
        /// One was announced.
        case announcement
        /// The queue is closed and empty.
        case end
    }

    /// Sleeps until there is something.
    public func wait() -> News {
        while isEmpty {
            // Read before looking again: what was pushed before the closing counts.
            let isClosed = closed.load(ordering: .sequentiallyConsistent)
            sleeping.store(true, ordering: .sequentiallyConsistent)
            if !isEmpty { break }
            if isClosed { return .end }
            _ = wakeUp.wait()
            if announced.exchange(false, ordering: .acquiring), isEmpty { return .announcement }
        }
        sleeping.store(false, ordering: .relaxed)
        return .message
    }

    /// For the receiver: there is no message, and it is not the end.
    var isQuiet: Bool { isEmpty && !closed.load(ordering: .relaxed) }

    private var isEmpty: Bool {
        writePosition.value.load(ordering: .sequentiallyConsistent)
            == readPosition.value.load(ordering: .relaxed)
    }

    // MARK: Memory

    private static func frameSize(_ length: Int) -> Int {
        (headerSize + length + headerSize - 1) & ~(headerSize - 1)
    }

    private func copyIn(_ message: borrowing Span<UInt8>, kind: UInt8, at position: Int) {
        let offset = position & (capacity - 1)
        let length = message.count
        let body = (offset + MessageQueue.headerSize) & (capacity - 1)
        let head = min(length, capacity - body)
        // SAFETY: `offset` is a multiple of the header's size below the
        // capacity, which is one too. `push` proved that the frame is free, so
        // the receiver does not read it. `body + head` is at most the
        // capacity, and the rest, `length - head`, is less than the capacity.
        unsafe memory.storeBytes(of: UInt32(length), toByteOffset: offset, as: UInt32.self)
        unsafe memory.storeBytes(of: kind, toByteOffset: offset + 4, as: UInt8.self)
        unsafe message.withUnsafeBytes { source in
            guard let base = source.baseAddress else { return }
            unsafe (memory + body).copyMemory(from: base, byteCount: head)
            unsafe memory.copyMemory(from: base + head, byteCount: length - head)
        }
    }

    private func copyOut(into message: inout [UInt8], from position: Int) -> (UInt8, Int) {
        let offset = position & (capacity - 1)
        // SAFETY: as in `copyIn`, which wrote this frame; the sender does not
        // touch it until `readPosition` has passed it.
        let length = Int(unsafe memory.load(fromByteOffset: offset, as: UInt32.self))
        let kind = unsafe memory.load(fromByteOffset: offset + 4, as: UInt8.self)
        let body = (offset + MessageQueue.headerSize) & (capacity - 1)
        let head = min(length, capacity - body)
        message.removeAll(keepingCapacity: true)
        unsafe message.append(contentsOf: UnsafeRawBufferPointer(start: memory + body, count: head))
        unsafe message.append(contentsOf: UnsafeRawBufferPointer(start: memory, count: length - head))
        return (kind, length)
    }
}

/// A position that does not share its cache line with the other side's.
private struct CacheLine: ~Copyable, Sendable {
    private let before = Padding()
    let value = Atomic<Int>(0)
    private let after = Padding()

    private struct Padding {
        private let bytes = InlineArray<7, UInt64>(repeating: 0)
    }
}
