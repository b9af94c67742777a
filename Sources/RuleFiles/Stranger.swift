internal import Detection
internal import EQL
internal import Events
internal import Recording

/// Events of a program that nobody can have meant: its names, places, arguments, ids,
/// parent and unit are words without a meaning. A condition that holds for one of them
/// holds for what an attacker starts.
struct Stranger {
    private let connections: [(address: IPAddress, port: Int64)]

    /// - Parameter rules: whose addresses it connects to: an exception for an address
    ///   alone holds back all that is told of it.
    init(rules: [Rule]) {
        var addresses: Set<IPAddress> = [IPAddress(v4: 0xa9fe_a9fe)]
        for rule in rules {
            switch rule.query.requirement.destinations {
            case .only(let blocks): addresses.formUnion(blocks.lazy.map(\.address).prefix(64))
            // of those that are set aside for documentation
            case .any: addresses.insert(IPAddress(v4: 0xcb00_7107))
            }
        }
        let some = addresses.sorted { ($0.high, $0.low) < ($1.high, $1.low) }.prefix(Stranger.mostAddresses)
        connections = some.flatMap { address in [80, 443].map { (address, $0) } }
    }

    /// It is tried while events wait.
    private static let mostAddresses = 32

    /// Which of some conditions on one event hold for one of its.
    func satisfied(of queries: [CompiledQuery]) -> [Bool] {
        tried(
            queries, as: [.nobody], in: (0...Circumstances.all.rawValue).map { Circumstances(rawValue: $0) })
    }

    /// Which of them hold for what any user can bring about, also one who is root in a
    /// container: for programs in places where all can write, for those that run what
    /// they are told, and for what these or the system start.
    ///
    /// - Parameter queries: without what the caller says of a program, see
    ///   `ProcessRole.fieldsOfCallers`.
    func arranged(of queries: [CompiledQuery?]) -> [Bool] {
        let users: [Circumstances] = [[.unit, .hostMounts], [.unit], [.unit, .root, .container]]
        let others: [Circumstances] = [[], [.terminal], [.script], [.succeeds], [.terminal, .succeeds]]
        let places = users.flatMap { user in others.map { user.union($0) } }
        return tried(queries, as: Guise.arranged, in: places)
    }

    private func tried(
        _ queries: [CompiledQuery?], as guises: [Guise], in places: [Circumstances]
    ) -> [Bool] {
        var found = queries.map { $0 == nil }
        var reader = DocumentReader()
        var event = Event()
        func tryAll() {
            for (index, query) in queries.enumerated() where !found[index] {
                found[index] = query?.stages.first?.program.matches(event) ?? false
            }
        }
        for guise in guises {
            for (number, circumstances) in places.enumerated() where found.contains(false) {
                let isExtreme = [0, places.count - 1].contains(number)
                for kind in Kind.allCases {
                    let document = kind.document(of: guise, in: circumstances)
                    do throws(DocumentError) {
                        try reader.read(document.span, into: &event)
                    } catch {
                        preconditionFailure("a document of ours: \(error)")
                    }
                    guard kind == .connection else {
                        tryAll()
                        continue
                    }
                    for (address, port) in isExtreme ? connections[...] : connections.prefix(1) {
                        event.set(.destinationIP, address: address)
                        let text = Array(address.description.utf8)
                        event.set(.destinationAddress, text: text.span)
                        event.set(.destinationPort, integer: port)
                        tryAll()
                    }
                }
            }
        }
        return zip(found, queries).map { $0 && $1 != nil }
    }
}

/// What does not make one program another: an exception for nothing but these is for
/// every program.
private struct Circumstances: OptionSet {
    let rawValue: UInt8

    static let root = Circumstances(rawValue: 1)
    static let terminal = Circumstances(rawValue: 2)
    static let unit = Circumstances(rawValue: 4)
    static let hostMounts = Circumstances(rawValue: 8)
    static let script = Circumstances(rawValue: 16)
    static let succeeds = Circumstances(rawValue: 32)
    static let all = Circumstances(rawValue: 63)
    /// None of `all`: who asks for a container asks for a narrower circle.
    static let container = Circumstances(rawValue: 64)
}

/// What a program looks like: its paths, and those of what started it.
private struct Guise {
    var executables: [String]
    var parents: [String]
    /// The system took the process over, or started it.
    var isOrphan = false

    /// Letters and digits, none beside another: patterns for one of them hold, those for
    /// a word do not.
    static let mixed = "k_v.j0w1b2f3g4h5p6y7m8u9c-l_i.r0d1e2s3n4o5a6t"
    private static let own = "/zqj/zqx/zqx-\(mixed)"
    private static let ownParent = "/zqj/zq6/zq6-\(mixed)"

    static let nobody = Guise(executables: [own], parents: [ownParent])

