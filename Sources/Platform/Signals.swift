internal import CPlatform
internal import Glibc

/// The signals that the sensor answers.
public enum Signal: Int32, CaseIterable, Sendable {
    case hangUp = 1
    case interrupt = 2
    case terminate = 15
}

/// Signals as something to read: a `signalfd(2)`.
///
/// Create it before any other thread starts: signals are blocked on the calling
/// thread, and later threads inherit that.
@safe
public struct SignalDescriptor: ~Copyable {
    /// The descriptor, to be watched by `Epoll`.
    public let number: Int32

    /// Blocks the signals, so that they wait here, and ignores SIGPIPE, so that a
    /// closed pipe is an error to whoever writes.
    public init(_ signals: [Signal] = Signal.allCases) throws(SystemCallError) {
        let status = platform_ignore_signal(SIGPIPE)
        guard status == 0 else { throw SystemCallError("signal", code: -status) }
        var set = Signals.set(of: signals)
        // SAFETY: the set outlives both calls.
        let blocked = unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        guard blocked == 0 else { throw SystemCallError("pthread_sigmask", code: blocked) }
        let opened = unsafe signalfd(-1, &set, Int32(SFD_CLOEXEC) | Int32(SFD_NONBLOCK))
        guard opened >= 0 else { throw .last("signalfd") }
        number = opened
    }

    deinit { _ = close(number) }

    /// Takes the next signal that has arrived, or nil.
    public func next() -> Signal? {
        var info = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        // SAFETY: the pointer is to one structure of that size.
        guard unsafe read(number, &info, size) == size else { return nil }
        return Signal(rawValue: Int32(info.ssi_signo))
    }
}

/// The signal state that a child must not inherit.
public enum Signals {
    /// Undoes what `SignalDescriptor` did, in a child before it runs another
    /// program.
    public static func restoreDefaults() {
        var set = Signals.set(of: Signal.allCases)
        // SAFETY: the set outlives the call.
        _ = unsafe pthread_sigmask(SIG_UNBLOCK, &set, nil)
        _ = platform_default_signal(SIGPIPE)
    }

    fileprivate static func set(of signals: [Signal]) -> sigset_t {
        var set = sigset_t()
        // SAFETY: the set outlives the calls.
        unsafe sigemptyset(&set)
        for signal in signals { unsafe sigaddset(&set, signal.rawValue) }
        return set
    }
}
