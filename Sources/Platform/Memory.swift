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

    /// Gives the whole pages of a range that nobody uses back to the kernel, which has them
    /// be zeros when they are touched again.
    public static func giveBack(_ range: Range<Int>, of bytes: inout MutableSpan<UInt8>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count)
        let pageSize = Int(sysconf(Int32(_SC_PAGESIZE)))
        // SAFETY: the pages lie within the range, which the precondition has within the bytes;
        // any byte, zeros too, is a valid `UInt8`.
        unsafe bytes.withUnsafeMutableBufferPointer { bytes in
            guard let base = bytes.baseAddress else { return }
            let start = Int(bitPattern: base)
            let first = (start + range.lowerBound + pageSize - 1) / pageSize * pageSize
            let end = (start + range.upperBound) / pageSize * pageSize
            guard first < end else { return }
            unsafe madvise(base + (first - start), end - first, MADV_DONTNEED)
        }
    }
}
