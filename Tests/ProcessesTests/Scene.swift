import Events
import Processes

/// What /proc would say, changed by tests as they go.
final class FakeHost {
    var alive: Set<UInt32> = []
    var texts: [UInt32: [ProcessText: String]] = [:]
    var starts: [UInt32: UInt64] = [:]
    var facts: [UInt32: ProcessFacts] = [:]
    var reads = 0
    var aliveQuestions = 0
    /// Of its clock since boot.
    var time: Int64 = 0
}

struct FakeSource: ProcessSource {
    let host: FakeHost

    func timeAfterEnd(of pid: UInt32) -> Int64? {
        host.aliveQuestions += 1
        return host.alive.contains(pid) ? nil : host.time
    }

    func read(_ text: ProcessText, of process: ProcessIdentity, into bytes: inout [UInt8]) -> Slot.Traits? {
        host.reads += 1
        guard let start = host.starts[process.pid], start / 10_000_000 == process.start / 10_000_000,
            let value = host.texts[process.pid]?[text]
        else { return nil }
        bytes = Array(value.utf8)
        return text == .arguments ? [.fromProc, .mutable] : .fromProc
    }

    func facts(of pid: UInt32) -> ProcessFacts? { host.facts[pid] }

    func processes() -> [UInt32] { host.facts.keys.sorted() }
}

/// How the kernel reports a text.
enum Captured: ExpressibleByStringLiteral {
    case text(String)
    case cut(String)
    case unreadable
    case absent

    init(stringLiteral value: String) { self = .text(value) }
}

/// A table, and events as the decoder hands them over.
final class Scene {
    var table: ProcessTable<FakeSource>
    let host: FakeHost
    var event = Event()
    var time: Int64 = 1_000_000_000_000
    /// Boot time to UTC.
    static let offset: Int64 = 1_700_000_000_000_000_000

    init(
        needs: FieldSet = FieldSet(), identityTexts: FieldSet = FieldSet(), forks: Bool = false,
        limits: ProcessTableLimits = ProcessTableLimits(),
        users: consuming UserNames = UserNames(root: "/nowhere")
    ) {
        host = FakeHost()
        table = ProcessTable(
            source: FakeSource(host: host),
            needs: ProcessNeeds(fields: needs, identityTexts: identityTexts, forks: forks),
            namer: EntityNamer(hostID: "host", bootID: "boot"), limits: limits, users: users)
    }

    static func process(_ pid: UInt32, start: UInt64? = nil) -> ProcessIdentity {
        ProcessIdentity(pid: pid, start: start ?? UInt64(pid) * 1_000_000_007)
    }

    func begin(_ kind: EventKind, _ process: ProcessIdentity, parent: ProcessIdentity) {
        event.reset()
        time += 1_000_000
        event.header.kind = kind
        event.header.time = time
        event.header.timestamp = time + Scene.offset
        event.header.process = process
        event.header.parent = parent
        event.set(.processPID, integer: Int64(process.pid))
    }

    func set(_ field: Field, _ text: Captured) {
        switch text {
        case .text(let text): event.set(field, text: Array(text.utf8).span)
        case .cut(let text): event.set(field, text: Array(text.utf8).span, traits: .cut)
        case .unreadable: event.setUnknown(field)
        case .absent: break
        }
    }

    func setExecutable(
        _ role: ProcessRole, _ text: Captured, invoked: String = "", script: Bool = false,
        directory: String = ""
    ) {
        func set(_ text: String, _ traits: Slot.Traits) {
            event.setExecutable(
                role, resolved: Array(text.utf8).span, invoked: Array(invoked.utf8).span, isScript: script,
                directory: Array(directory.utf8).span, traits: traits)
        }
        switch text {
        case .text(let text): set(text, [])
        case .cut(let text): set(text, .cut)
        case .unreadable:
            event.setUnknown(role.executable)
            event.setUnknown(role.name)
        case .absent: break
        }
    }

    func setArguments(_ arguments: [String]?, traits: Slot.Traits = []) {
        guard let arguments else { return }
        let bytes = arguments.flatMap { (text: String) -> [UInt8] in Array(text.utf8) + [0] }
        event.setArguments(.process, bytes.span, traits: traits)
    }

