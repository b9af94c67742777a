internal import CPlatform
internal import Glibc

/// Why a process could not be started or waited for.
public enum SpawnError: Error, Equatable, Sendable {
    case fork(errno: Int32)
    case exec(path: String, errno: Int32)
    case wait(errno: Int32)
    /// The process itself ended early and says why.
    case failed(step: String, errno: Int32)
}

/// A child process of this one.
///
/// It is not ended when this value goes away; ask for that with `dieWithParent`.
public struct Child: Sendable {
    public let pid: Int32

    /// Forks. The body runs in the child, which ends with the returned code.
    ///
    /// The child has one thread, this one's copy: locks that other threads
    /// hold at this moment stay held in it for ever. Fork before starting threads.
    public init(_ body: () -> Int32) throws(SpawnError) {
        let pid = child_fork()
        if pid == 0 { _exit(body()) }
        guard pid > 0 else { throw .fork(errno: -pid) }
        self.pid = pid
    }

    /// Waits for the end and returns the exit code as a shell shows it: 128 and
    /// the signal's number for one that was killed.
    ///
    /// - Returns: nil if the time passed first.
    public func wait(timeout: Duration? = nil) throws(SpawnError) -> Int32? {
        if let timeout, !ended(within: timeout) { return nil }
        var status: Int32 = 0
        while true {
            // SAFETY: the pointer is to an integer that outlives the call.
            if unsafe waitpid(pid, &status, 0) == pid { return child_exit_code(status) }
            guard errno == EINTR else { throw .wait(errno: errno) }
        }
    }

    /// Asks it to end.
    public func terminate() { _ = Glibc.kill(pid, SIGTERM) }

    /// Ends it, with no chance to do anything about it.
    public func kill() { _ = Glibc.kill(pid, SIGKILL) }

    /// Ends it and the others of its process group, which it must lead.
    public func killGroup() { _ = Glibc.kill(-pid, SIGKILL) }

    private func ended(within timeout: Duration) -> Bool {
        let watch = child_watch(pid)
        // Without pidfd_open (before Linux 5.3) there is only the unlimited wait.
        guard watch >= 0 else { return true }
        defer { _ = close(watch) }
        return Readiness.wait(watch, timeout: timeout)
    }
}

/// What a process does to itself between fork and exec.
public enum CurrentProcess {
    public static var pid: Int32 { getpid() }
    public static var effectiveUser: UInt32 { geteuid() }

    /// The number of threads, or nil where /proc cannot be read.
    public static var threadCount: Int? {
        // SAFETY: the directory is closed on every way out, and an entry is
        // only compared with nil.
        guard let directory = unsafe opendir("/proc/self/task") else { return nil }
        defer { unsafe closedir(directory) }
        var entries = 0
        while unsafe readdir(directory) != nil { entries += 1 }
        return entries - 2
    }

    public static var parentPid: Int32 { getppid() }

    /// When this process started, in clock ticks (10 ms) since boot, as /proc tells.
    public static var startTicks: UInt64? { startTicks(of: getpid()) }

    /// When a process started, in clock ticks (10 ms) since boot, as /proc tells.
    public static func startTicks(of pid: Int32) -> UInt64? {
        let descriptor = unsafe open("/proc/\(pid)/stat", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { _ = close(descriptor) }
        guard let line = try? BytePipe.read(descriptor, atMost: 1024) else { return nil }
        return startTicks(inStat: line)
    }

    /// Field 22. The name in field 2 may hold anything, so the count begins behind it.
    static func startTicks(inStat line: [UInt8]) -> UInt64? {
        guard let nameEnd = line.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = line[(nameEnd + 1)...].split(separator: UInt8(ascii: " "))
        guard fields.count > 19 else { return nil }
        return UInt64(String(decoding: fields[19], as: UTF8.self))
    }

    /// Ends this process when the thread that forked it ends.
    ///
    /// - Returns: false if the parent is gone already.
    public static func dieWithParent(_ parent: Int32) -> Bool { child_die_with_parent(parent) == 0 }

    public static func resetSignals() { child_reset_signals() }

    /// Gives up every capability for good.
    public static func dropPrivileges() -> Bool { child_drop_privileges() == 0 }

    /// Lets no other process without privileges look into this one or steer it.
    public static func refuseTracing() -> Bool { child_refuse_tracing() == 0 }

    /// Leaves the terminal's session, and so the reach of its Ctrl-C, and the
    /// directory it was started in.
    public static func detach() {
        _ = setsid()
        _ = unsafe chdir("/")
    }

    /// Has the kernel take away ended children.
    public static func discardChildren() { child_ignore_children() }

    /// Makes descriptors 0, 1, 2, … of these, in this order, and closes all others.
    ///
    /// nil stands for /dev/null.
    public static func keepOnly(_ descriptors: [Int32?]) {
        let above = Int32(descriptors.count)
        // First out of the way of each other, then into place.
        let moved = descriptors.map { descriptor in
            if let descriptor { return fcntl(descriptor, F_DUPFD, above) }
            let null = unsafe open("/dev/null", O_RDWR)
            return null < above ? fcntl(null, F_DUPFD, above) : null
        }
        for (index, descriptor) in moved.enumerated() { dup2(descriptor, Int32(index)) }
        child_close_from(above)
    }

    /// Becomes another program.
    ///
    /// - Returns: only on failure, the error number.
    public static func exec(_ path: String, _ arguments: [String], environment: [String]) -> Int32 {
        // SAFETY: both arrays end in nil and their strings are never freed:
        // this process becomes another or ends.
        var arguments = unsafe (arguments + [""]).map { unsafe strdup($0) }
        var environment = unsafe (environment + [""]).map { unsafe strdup($0) }
        unsafe arguments[arguments.count - 1] = nil
        unsafe environment[environment.count - 1] = nil
        _ = unsafe execve(path, &arguments, &environment)
        return errno
    }
}

/// Waiting for descriptors.
public enum Readiness {
    /// Sleeps until the descriptor has something to read or is broken.
    ///
    /// - Returns: false if the time passed first.
    public static func wait(_ descriptor: Int32, timeout: Duration?) -> Bool {
        wait([descriptor], timeout: timeout) != nil
    }

    /// Sleeps until one of the descriptors has something to read or is broken.
    ///
    /// - Returns: its place in the list, or nil if the time passed first.
    public static func wait(_ descriptors: [Int32], timeout: Duration?) -> Int? {
        let end = timeout.map { ContinuousClock.now + $0 }
        var entries = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        while true {
            let rest = end.map { max(.zero, $0 - ContinuousClock.now) }
            // SAFETY: the pointer and the count are those of the array.
            let count = unsafe poll(&entries, nfds_t(entries.count), milliseconds(rest))
            if count > 0 { return entries.firstIndex { $0.revents != 0 } }
            guard count < 0, errno == EINTR else { return nil }
        }
    }

    private static func milliseconds(_ duration: Duration?) -> Int32 {
        guard let duration else { return -1 }
        let (seconds, attoseconds) = duration.components
        return Int32(clamping: seconds.multipliedReportingOverflow(by: 1000).partialValue)
            &+ Int32(attoseconds / 1_000_000_000_000_000) &+ (duration > .zero ? 1 : 0)
    }
}
