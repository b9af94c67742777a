public import Platform
internal import Synchronization

/// Turns messages into lines of text. It lives on the writer's thread.
public protocol MessageEncoder: SendableMetatype {
    /// Appends the text of one message, without the final newline. Nothing
    /// appended means that there is nothing to write.
    ///
    /// - Returns: false if the message cannot be read; it counts as failed.
    mutating func encode(kind: UInt8, message: borrowing Span<UInt8>, into line: inout [UInt8]) -> Bool

    /// Called when a message was announced and has not come yet.
    ///
    /// - Parameter isWanted: false as soon as there is a message, or none will come.
    mutating func prepare(_ scratch: inout [UInt8], while isWanted: () -> Bool)
}

extension MessageEncoder {
    public mutating func prepare(_ scratch: inout [UInt8], while isWanted: () -> Bool) {}
}

/// Writes the messages of a queue to an output, on a thread of its own.
///
/// Each line is written with one `write(2)`. A reader that does not read blocks
/// only this thread; an output that broke is not written to again, and what
/// could not be written is counted.
public final class Writer: Sendable {
    public struct Counters: Sendable, Equatable {
        /// Lines written whole.
        public var written: UInt64
        /// Messages lost because the output broke or they could not be encoded.
        public var failed: UInt64
        /// Messages for which the encoder had nothing to write.
        public var skipped: UInt64
        /// Messages that are not accounted for yet.
        public var waiting: UInt64
        public var queue: MessageQueue.Counters
    }

    /// How the writing ended.
    public struct Summary: Sendable, Equatable {
        public var counters: Counters
        /// False if the output was still blocked when the time was over.
        public var isComplete: Bool
        /// Why the output broke; 0 if it did not.
        public var errno: Int32
        /// Messages that were never written: failed, or waiting still.
        public var lost: UInt64 { counters.failed + counters.waiting }
    }

    private let queue: MessageQueue
    private let progress: Progress
    private let thread: Mutex<Thread?>

    /// Starts the thread.
    ///
    /// - Parameters:
    ///   - whenStarted: called first of all on the writer's thread.
    ///   - whenBroken: called once, on the writer's thread, with the error that
    ///     broke the output.
    public init<Encoder: MessageEncoder>(
        queue: MessageQueue, output: OutputDescriptor, encoder: sending Encoder,
        whenStarted: @escaping @Sendable () -> Void = {},
        whenBroken: @escaping @Sendable (Int32) -> Void = { _ in }
    ) throws(ThreadError) {
        let progress = Progress(ended: try EventDescriptor())
        let thread = try Thread(name: "imdswatch-out") {
            whenStarted()
            var loop = WriterLoop(
                queue: queue, output: output, progress: progress, encoder: encoder,
                whenBroken: whenBroken)
            loop.run()
            progress.ended.signal()
        }
        self.queue = queue
        self.progress = progress
        self.thread = Mutex(thread)
    }

    public var counters: Counters {
        // Done first, so that nothing is done that was not queued.
        let written = progress.written.load(ordering: .acquiring)
        let failed = progress.failed.load(ordering: .acquiring)
        let skipped = progress.skipped.load(ordering: .acquiring)
        let queue = queue.counters
        return Counters(
            written: written, failed: failed, skipped: skipped,
            waiting: queue.queued - min(queue.queued, written + failed + skipped), queue: queue)
    }

    /// Says that a message will probably come soon.
    public func announce() { queue.announce() }

    /// The error that broke the output; 0 while it works.
    public var errno: Int32 { progress.errno.load(ordering: .acquiring) }

    /// Writes what is queued and ends the thread. If the output is blocked
    /// beyond the timeout, the thread is left alone and what waits is reported.
    public func finish(timeout: Duration) -> Summary {
        queue.close()
        var isComplete = true
        if let thread = thread.withLock({ $0.take() }) {
            isComplete = progress.ended.wait(timeout: timeout)
            if isComplete { thread.join() }
        }
        return Summary(counters: counters, isComplete: isComplete, errno: errno)
    }
}

/// What the writer's thread tells the others.
private final class Progress: Sendable {
    let written = Atomic<UInt64>(0)
    let failed = Atomic<UInt64>(0)
    let skipped = Atomic<UInt64>(0)
    let errno = Atomic<Int32>(0)
    let ended: EventDescriptor

    init(ended: consuming EventDescriptor) { self.ended = ended }
}

/// The state of the writer's thread.
private struct WriterLoop<Encoder: MessageEncoder> {
    let queue: MessageQueue
    let output: OutputDescriptor
    let progress: Progress
    var encoder: Encoder
    let whenBroken: @Sendable (Int32) -> Void
    private var isBroken = false

    init(
        queue: MessageQueue, output: OutputDescriptor, progress: Progress, encoder: Encoder,
        whenBroken: @escaping @Sendable (Int32) -> Void
    ) {
        self.queue = queue
        self.output = output
        self.progress = progress
        self.encoder = encoder
        self.whenBroken = whenBroken
    }

    mutating func run() {
        var message: [UInt8] = []
        var line: [UInt8] = []
        let queue = queue
        while true {
            switch queue.wait() {
            case .end: return
            case .announcement:
                line.removeAll(keepingCapacity: true)
                encoder.prepare(&line) { queue.isQuiet }
                continue
            case .message: break
            }
            while let kind = queue.pop(into: &message) {
                line.removeAll(keepingCapacity: true)
                // Broken: nobody will read it, so it is not encoded either.
                guard !isBroken, encoder.encode(kind: kind, message: message.span, into: &line) else {
                    progress.failed.wrappingAdd(1, ordering: .releasing)
                    continue
                }
                guard !line.isEmpty else {
                    progress.skipped.wrappingAdd(1, ordering: .releasing)
                    continue
                }
                line.append(UInt8(ascii: "\n"))
                if write(line.span) {
                    progress.written.wrappingAdd(1, ordering: .releasing)
                } else {
                    progress.failed.wrappingAdd(1, ordering: .releasing)
                }
            }
        }
    }

    /// Writes all bytes; false if the output broke.
    private mutating func write(_ line: borrowing Span<UInt8>) -> Bool {
        var done = 0
        while done < line.count {
            switch output.write(line.extracting(done..<line.count)) {
            case .wrote(let count): done += count
            case .notNow: output.waitUntilWritable()
            case .failed(let errno):
                isBroken = true
                progress.errno.store(errno, ordering: .releasing)
                whenBroken(errno)
                return false
            }
        }
        return true
    }
}
