internal import CBPF
public import Events

/// Turns a record of the kernel side into an event.
///
/// What the kernel captured becomes the event's fields; what it could not read
/// becomes a field that is known to exist. Nothing is allocated. Facts that the
/// process table supplies (parents, leaders, names of users) are left to it;
/// identities are in the event's header.
public struct RecordDecoder: ~Copyable {
    /// Added to a time since boot, it gives UTC: nanoseconds.
    public var utcOffset: Int64 {
        didSet {
            if (utcOffset &- startOffset).magnitude > RecordDecoder.mostDrift { startOffset = utcOffset }
        }
    }

    /// The same for starts of processes: it stays until the clock was set or has
    /// drifted, so that a process has one start in all that is told of it.
    private var startOffset: Int64
    /// Nanoseconds: as exact as starts in /proc are.
    private static let mostDrift: UInt64 = 10_000_000

    var vocabulary = Vocabulary()
    /// A text whose missing middle was marked.
    var joined = ByteArena(capacity: 4096, limit: 64 * 1024)
    var toldGroups: ToldGroups
    private var wantsCapabilities: Bool
    /// An environment that was captured for other rules is none of these rules' business.
    var wantsEnvironment: Bool

    /// - Parameters:
    ///   - fields: what the loaded rules read. Fields that are costly to make are
    ///     made only if they are among these; all others always.
    public init(fields: FieldSet, utcOffset: Int64 = 0) {
        self.utcOffset = utcOffset
        startOffset = utcOffset
        toldGroups = ToldGroups(processors: Processors.limit)
        wantsCapabilities = RecordDecoder.wantsCapabilities(fields)
        wantsEnvironment = fields.contains(.processEnvVars)
    }

    /// Notes that other rules are loaded.
    public mutating func setFields(_ fields: FieldSet) {
        wantsCapabilities = RecordDecoder.wantsCapabilities(fields)
        wantsEnvironment = fields.contains(.processEnvVars)
    }

    private static func wantsCapabilities(_ fields: FieldSet) -> Bool {
        fields.contains(.processCapabilitiesEffective) || fields.contains(.processCapabilitiesPermitted)
    }

    /// Gives an event the words that all events share. Call it once, for the
    /// one event that this decoder fills, before `Event.fixConstants`.
    public mutating func prepare(_ event: inout Event) {
        vocabulary.prepare(&event)
    }

    /// Gives an event the kind and the values that every event of this kind has.
    /// The engine does not test them again: nothing may change them later.
    @inline(__always)
    public func begin(_ kind: EventKind, _ event: inout Event) {
        event.header.kind = kind
        switch kind {
        case .document: break
        case .exec: setKind(.process, .start, .exec, of: &event)
        case .fork: setKind(.process, .start, .fork, of: &event)
        case .exit: setKind(.process, .end, .end, of: &event)
        case .connect: setKind(.network, .start, .connectionAttempted, of: &event)
        }
    }

    /// Fills an event, which must be empty but for its constants.
    ///
    /// A running process, from `Probes.forEachTask`, is decoded without a
    /// category and with the kind `.document`.
    ///
    /// - Throws: when the record is malformed; the event is then to be emptied.
    public mutating func decode(
        _ bytes: borrowing Span<UInt8>, into event: inout Event
    ) throws(RecordError) {
        guard let header: record_header = bytes.load() else {
            throw .truncated(need: MemoryLayout<record_header>.size, have: bytes.count)
        }
        guard header.size <= bytes.count else {
            throw .truncated(need: Int(header.size), have: bytes.count)
        }
        guard let kind = RecordKind(rawValue: header.kind) else { throw .unknownKind(header.kind) }
        let time = Int64(truncatingIfNeeded: header.time)
        event.header.time = time
        event.header.timestamp = time &+ utcOffset
        event.header.hook = Hook(rawValue: UInt8(truncatingIfNeeded: header.hook)) ?? .none
        event.set(.timestamp, integer: time &+ utcOffset)
        if kind == .fork { return try decodeFork(bytes, into: &event) }

        guard header.size >= MemoryLayout<record>.size, let record: record = bytes.load() else {
            throw .truncated(need: MemoryLayout<CBPF.record>.size, have: Int(header.size))
        }
        event.header.degraded = header.flags & Flag.degraded != 0
        event.header.wanted = header.flags & Flag.wanted != 0
        event.header.hasExeced = kind != .fork && header.flags & Flag.noExec == 0
        setTask(record.task, header.flags, of: &event)
        event.header.parentExecs = record.parent_execs
        event.header.directory = DirectoryIdentity(record.directory)
        switch kind {
        case .exec:
            begin(.exec, &event)
            event.set(.executableScript, boolean: header.flags & Flag.script != 0)
        case .connect:
            begin(.connect, &event)
            setConnection(record.connect, header.flags, of: &event)
        case .exit:
            begin(.exit, &event)
            event.set(.processExitCode, integer: RecordDecoder.exitCode(record.task.exit_code))
        case .task, .fork:
            break
        }
        try setTexts(record, bytes, of: &event)
    }

