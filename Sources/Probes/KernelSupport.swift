internal import CBPF
internal import Glibc

/// What this kernel offers, for `check` and for messages. Nil is: not to be told.
public struct KernelSupport: Sendable, Equatable {
    public var release: String
    /// The kernel describes its types, without which no program can load.
    public var hasTypeInformation: Bool
    public var hasRingBuffer: Bool
    /// 0 interpreter, 1 compiled, 2 compiled with debugging.
    public var justInTime: Int?
    /// False: fexit and kprobes attach, and never fire.
    public var ftraceEnabled: Bool?
    /// False: kprobes attach, and never fire.
    public var kprobesEnabled: Bool?
    /// Whether run times of programs are counted.
    public var statisticsEnabled: Bool?

    /// Asks the running kernel.
    public static func read() -> KernelSupport {
        unsafe KernelSupport(
            release: readText("/proc/sys/kernel/osrelease") ?? "",
            hasTypeInformation: access(TypeInformation.path, R_OK) == 0,
            hasRingBuffer: libbpf_probe_bpf_map_type(BPF_MAP_TYPE_RINGBUF, nil) == 1,
            justInTime: readText("/proc/sys/net/core/bpf_jit_enable").flatMap { Int($0) },
            ftraceEnabled: flag("/proc/sys/kernel/ftrace_enabled"),
            kprobesEnabled: flag("/sys/kernel/debug/kprobes/enabled"),
            statisticsEnabled: flag("/proc/sys/kernel/bpf_stats_enabled"))
    }

    private static func flag(_ path: String) -> Bool? {
        readText(path).flatMap { Int($0) }.map { $0 != 0 }
    }
}
