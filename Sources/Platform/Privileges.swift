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
}
