internal import CPlatform

/// Why a thread or what it waits on could not be had.
public enum ThreadError: Error, Sendable, Equatable {
    case thread(errno: Int32)
    case eventDescriptor(errno: Int32)
}

/// A running thread of the operating system.
///
/// Every signal is blocked on it. Whoever drops it without joining lets it end
/// on its own.
@safe
public struct Thread: ~Copyable, Sendable {
    private let handle: UInt

    /// Starts a thread.
    ///
    /// - Parameters:
    ///   - name: shown by `ps -L`; the kernel keeps 15 bytes.
    ///   - body: runs on the new thread; what it captures belongs to it.
    public init(name: String, _ body: sending @escaping () -> Void) throws(ThreadError) {
        let box = ThreadBody(body)
        // SAFETY: the box is retained once here and released once, by the
        // thread that takes it or, if none was started, below.
        let argument = unsafe Unmanaged.passRetained(box)
        var handle: UInt = 0
        let status = unsafe thread_start(
            &handle, String(name.prefix(15)),
            { argument in
                guard let argument = unsafe argument else { return nil }
                unsafe Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, argument.toOpaque())
        guard status == 0 else {
            unsafe argument.release()
            throw .thread(errno: -status)
        }
        self.handle = handle
    }

    deinit { thread_detach(handle) }

    /// Waits until the thread has ended.
    public consuming func join() {
        let handle = handle
        discard self
        thread_join(handle)
    }
}

private final class ThreadBody {
    private let body: () -> Void

    init(_ body: @escaping () -> Void) { self.body = body }

    func run() { body() }
}
