internal import CPlatform

/// The memory of this process.
public enum Memory {
    /// Gives back to the kernel what was freed and lies between pieces in use: the
    /// allocator keeps it otherwise.
    public static func giveBackFreed() { platform_trim_memory() }
}
