internal import CPlatform
internal import Glibc

/// What the calling process may do.
public enum Privileges {
    /// Gives up all capabilities but these, for good: nothing that this
    /// process executes later can have more. Call it before threads start.
    ///
    /// - Parameter bits: one bit for each capability number.
    /// - Returns: 0, or the error of the kernel.
    public static func limit(to bits: UInt64) -> Int32 {
        -privileges_limit(bits)
    }

    /// Sets the calling thread's nice value, and that of threads it starts
    /// later; false if that is not allowed (below 0 it takes CAP_SYS_NICE).
    public static func setNice(_ value: Int32) -> Bool {
        // in Linux the "process" of this call is a thread
        setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, value) == 0
    }
}
