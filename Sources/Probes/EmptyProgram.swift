internal import CBPF
internal import Glibc

/// A BPF program that does nothing: what the kernel measures of it (``RunStatistics``)
/// is what the measuring itself takes.
public struct EmptyProgram: ~Copyable {
    private let program: Int32
    private let link: Int32

    /// Loads and attaches it.
    ///
    /// - Parameter tracepoint: without its group, such as `sched_process_exec`.
    /// - Throws: `ProbeError.statistics` if the kernel refuses it.
    public init(at tracepoint: String) throws(ProbeError) {
        let zero = bpf_insn(code: UInt8(BPF_ALU64 | BPF_MOV | BPF_K), dst_reg: 0, src_reg: 0, off: 0, imm: 0)
        let exit = bpf_insn(code: UInt8(BPF_JMP | BPF_EXIT), dst_reg: 0, src_reg: 0, off: 0, imm: 0)
        // SAFETY: the kernel copies all of it during the call.
        let loaded = unsafe bpf_prog_load(
            BPF_PROG_TYPE_RAW_TRACEPOINT, "empty", "GPL", [zero, exit], 2, nil)
        guard loaded >= 0 else { throw .statistics(code: -loaded) }
        let attached = unsafe bpf_raw_tracepoint_open(tracepoint, loaded)
        guard attached >= 0 else {
            _ = close(loaded)
            throw .statistics(code: -attached)
        }
        (program, link) = (loaded, attached)
    }

    deinit {
        _ = close(link)
        _ = close(program)
    }

    /// Its runs up to now, and their time in nanoseconds.
    ///
    /// - Returns: nil if the kernel does not tell.
    public var counters: (runs: UInt64, runTime: UInt64)? {
        programInfo(program).map { ($0.run_cnt, $0.run_time_ns) }
    }
}

/// What the kernel tells of a program; nil if nothing.
func programInfo(_ descriptor: Int32) -> bpf_prog_info? {
    var info = bpf_prog_info()
    var length = UInt32(MemoryLayout<bpf_prog_info>.size)
    // SAFETY: the kernel writes at most `length` bytes.
    return unsafe bpf_obj_get_info_by_fd(descriptor, &info, &length) == 0 ? info : nil
}
