/// One process for its whole life: its number, and when it started.
///
/// A pid alone is reused; the pair is not. The start time survives `exec`, so
/// the identity does too. Both are those of the thread-group leader, in the
/// initial pid namespace.
public struct ProcessIdentity: Hashable, Sendable {
    /// Process number (tgid) as the host sees it.
    public var pid: UInt32

    /// Start of the process, in nanoseconds since boot. 0 if unknown.
    public var start: UInt64

    @inlinable
    public init(pid: UInt32, start: UInt64) {
        self.pid = pid
        self.start = start
    }

    /// No process: what a field of this type holds before it is known.
    public static var none: ProcessIdentity { ProcessIdentity(pid: 0, start: 0) }

    @inlinable
    public var isKnown: Bool { pid != 0 }
}
