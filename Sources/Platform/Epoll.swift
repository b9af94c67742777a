internal import CPlatform
internal import Glibc

/// Waits for any of several descriptors: an `epoll(7)` instance.
@safe
public struct Epoll: ~Copyable {
    private let descriptor: Int32

    /// What a descriptor is watched for.
    public enum Mode: Sendable {
        /// Reported for as long as there is something to read.
        case level
        /// Reported once for each time something arrives. The ring buffer needs
        /// this: with unread silent records in it, level would always be true.
        case edge
    }

    public init() throws(SystemCallError) {
        let opened = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard opened >= 0 else { throw .last("epoll_create1") }
        descriptor = opened
    }

    deinit { _ = close(descriptor) }

    /// Watches a descriptor for reading. It must stay open.
    ///
    /// - Parameter token: what `wait` reports it as.
    public func add(_ watched: Int32, token: UInt64, _ mode: Mode = .level) throws(SystemCallError) {
        var events = EPOLLIN.rawValue
        if mode == .edge { events |= EPOLLET.rawValue }
        var event = unsafe epoll_event(events: events, data: epoll_data_t(u64: token))
        // SAFETY: the kernel copies the event during the call.
        guard unsafe epoll_ctl(descriptor, EPOLL_CTL_ADD, watched, &event) == 0 else {
            throw .last("epoll_ctl")
        }
    }

    /// Stops watching a descriptor.
    public func remove(_ watched: Int32) throws(SystemCallError) {
        guard epoll_ctl(descriptor, EPOLL_CTL_DEL, watched, nil) == 0 else {
            throw .last("epoll_ctl")
        }
    }

    /// Sleeps until something arrives, and reports the token of each descriptor
    /// that has something. A signal ends the sleep early, with no report.
    ///
    /// - Parameter timeout: nil waits for ever. Rounded up to milliseconds.
    /// - Returns: how many were reported; 0 when the time passed.
    @discardableResult
    public func wait(timeout: Duration?, _ body: (UInt64) -> Void) throws(SystemCallError) -> Int {
        var events = unsafe InlineArray<16, epoll_event>(repeating: epoll_event())
        // SAFETY: the kernel writes at most the sixteen events there is room
        // for, and says how many it wrote.
        var span = unsafe events.mutableSpan
        let count = unsafe span.withUnsafeMutableBufferPointer { buffer in
            unsafe epoll_wait(
                descriptor, buffer.baseAddress, Int32(buffer.count), Epoll.milliseconds(timeout))
        }
        guard count >= 0 else {
            if errno == EINTR { return 0 }
            throw .last("epoll_wait")
        }
        for index in 0..<Int(count) { unsafe body(events[index].data.u64) }
        return Int(count)
    }

    static func milliseconds(_ timeout: Duration?) -> Int32 {
        guard let (seconds, attoseconds) = timeout?.components else { return -1 }
        let unit: Int64 = 1_000_000_000_000_000
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        guard !overflow else { return seconds < 0 ? 0 : .max }
        return Int32(clamping: max(0, whole + (attoseconds + unit - 1) / unit))
    }
}