    /// What exec, connect and task records have in common.
    func setTask(session: UInt32 = 0, tty: UInt32 = 0, user: UInt32 = 0, cgroup: String = "user.slice") {
        if session != 0 { event.header.sessionLeader = Scene.process(session) }
        event.set(.processUserID, integer: Int64(user))
        event.set(.processRealUserID, integer: Int64(user + 1))
        event.set(.processGroupID, integer: Int64(user + 2))
        event.set(.processRealGroupID, integer: Int64(user + 3))
        event.set(.processInteractive, boolean: tty != 0)
        if tty != 0 {
            event.set(.processTTYMajor, integer: Int64(tty))
            event.set(.processTTYMinor, integer: 1)
        }
        set(.cgroup, .text(cgroup))
        event.set(.processThreadName, text: "comm")
    }

    @discardableResult
    func exec(
        _ process: ProcessIdentity, parent: ProcessIdentity, _ executable: Captured,
        invoked: String? = nil, script: Bool = false, args: [String]? = ["arg"], cwd: Captured = "/",
        parentExecutable: Captured = .absent, session: UInt32 = 0, tty: UInt32 = 0, user: UInt32 = 0,
        cgroup: String = "user.slice", execs: UInt32 = 0, parentExecs: UInt32 = 0, place: UInt64 = 0,
        complete: Bool = false
    ) -> EventSnapshot? {
        begin(.exec, process, parent: parent)
        event.header.directory = DirectoryIdentity(mount: 0, entry: place)
        event.header.execs = execs
        event.header.parentExecs = parentExecs
        var directory = ""
        if case .text(let text) = cwd { directory = text }
        var path = ""
        if case .text(let text) = executable { path = text }
        setExecutable(.process, executable, invoked: invoked ?? path, script: script, directory: directory)
        set(.invokedAs, .text(invoked ?? path))
        event.set(.executableScript, boolean: script)
        set(.processWorkingDirectory, cwd)
        setArguments(args)
        setTask(session: session, tty: tty, user: user, cgroup: cgroup)
        setExecutable(.parent, parentExecutable)
        table.apply(&event)
        if complete { table.complete(&event) }
        return event.snapshot()
    }

    /// - Parameters:
    ///   - user: of both; real user and groups follow from it, as in `setTask`.
    ///   - place: number of the directory that both are in.
    @discardableResult
    func fork(
        _ parent: ProcessIdentity, _ child: ProcessIdentity, user: UInt32? = nil, place: UInt64 = 0
    ) -> EventSnapshot? {
        begin(.fork, child, parent: parent)
        event.header.directory = DirectoryIdentity(mount: 0, entry: place)
        if let user {
            event.set(.processUserID, integer: Int64(user))
            event.set(.processRealUserID, integer: Int64(user + 1))
            event.set(.processGroupID, integer: Int64(user + 2))
            event.set(.processRealGroupID, integer: Int64(user + 3))
        }
        table.apply(&event)
        return event.snapshot()
    }

    @discardableResult
    func connect(
        _ process: ProcessIdentity, parent: ProcessIdentity, _ executable: Captured,
        args: [String]? = ["now"],
        cwd: Captured = "/now", parentExecutable: Captured = .absent, hasExeced: Bool = false,
        session: UInt32 = 0, complete: Bool = false
    ) -> EventSnapshot? {
        begin(.connect, process, parent: parent)
        event.header.hasExeced = hasExeced
        setExecutable(.process, executable)
        set(.processWorkingDirectory, cwd)
        setArguments(args, traits: .mutable)
        setTask(session: session)
        setExecutable(.parent, parentExecutable)
        table.apply(&event)
        if complete { table.complete(&event) }
        return event.snapshot()
    }

    func seed(
        _ process: ProcessIdentity, parent: ProcessIdentity, _ executable: Captured,
        args: [String]? = ["old"],
        comm: String = "comm", session: UInt32 = 0, tty: UInt32 = 0
    ) {
        begin(.exec, process, parent: parent)
        setExecutable(.process, executable)
        set(.processWorkingDirectory, "/old")
        setArguments(args, traits: .mutable)
        setTask(session: session, tty: tty)
        set(.processThreadName, .text(comm))
        table.seed(&event)
    }

}

extension EventSnapshot {
    func text(_ field: Field) -> String? { firstText(field).map { String(decoding: $0, as: UTF8.self) } }

    func all(_ field: Field) -> [String] { texts(field).map { String(decoding: $0, as: UTF8.self) } }

    func origin(_ field: Field) -> String? { slot(field)?.origin }

    func integer(_ field: Field) -> Int64? { integers(field).first }
}
