internal import Platform

/// Other programs that watch program starts and connections, as distributions
/// package them.
enum Alternative {
    /// Prints what a simple watcher would: who started what, who connects.
    private static let script = """
        tracepoint:sched:sched_process_exec { printf("%d %s %s\\n", pid, comm, str(args->filename)); }
        tracepoint:sock:inet_sock_set_state /args->newstate == 2/ { printf("%d %s\\n", pid, comm); }
        """

    /// Each alternative, as the programs it is made of.
    static let all: [(name: String, commands: [MeasuredProcess.Command])] = [
        (
            "bpftrace",
            [
                MeasuredProcess.Command(
                    name: "bpftrace", path: "/usr/bin/bpftrace", arguments: ["-e", script], readyLine: nil,
                    patience: .seconds(3))
            ]
        ),
        (
            "execsnoop + tcpstates",
            ["execsnoop", "tcpstates"].map {
                MeasuredProcess.Command(
                    name: $0, path: "/usr/sbin/\($0)", arguments: [], readyLine: nil, patience: .seconds(1))
            }
        ),
    ]
}
