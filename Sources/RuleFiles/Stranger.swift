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
        connections = addresses.flatMap { address in [80, 443].map { (address, $0) } }
    }

    /// Whether a condition on one event holds for one of its.
    func satisfies(_ query: CompiledQuery) -> Bool {
        guard let program = query.stages.first?.program else { return false }
        var reader = DocumentReader()
        var event = Event()
        for kind in Kind.allCases {
            do throws(DocumentError) {
                try reader.read(kind.document.span, into: &event)
            } catch {
                preconditionFailure("a document of ours: \(error)")
            }
            guard kind == .connection else {
                if program.matches(event) { return true }
                continue
            }
            for (address, port) in connections {
                event.set(.destinationIP, address: address)
                let text = Array(address.description.utf8)
                event.set(.destinationAddress, text: text.span)
                event.set(.destinationPort, integer: port)
                if program.matches(event) { return true }
            }
        }
        return false
    }
}

/// What the sensor tells of.
private enum Kind: CaseIterable {
    case start, fork, end, connection

    /// An event of this kind, as a document.
    var document: [UInt8] {
        let leaders = ["entry_leader", "session_leader", "group_leader", "parent"]
            .map { #""\#($0)":{\#(Kind.program("zq\($0.utf8.count)"))}"# }
        let text = """
            {"@timestamp":"2026-01-01T00:00:00Z","host":{"os":{"type":"linux"}},\
            "event":{"kind":"event","module":"imdswatch","dataset":"imdswatch.event",\(facts)},\
            "process":{\(Kind.program("zqx")),"thread":{"id":48231,"name":"zqx"},\
            \(leaders.joined(separator: ","))},\
            "user":{"id":"48619","name":"zqv","effective":{"id":"48619","name":"zqv"}},\
            "group":{"id":"48623","name":"zqw"},"service":{"name":"zqy.zqz"},\
            "imdswatch":{"host_mount_namespace":true,"process":{"invoked_as":"/zqj/zqx/zqx",\
            "cgroup":{"name":"zqy.zqz","id":48647},"login_user":{"id":"48619"},\
            "script":false,"memfd":false,"deleted":false}}\(more)}
            """
        return Array(text.utf8)
    }

    private var facts: String {
        switch self {
        case .start: #""category":["process"],"type":["start"],"action":"exec""#
        case .fork: #""category":["process"],"type":["start"],"action":"fork""#
        case .end: #""category":["process"],"type":["end"],"action":"end""#
        case .connection:
            """
            "category":["network"],"type":["start"],"action":"connection_attempted","outcome":"success"
            """
        }
    }

    private var more: String {
        self == .connection
            ? """
            ,"network":{"direction":"egress","type":"ipv4","transport":"tcp"},\
            "source":{"ip":"198.51.100.7","port":48731}
            """ : ""
    }

    /// The fields of a process called so.
    private static func program(_ name: String) -> String {
        """
        "pid":48231,"name":"\(name)","executable":"/zqj/\(name)/\(name)",\
        "args":["\(name)","zqk"],"args_count":2,"command_line":"\(name) zqk",\
        "working_directory":"/zqj/zqm","interactive":false,\
        "user":{"id":"48619","name":"zqv"},"real_user":{"id":"48619"},\
        "group":{"id":"48623"},"real_group":{"id":"48623"}
        """
    }
}
