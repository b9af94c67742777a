/// A record as the kernel side would send it, byte for byte, put together by
/// hand so that a change of the layout is noticed. Offsets are those of
/// `record.h`.
public struct RecordBuilder: Sendable {
    /// Places of texts, in the order of `record_text_index`.
    public enum Text: Int, CaseIterable, Sendable {
        case invoked, executable, directory, arguments, environment, parentExecutable, cgroup
    }

    /// As `record_text_state`.
    public enum State: UInt16, Sendable {
        case absent, complete, cut, unreadable, shed, told, foreign
    }

    public struct Content: Sendable {
        public var state: State
        public var bytes: [UInt8] = []
        public var gap = 0

        public static func text(_ text: String) -> Content {
            Content(state: .complete, bytes: Array(text.utf8))
        }

        public static func bytes(_ bytes: [UInt8]) -> Content {
            Content(state: .complete, bytes: bytes)
        }

        public static func cut(_ head: String, _ tail: String) -> Content {
            Content(state: .cut, bytes: Array((head + tail).utf8), gap: head.utf8.count)
        }

        public static let unreadable = Content(state: .unreadable)
        public static let shed = Content(state: .shed)
        public static let told = Content(state: .told)
    }

    /// As `record_kind`: 1 exec, 2 fork, 3 exit, 4 connect, 5 task.
    public var kind: UInt16
    /// As `record_hook`: 1 tracepoint, 2 fexit, 3 kprobe.
    public var hook: UInt16 = 1
    public var flags: UInt32 = 0
    public var time: UInt64 = 1_000_000_000
    public var processor: UInt32 = 0
    public var process: (pid: UInt32, start: UInt64) = (4242, 900_000_000)
    public var parent: (pid: UInt32, start: UInt64) = (4200, 800_000_000)
    public var session: (pid: UInt32, start: UInt64) = (4000, 700_000_000)
    public var group: (pid: UInt32, start: UInt64) = (4242, 900_000_000)
    public var tid: UInt32 = 4242
    public var namespacedPID: UInt32 = 7
    /// Real, effective, saved.
    public var users: (UInt32, UInt32, UInt32) = (1000, 1000, 1000)
    public var groups: (UInt32, UInt32, UInt32) = (100, 100, 100)
    public var effectiveCapabilities: UInt64 = 0
    public var permittedCapabilities: UInt64 = 0
    public var loginUser: UInt32 = .max
    public var auditSession: UInt32 = .max
    public var terminal: (major: UInt32, minor: UInt32) = (0, 0)
    public var cgroupID: UInt64 = 77
    /// pid, mnt, net, user.
    public var namespaces: (UInt32, UInt32, UInt32, UInt32) = (1, 2, 3, 0xefff_fffd)
    public var exitCode: UInt32 = 0
    /// Addresses of the mount and the entry.
    public var directory: (mount: UInt64, entry: UInt64) = (0, 0)
    public var name = "curl"
    /// Sixteen bytes each, in network order.
    public var destination = [UInt8](repeating: 0, count: 16)
    public var source = [UInt8](repeating: 0, count: 16)
    public var destinationPort: UInt16 = 0
    public var sourcePort: UInt16 = 0
    /// AF_INET or AF_INET6: of the destination and of the socket.
    public var family: UInt16 = 2
    public var result: Int32 = 0
    public var texts: [Text: Content] = [:]

    public init(kind: UInt16) { self.kind = kind }

    /// A program start with everything that the kernel captures.
    public static func exec(
        _ executable: String = "/usr/bin/curl", _ arguments: [String] = ["curl", "http://169.254.169.254/"],
        parent: String = "/usr/bin/bash"
    ) -> RecordBuilder {
        var record = RecordBuilder(kind: 1)
        record.flags = 1 << 4
        record.texts = [
            .invoked: .text(executable), .executable: .text(executable), .directory: .text("/srv/app"),
            .arguments: .text(arguments.map { $0 + "\0" }.joined()), .parentExecutable: .text(parent),
            .cgroup: .text("app.service"),
        ]
        return record
    }

    /// A connection, as the fexit hook sees it.
    public static func connect(to destination: [UInt8], port: UInt16 = 80) -> RecordBuilder {
        var record = RecordBuilder(kind: 4)
        record.hook = 2
        record.flags = 1 << 5 | 1 << 7
        record.destination = destination
        record.destinationPort = port
        record.texts = [.executable: .text("/usr/bin/curl"), .parentExecutable: .text("/usr/bin/bash")]
        return record
    }

    /// The sixteen bytes of an IPv4 address.
    public static func mapped(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8) -> [UInt8] {
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d]
    }

    public static let size = 384
    public static let forkSize = 88

    public var bytes: [UInt8] {
        kind == 2 ? forkBytes : fullBytes
    }

    private var forkBytes: [UInt8] {
        var out = Bytes()
        writeHeader(&out, size: RecordBuilder.forkSize)
        out.add(parent)
        out.add(process)
        for id in [users.0, users.1, groups.0, groups.1] { out.add(id) }
        for address in [directory.mount, directory.entry] { out.add(address) }
        return out.bytes
    }

    private func writeHeader(_ out: inout Bytes, size: Int) {
        out.add(time)
        out.add(UInt32(size))
        out.add(kind)
        out.add(hook)
        out.add(flags)
        out.add(processor)
    }

    private var fullBytes: [UInt8] {
        var out = Bytes()
        let contents = Text.allCases.map { texts[$0] ?? Content(state: .absent) }
        writeHeader(&out, size: RecordBuilder.size + contents.reduce(0) { $0 + $1.bytes.count })
        for identity in [process, parent, session, group] { out.add(identity) }
        out.add(tid)
        out.add(namespacedPID)
        for id in [users.0, users.1, users.2, groups.0, groups.1, groups.2] { out.add(id) }
        out.add(effectiveCapabilities)
        out.add(permittedCapabilities)
        for value in [loginUser, auditSession, terminal.major, terminal.minor] { out.add(value) }
        out.add(cgroupID)
        for number in [namespaces.0, namespaces.1, namespaces.2, namespaces.3] { out.add(number) }
        out.add(exitCode)
        out.add(UInt32(0))
        let comm = Array(name.utf8.prefix(15))
        out.bytes += comm + [UInt8](repeating: 0, count: 16 - comm.count)
        out.bytes += destination + source
        out.add(destinationPort.bigEndian)
        out.add(sourcePort.bigEndian)
        out.add(family)
        out.add(family)
        out.add(result)
        out.add(UInt32(0))
        let arguments = texts[.arguments]?.bytes ?? []
        out.add(UInt32(kind == 1 ? arguments.count { $0 == 0 } : 0))
        out.add(UInt32(0))
        for address in [directory.mount, directory.entry] { out.add(address) }
        var offset = RecordBuilder.size
        for content in contents {
            out.add(UInt32(content.bytes.isEmpty ? 0 : offset))
            out.add(UInt32(content.bytes.count))
            out.add(UInt32(content.gap))
            out.add(content.state.rawValue)
            out.add(UInt16(0))
            offset += content.bytes.count
        }
        for content in contents { out.bytes += content.bytes }
        return out.bytes
    }

    private struct Bytes {
        var bytes: [UInt8] = []

        mutating func add<Value: FixedWidthInteger>(_ value: Value) {
            var rest = value
            for _ in 0..<(Value.bitWidth / 8) {
                bytes.append(UInt8(truncatingIfNeeded: rest))
                rest = rest >> 8
            }
        }

        mutating func add(_ identity: (pid: UInt32, start: UInt64)) {
            add(identity.start)
            add(identity.pid)
            add(UInt32(0))
        }
    }
}
