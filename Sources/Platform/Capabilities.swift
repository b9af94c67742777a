internal import CPlatform

/// One capability of Linux: a privilege that root's processes have.
public struct Capability: Hashable, Sendable {
    /// Its number, as in `<linux/capability.h>`.
    public let number: Int

    public init(number: Int) { self.number = number }

    public static let dacReadSearch = Capability(number: 2)
    public static let netAdmin = Capability(number: 12)
    public static let sysPtrace = Capability(number: 19)
    public static let sysAdmin = Capability(number: 21)
    public static let sysResource = Capability(number: 24)
    public static let perfmon = Capability(number: 38)
    public static let bpf = Capability(number: 39)

    /// `CAP_…`, or the number for one newer than this list.
    public var name: String {
        Capability.names.indices.contains(number)
            ? "CAP_\(Capability.names[number])" : "CAP_\(number)"
    }

    /// All known names without `CAP_`, in the order of their numbers.
    public static let names: [String] = [
        "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID",
        "SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW",
        "IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE",
        "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME",
        "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP",
        "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ",
        "PERFMON", "BPF", "CHECKPOINT_RESTORE",
    ]
}

/// A set of capabilities, one bit each.
public struct Capabilities: Hashable, Sendable {
    public var bits: UInt64

    public init(bits: UInt64) { self.bits = bits }

    public init(_ capabilities: some Sequence<Capability>) {
        bits = capabilities.reduce(0) { $0 | 1 << UInt64($1.number) }
    }

    /// The effective capabilities of the calling thread.
    public static func effective() throws(SystemCallError) -> Capabilities {
        var effective: UInt64 = 0
        var permitted: UInt64 = 0
        // SAFETY: both pointers outlive the call.
        let status = unsafe platform_capabilities(&effective, &permitted)
        guard status == 0 else { throw SystemCallError("capget", code: -status) }
        return Capabilities(bits: effective)
    }

    /// Whether a capability is in the set. CAP_SYS_ADMIN stands in for
    /// CAP_BPF and CAP_PERFMON, as it does in the kernel.
    public func grants(_ capability: Capability) -> Bool {
        if bits & (1 << UInt64(capability.number)) != 0 { return true }
        let split: [Capability] = [.bpf, .perfmon]
        return split.contains(capability) && bits & (1 << UInt64(Capability.sysAdmin.number)) != 0
    }

    /// Those of the required ones that the set does not grant, in that order.
    public func missing(of required: [Capability]) -> [Capability] {
        required.filter { !grants($0) }
    }
}
