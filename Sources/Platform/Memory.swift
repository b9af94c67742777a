internal import CPlatform
internal import Glibc

/// The memory of this process.
public enum Memory {
    /// Has large blocks go back to the kernel when they are freed. Otherwise what was
    /// loaded at start stays below tables that are asked for whole and seldom filled.
    public static func mapLargeBlocks() { platform_map_large_blocks() }

    /// Gives back to the kernel what was freed and lies between pieces in use: the
    /// allocator keeps it otherwise.
    public static func giveBackFreed() { platform_trim_memory() }

    /// Gives whole pages of a block back to the kernel, which has them be zeros when they
    /// are touched again.
    public static func giveBack(_ block: UnsafeMutableRawBufferPointer) {
        let pageSize = Int(sysconf(Int32(_SC_PAGESIZE)))
        guard let base = block.baseAddress else { return }
        let start = Int(bitPattern: base)
        let first = (start + pageSize - 1) / pageSize * pageSize
        let end = (start + block.count) / pageSize * pageSize
        guard first < end else { return }
        // SAFETY: from the first whole page of the block to the last.
        unsafe madvise(base + (first - start), end - first, MADV_DONTNEED)
    }
}
