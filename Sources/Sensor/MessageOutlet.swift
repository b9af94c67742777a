internal import Events
internal import Output
internal import Platform
internal import Synchronization

/// Takes messages for the writer's thread.
protocol MessageOutlet {
    /// False if there is no room.
    func push(kind: UInt8, _ message: borrowing Span<UInt8>, priority: MessageQueue.Priority) -> Bool
}

extension MessageQueue: MessageOutlet {}

/// Waits where the queue is full: a file can wait, the kernel cannot.
final class PatientOutlet: MessageOutlet {
    /// What the writer's thread tells this one.
    final class Output: Sendable {
        let isBroken = Atomic(false)
    }

    let output = Output()
    private(set) var wasInterrupted = false
    private let queue: MessageQueue
    private let signals: SignalDescriptor

    init(_ queue: MessageQueue, signals: consuming SignalDescriptor) {
        self.queue = queue
        self.signals = signals
    }

    var signalDescriptor: Int32 { signals.number }

    /// Whether to go on: no signal came, and somebody takes the output.
    func mayContinue() -> Bool {
        while let signal = signals.next() {
            if signal != .hangUp { wasInterrupted = true }
        }
        return !wasInterrupted && !output.isBroken.load(ordering: .acquiring)
    }

    func push(kind: UInt8, _ message: borrowing Span<UInt8>, priority: MessageQueue.Priority) -> Bool {
        guard message.count <= MessageQueue.longestMessage else { return false }
        while !queue.push(kind: kind, message, priority: priority) {
            guard mayContinue() else { return false }
            Clock.sleep(nanoseconds: PatientOutlet.pause)
        }
        return true
    }

    private static let pause: Int64 = 100_000
}