    private func decodeFork(
        _ bytes: borrowing Span<UInt8>, into event: inout Event
    ) throws(RecordError) {
        guard let record: record_fork = bytes.load() else {
            throw .truncated(need: MemoryLayout<record_fork>.size, have: bytes.count)
        }
        begin(.fork, &event)
        event.header.process = ProcessIdentity(record.process)
        event.header.parent = ProcessIdentity(record.parent)
        event.set(.processPID, integer: Int64(record.process.pid))
        setStart(record.process, of: &event)
        // what a sibling was says nothing of the parent
        guard record.header.flags & Flag.bySibling == 0 else {
            event.header.isBySibling = true
            return
        }
        event.set(.processUserID, integer: Int64(record.euid))
        event.set(.processRealUserID, integer: Int64(record.uid))
        event.set(.processGroupID, integer: Int64(record.egid))
        event.set(.processRealGroupID, integer: Int64(record.gid))
        event.header.directory = DirectoryIdentity(record.directory)
    }

    // MARK: Facts

    @inline(__always)
    private func setKind(
        _ category: Vocabulary.Word, _ type: Vocabulary.Word, _ action: Vocabulary.Word,
        of event: inout Event
    ) {
        vocabulary.set(.eventCategory, category, of: &event)
        vocabulary.set(.eventType, type, of: &event)
        vocabulary.set(.eventAction, action, of: &event)
    }

    @inline(__always)
    private func setStart(_ process: record_identity, of event: inout Event) {
        event.set(.processStart, integer: Int64(truncatingIfNeeded: process.start) &+ startOffset)
    }

    @inline(__always)
    private func setTask(_ task: record_task, _ flags: UInt32, of event: inout Event) {
        event.header.process = ProcessIdentity(task.process)
        event.header.parent = ProcessIdentity(task.parent)
        event.header.execs = task.execs
        event.header.sessionLeader = ProcessIdentity(task.session)
        event.header.groupLeader = ProcessIdentity(task.group)
        event.set(.processPID, integer: Int64(task.process.pid))
        setStart(task.process, of: &event)
        event.set(.processThreadID, integer: Int64(task.tid))
        event.set(.namespacedPID, integer: Int64(task.namespaced_pid))

        event.set(.userID, integer: Int64(task.euid))
        event.set(.processUserID, integer: Int64(task.euid))
        event.set(.processRealUserID, integer: Int64(task.uid))
        event.set(.processSavedUserID, integer: Int64(task.suid))
        event.set(.userExtRealID, integer: Int64(task.uid))
        if task.euid != task.uid { event.set(.userEffectiveID, integer: Int64(task.euid)) }
        event.set(.groupID, integer: Int64(task.egid))
        event.set(.processGroupID, integer: Int64(task.egid))
        event.set(.processRealGroupID, integer: Int64(task.gid))
        event.set(.processSavedGroupID, integer: Int64(task.sgid))
        event.set(.groupExtRealID, integer: Int64(task.gid))
        if task.login_uid != .max { event.set(.loginUID, integer: Int64(task.login_uid)) }
        if task.audit_session != .max { event.set(.auditSession, integer: Int64(task.audit_session)) }

        let hasTerminal = task.tty_major | task.tty_minor != 0
        event.set(.processInteractive, boolean: hasTerminal)
        if hasTerminal {
            event.set(.processTTYMajor, integer: Int64(task.tty_major))
            event.set(.processTTYMinor, integer: Int64(task.tty_minor))
        }
        event.set(.cgroupID, integer: Int64(truncatingIfNeeded: task.cgroup_id))
        event.set(.pidNamespace, integer: Int64(task.pid_namespace))
        event.set(.mountNamespace, integer: Int64(task.mount_namespace))
        event.set(.networkNamespace, integer: Int64(task.network_namespace))
        event.set(.userNamespace, integer: Int64(task.user_namespace))
        event.set(.hostMountNamespace, boolean: flags & Flag.hostMounts != 0)
        event.set(.executableDeleted, boolean: flags & Flag.deleted != 0)
        event.set(.executableMemory, boolean: flags & Flag.memfd != 0)
        if wantsCapabilities {
            setCapabilities(.processCapabilitiesEffective, task.capabilities_effective, of: &event)
            setCapabilities(.processCapabilitiesPermitted, task.capabilities_permitted, of: &event)
        }
    }

    /// What a shell would show: the code, or 128 and the signal that ended it.
    static func exitCode(_ status: UInt32) -> Int64 {
        let signal = status & 0x7f
        return signal == 0 ? Int64(status >> 8 & 0xff) : Int64(128 + signal)
    }
}

extension DirectoryIdentity {
    fileprivate init(_ directory: record_directory) {
        self.init(mount: directory.mount, entry: directory.entry)
    }
}

/// Bits of `record_header.flags`.
enum Flag {
    static let degraded = RECORD_DEGRADED.rawValue
    static let script = RECORD_SCRIPT.rawValue
    static let deleted = RECORD_DELETED.rawValue
    static let memfd = RECORD_MEMFD.rawValue
    static let hostMounts = RECORD_HOST_MOUNTS.rawValue
    static let result = RECORD_RESULT.rawValue
    static let source = RECORD_SOURCE.rawValue
    static let wanted = RECORD_WANTED.rawValue
    static let argumentsMutable = RECORD_ARGV_MUTABLE.rawValue
    static let noExec = RECORD_NO_EXEC.rawValue
    static let chroot = RECORD_CHROOT.rawValue
    static let bySibling = RECORD_BY_SIBLING.rawValue
}
