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

    /// Letters and digits, none beside another: patterns for one of them hold, those for
    /// a word do not.
    static let mixed = "k_v.j0w1b2f3g4h5p6y7m8u9c-l_i.r0d1e2s3n4o5a6t"

    /// It is tried while events wait.
    private static let mostAddresses = 32

    /// Which of some conditions on one event hold for one of its.
    func satisfied(of queries: [CompiledQuery]) -> [Bool] {
        var found = queries.map { _ in false }
        var reader = DocumentReader()
        var event = Event()
        func tryAll() {
            for (index, query) in queries.enumerated() where !found[index] {
                found[index] = query.stages.first?.program.matches(event) ?? false
            }
        }
        for circumstances in 0...Circumstances.all.rawValue where found.contains(false) {
            let isExtreme = [0, Circumstances.all.rawValue].contains(circumstances)
            for kind in Kind.allCases {
                let document = kind.document(in: Circumstances(rawValue: circumstances))
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
        return found
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
}

/// What the sensor tells of.
private enum Kind: CaseIterable {
    case start, fork, end, connection

    /// An event of this kind, as a document.
    func document(in circumstances: Circumstances) -> [UInt8] {
        let leaders = ["entry_leader", "session_leader", "group_leader", "parent"].map {
            #""\#($0)":{\#(Kind.program("zq\($0.utf8.count)", circumstances))}"#
        }
        let user = Kind.user(circumstances)
        let unit = circumstances.contains(.unit) ? #""service":{"name":"zqy-\#(Stranger.mixed).zqz"},"# : ""
        let text = """
            {"@timestamp":"2026-01-01T00:00:00Z","host":{"os":{"type":"linux"}},\
            "event":{"kind":"event","module":"imdswatch","dataset":"imdswatch.event",\(facts)\
            \(self == .connection && circumstances.contains(.succeeds) ? #","outcome":"success""# : "")},\
            "process":{\(Kind.program("zqx", circumstances)),"thread":{"id":48231,"name":"zqx"},\
            "previous":[{"executable":"/zqj/zqn"}],\(leaders.joined(separator: ","))},\
            "user":{\(user),"effective":{\(user)}},"group":{\(Kind.group(circumstances))},\(unit)\
            "imdswatch":{"host_mount_namespace":\(circumstances.contains(.hostMounts)),\
            "process":{"invoked_as":"/zqj/zqx/zqx","cgroup":{"name":"zqy.zqz","id":48647},\
            "login_user":{"id":"48619"},"script":\(circumstances.contains(.script)),\
            "memfd":false,"deleted":false}}\(more)}
            """
        return Array(text.utf8)
    }

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

    /// The fields of a process called so.
    private static func program(_ name: String, _ circumstances: Circumstances) -> String {
        let name = "\(name)-\(Stranger.mixed)"
        return """
            "pid":48231,"entity_id":"\(name)-zqo","name":"\(name)","executable":"/zqj/\(name)/\(name)",\
            "args":["\(name)","zqk"],"args_count":2,"command_line":"\(name) zqk",\
            "working_directory":"/zqj/zqm-\(Stranger.mixed)","interactive":\(circumstances.contains(.terminal)),\
            "user":{\(user(circumstances))},"real_user":{\(user(circumstances))},\
            "group":{\(group(circumstances))},"real_group":{\(group(circumstances))}
            """
    }
}
