internal import CPlatform
internal import Glibc

/// Wakes a sleeping thread: an `eventfd(2)`.
///
/// Signals are not counted; one or many before a wait wake it once.
@safe
public struct EventDescriptor: ~Copyable, Sendable {
    /// The descriptor, to be watched by `poll` or `epoll`; readable while signalled.
    public let number: Int32

    public init() throws(ThreadError) {
        let opened = event_descriptor_open()
        guard opened >= 0 else { throw .eventDescriptor(errno: -opened) }
        number = opened
    }

    deinit { _ = close(number) }

    /// Wakes who waits, now or next. Never blocks.
    public func signal() {
        var one: UInt64 = 1
        // SAFETY: the pointer is to eight bytes that outlive the call. The
        // call fails only if the counter is full, and then it is signalled.
        _ = unsafe write(number, &one, 8)
    }

    /// Takes a signal back. Returns whether there was one.
    @discardableResult
    public func clear() -> Bool {
        var count: UInt64 = 0
        // SAFETY: the pointer is to eight bytes that outlive the call.
        return unsafe read(number, &count, 8) == 8
    }

    /// Sleeps until signalled, and takes the signal.
    ///
    /// - Returns: false if the time passed without a signal.
    public func wait(timeout: Duration? = nil) -> Bool {
        let end = timeout.map { ContinuousClock.now + $0 }
        while true {
            if clear() { return true }
            let rest = end.map { $0 - ContinuousClock.now }
            if let rest, rest <= .zero { return false }
            _ = waitUntilReady(number, Int16(POLLIN), rest)
        }
    }
}

/// Standard output, or whatever else takes its place: a pipe, a socket, a
/// file or a terminal. It belongs to somebody else and is never closed here.
public struct OutputDescriptor: Sendable {
    public let number: Int32

    public init(_ number: Int32) { self.number = number }

    public enum Outcome: Sendable, Equatable {
        case wrote(Int)
        /// Nothing could be taken now.
        case notNow
        case failed(errno: Int32)
    }

    /// One `write(2)`.
    public func write(_ bytes: borrowing Span<UInt8>) -> Outcome {
        // SAFETY: the pointer and the length are those of the borrowed span.
        let written = unsafe bytes.withUnsafeBytes { bytes in
            unsafe Glibc.write(number, bytes.baseAddress, bytes.count)
        }
        if written >= 0 { return .wrote(written) }
        let code = errno
        return code == EAGAIN || code == EINTR ? .notNow : .failed(errno: code)
    }

    /// Sleeps until the descriptor takes bytes or has failed.
    public func waitUntilWritable() {
        _ = waitUntilReady(number, Int16(POLLOUT), nil)
    }
}

/// Sleeps until the descriptor is ready or broken, a signal came, or the time passed.
private func waitUntilReady(_ descriptor: Int32, _ events: Int16, _ timeout: Duration?) -> Bool {
    var entry = pollfd(fd: descriptor, events: events, revents: 0)
    var milliseconds: Int32 = -1
    if let timeout {
        let (seconds, attoseconds) = timeout.components
        let rounded = attoseconds / 1_000_000_000_000_000 + 1
        milliseconds = Int32(clamping: seconds.multipliedReportingOverflow(by: 1000).partialValue + rounded)
    }
    // SAFETY: the pointer is to one entry that outlives the call.
    return unsafe poll(&entry, 1, milliseconds) > 0
}
