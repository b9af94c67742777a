internal import CPlatform

/// The memory of this process.
public enum Memory {
    /// Has large blocks go back to the kernel when they are freed. Otherwise what was
    /// loaded at start stays below tables that are asked for whole and seldom filled.
    public static func mapLargeBlocks() { platform_map_large_blocks() }

    /// Gives back to the kernel what was freed and lies between pieces in use: the
    /// allocator keeps it otherwise.
    public static func giveBackFreed() { platform_trim_memory() }
}
