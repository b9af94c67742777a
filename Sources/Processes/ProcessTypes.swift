public import Events

/// Start times in /proc are in ticks of this length, rounded down.
enum ProcessTick {
    static let nanoseconds: UInt64 = 10_000_000
}

/// How much the process table may hold.
public struct ProcessTableLimits: Sendable {
    public var processes: Int
    /// Bytes of text: executables, directories, control groups, arguments.
    public var bytes: Int

    public init(processes: Int = 65_536, bytes: Int = 8 << 20) {
        self.processes = processes
        self.bytes = bytes
    }
}

/// What the loaded rules read of live events: what is filled for every event
/// rather than for alerts only.
public struct ProcessNeeds: Sendable {
    public let fields: FieldSet
    /// Identities that rules compare with text.
    public let identityTexts: FieldSet
    /// A rule is about forks: their events are evaluated, not only noted.
    public let forks: Bool

    /// Anything beyond the identities and the parent's executable.
    let more: Bool
    let parent: Bool
    let entryLeader: Bool
    let sessionLeader: Bool
    let groupLeader: Bool

    public init(fields: FieldSet = FieldSet(), identityTexts: FieldSet = FieldSet(), forks: Bool = false) {
        self.fields = fields
        self.identityTexts = identityTexts
        self.forks = forks
        func names(_ prefix: String) -> Bool {
            fields.fields.contains { $0.name.hasPrefix(prefix) }
        }
        let usual = FieldSet([.parentPID, .parentEntityID, .parentExecutable, .parentName])
        parent = fields.fields.contains { $0.name.hasPrefix("process.parent.") && !usual.contains($0) }
        entryLeader = names("process.entry_leader.")
        sessionLeader = names("process.session_leader.")
        groupLeader = names("process.group_leader.")
        let own = FieldSet([
            .processUserName, .processRealUserName, .processGroupName, .userName, .userEffectiveName,
            .groupName, .containerID, .serviceName, .processStart,
        ])
        more =
            parent || entryLeader || sessionLeader || groupLeader || !identityTexts.isEmpty
            || fields.fields.contains { own.contains($0) }
    }
}

/// What the process table did, and what it had to give up.
public struct ProcessCounters: Sendable, Equatable {
    /// Processes in the table, and bytes of their texts.
    public var processes = 0
    public var bytes = 0
    /// Processes that were there at start.
    public var seeded = 0
    /// Arguments given up to make room.
    public var argumentsEvicted = 0
    /// Entries of processes that had ended, given up.
    public var recycled = 0
    /// A loss: entries of processes that were alive, given up to make room.
    public var evicted = 0
    /// A loss: processes or texts for which no room could be made.
    public var full = 0
    /// Process numbers that went to another process.
    public var reused = 0
    /// Events of a process whose number had gone to another already.
    public var late = 0
    /// Programs that must have started without a record of it.
    public var execsMissed = 0
    /// Executables of parents that the kernel could not read, or had told before,
    /// and who knew.
    public var parentFromTable = 0
    public var parentFromProc = 0
    public var parentUnknown = 0

    public init() {}
}
