public import Events

/// The BPF programs, by their names in the object.
public enum ProbeProgram: String, CaseIterable, Sendable {
    case exec
    case fork
    case exit = "exit_hook"
    case connect4Fexit = "connect4_fexit"
    case connect6Fexit = "connect6_fexit"
    case connect4Kprobe = "connect4_kprobe"
    case connect4Kretprobe = "connect4_kretprobe"
    case connect6Kprobe = "connect6_kprobe"
    case connect6Kretprobe = "connect6_kretprobe"
    case connectTracepoint = "connect_tracepoint"
    case tasks

    /// Whether the sensor can do without it, by another hook.
    var isOptional: Bool {
        switch self {
        case .exec, .fork, .exit, .tasks: false
        default: true
        }
    }

    /// Its place in arrays that have one entry for each program.
    var ordinal: Int { ProbeProgram.allCases.firstIndex(of: self) ?? 0 }

    /// What it attaches to, as `check` shows it.
    public var target: String {
        switch self {
        case .exec: "tp_btf/sched_process_exec"
        case .fork: "tp_btf/sched_process_fork"
        case .exit: "tp_btf/sched_process_exit"
        case .connect4Fexit: "fexit/tcp_v4_connect"
        case .connect6Fexit: "fexit/tcp_v6_connect"
        case .connect4Kprobe: "kprobe/tcp_v4_connect"
        case .connect4Kretprobe: "kretprobe/tcp_v4_connect"
        case .connect6Kprobe: "kprobe/tcp_v6_connect"
        case .connect6Kretprobe: "kretprobe/tcp_v6_connect"
        case .connectTracepoint: "tp_btf/inet_sock_set_state"
        case .tasks: "iter/task"
        }
    }
}

/// The two kinds of address, each with its own connect function in the kernel.
public enum AddressFamily: UInt8, CaseIterable, Sendable {
    case v4, v6
}

/// What is observed, whichever program does it. The raw value is the kernel
/// side's counter row.
public enum ProbeFact: UInt32, CaseIterable, Sendable {
    case exec, fork, exit, connect4, connect6

    public static func connect(_ family: AddressFamily) -> ProbeFact {
        family == .v4 ? .connect4 : .connect6
    }

    public var name: String {
        switch self {
        case .exec: "exec"
        case .fork: "fork"
        case .exit: "exit"
        case .connect4: "connect4"
        case .connect6: "connect6"
        }
    }
}

/// Which connect hook the operator wants.
public enum HookPreference: String, CaseIterable, Sendable {
    /// The best that the kernel offers.
    case auto
    case fexit, kprobe, tracepoint

    /// The hooks to try, best first.
    public var ladder: [Hook] {
        switch self {
        case .auto: [.fexit, .kprobe, .tracepoint]
        case .fexit: [.fexit]
        case .kprobe: [.kprobe]
        case .tracepoint: [.tracepoint]
        }
    }
}

extension Hook {
    /// The programs that make up a connect hook.
    func programs(_ family: AddressFamily) -> [ProbeProgram] {
        switch self {
        case .none: []
        case .tracepoint: [.connectTracepoint]
        case .fexit: family == .v4 ? [.connect4Fexit] : [.connect6Fexit]
        case .kprobe:
            family == .v4
                ? [.connect4Kprobe, .connect4Kretprobe] : [.connect6Kprobe, .connect6Kretprobe]
        }
    }
}