    static let arranged = [
        nobody,
        Guise(executables: [own], parents: obedient + system, isOrphan: true),
        Guise(executables: writable + obedient, parents: [ownParent]),
        Guise(executables: writable + obedient, parents: obedient + system, isOrphan: true),
    ]

    private static let writable = ["/tmp", "/var/tmp", "/dev/shm", "/home/zqv", "/run/user/48619"]
        .map { "\($0)/zqx-\(mixed)" }

    /// They run, or fetch, what they are told.
    private static let obedient = [
        "bash", "sh", "dash", "busybox", "env", "python3", "python3.11", "perl", "curl", "wget",
    ].flatMap { ["/usr/bin/\($0)", "/bin/\($0)"] }

    /// Who takes over orphans, and who starts what a user asks for.
    private static let system = [
        "/usr/lib/systemd/systemd", "/lib/systemd/systemd", "/sbin/init", "/usr/sbin/init", "/usr/sbin/sshd",
        "/usr/sbin/cron", "/usr/sbin/crond",
    ]
}

/// What the sensor tells of.
private enum Kind: CaseIterable {
    case start, fork, end, connection

    /// An event of this kind, as a document.
    func document(of guise: Guise, in circumstances: Circumstances) -> [UInt8] {
        let leaders = ["entry_leader", "session_leader", "group_leader"].map {
            let path = "/zqj/zq\($0.utf8.count)/zq\($0.utf8.count)"
            return #""\#($0)":{\#(Kind.program([path], circumstances))}"#
        }
        let parent = Kind.program(guise.parents, circumstances.union(guise.isOrphan ? .root : []))
        let user = Kind.user(circumstances)
        let unit = circumstances.contains(.unit) ? #""service":{"name":"zqy-\#(Guise.mixed).zqz"},"# : ""
        let container =
            circumstances.contains(.container) ? #""container":{"id":"\#(Kind.container)"},"# : ""
        let text = """
            {"@timestamp":"2026-01-01T00:00:00Z","host":{"os":{"type":"linux"}},\
            "event":{"kind":"event","module":"imdswatch","dataset":"imdswatch.event",\(facts)\
            \(self == .connection && circumstances.contains(.succeeds) ? #","outcome":"success""# : "")},\
            "process":{\(Kind.program(guise.executables, circumstances)),\
            "thread":{"id":48231,"name":"zqx"},"parent":{\(parent)},\
            "previous":[{"executable":"/zqj/zqn"}],\(leaders.joined(separator: ","))},\
            "user":{\(user),"effective":{\(user)}},"group":{\(Kind.group(circumstances))},\(unit)\(container)\
            "imdswatch":{"host_mount_namespace":\(circumstances.contains(.hostMounts)),\
            "process":{"invoked_as":"/zqj/zqx/zqx","cgroup":{"name":"zqy.zqz","id":48647},\
            "login_user":{"id":"48619"},"script":\(circumstances.contains(.script)),\
            "memfd":false,"deleted":false}}\(more)}
            """
        return Array(text.utf8)
    }

    private static let container = "\(String(repeating: "48b3", count: 16))"

    private var facts: String {
        switch self {
        case .start: #""category":["process"],"type":["start"],"action":"exec""#
        case .fork: #""category":["process"],"type":["start"],"action":"fork""#
        case .end: #""category":["process"],"type":["end"],"action":"end""#
        case .connection: #""category":["network"],"type":["start"],"action":"connection_attempted""#
        }
    }

    private var more: String {
        self == .connection
            ? """
            ,"network":{"direction":"egress","type":"ipv4","transport":"tcp"},\
            "source":{"ip":"198.51.100.7","port":48731}
            """ : ""
    }

    private static func user(_ circumstances: Circumstances) -> String {
        circumstances.contains(.root) ? #""id":"0","name":"root""# : #""id":"48619","name":"zqv""#
    }

    private static func group(_ circumstances: Circumstances) -> String {
        circumstances.contains(.root) ? #""id":"0","name":"root""# : #""id":"48623","name":"zqw""#
    }

    /// The fields of a program that has, in all its values, these paths.
    private static func program(_ paths: [String], _ circumstances: Circumstances) -> String {
        let names = paths.map { $0.split(separator: "/").last.map(String.init) ?? $0 }
        func list(_ texts: [String]) -> String { texts.map { #""\#($0)""# }.joined(separator: ",") }
        return """
            "pid":48231,"entity_id":"\(names[0])-zqo","name":[\(list(names))],\
            "executable":[\(list(paths))],"args":["\(names[0])","zqk"],"args_count":2,\
            "command_line":"\(names[0]) zqk","working_directory":"/zqj/zqm-\(Guise.mixed)",\
            "interactive":\(circumstances.contains(.terminal)),\
            "user":{\(user(circumstances))},"real_user":{\(user(circumstances))},\
            "group":{\(group(circumstances))},"real_group":{\(group(circumstances))}
            """
    }
}
