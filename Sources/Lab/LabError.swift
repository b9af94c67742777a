public import Platform

/// Why the lab or the canary could not be set up or asked.
public enum LabError: Error, Equatable, Sendable {
    case fork(errno: Int32)
    case socket(SocketError)
    /// A step of the setup failed inside the lab.
    case setup(step: String, errno: Int32)
    /// The process inside has ended.
    case gone
    case noAnswer(after: Duration)
    /// The canary could not start a program, or not connect.
    case notFired
}

/// The first message of a process that sets something up: how that went.
struct Handshake: Equatable {
    static let timeout: Duration = .seconds(5)

    var step = ""
    var errno: Int32 = 0

    var message: [UInt8] { LittleEndian.bytes(errno) + step.utf8 }

    init() {}

    init(_ error: any Error) {
        switch error {
        case NamespaceError.unshare(let code): self = Handshake("new namespaces", code)
        case NamespaceError.join(let code): self = Handshake("joining a namespace", code)
        case NamespaceError.mount(let directory, let code): self = Handshake("mounting \(directory)", code)
        case NamespaceError.network(.linkUp, let code): self = Handshake("bringing lo up", code)
        case NamespaceError.network(.address(let octets), let code):
            self = Handshake("adding an address of \(octets.count) octets to lo", code)
        case SocketError.open(let code): self = Handshake("opening a socket", code)
        case SocketError.bind(let code): self = Handshake("listening", code)
        case SpawnError.fork(let code): self = Handshake("starting the metadata server", code)
        default: self = Handshake("setting up", -1)
        }
    }

    private init(_ step: String, _ errno: Int32) {
        self.step = step
        self.errno = errno
    }

    /// Waits for the message and throws if it tells of a failure.
    static func await(on socket: borrowing Socket) throws(LabError) {
        let message: [UInt8]?
        do { message = try socket.receive(atMost: 512, timeout: timeout) } catch { throw .socket(error) }
        guard let message else { throw .noAnswer(after: timeout) }
        guard message.count >= 4 else { throw .gone }
        let errno: Int32 = LittleEndian.read(message, at: 0)
        guard errno == 0 else {
            throw .setup(step: String(decoding: message[4...], as: UTF8.self), errno: errno)
        }
    }
}

/// Integers in the messages between this process and its children.
enum LittleEndian {
    static func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
        (0..<value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    /// The caller has checked that the bytes are there.
    static func read<Value: FixedWidthInteger>(_ bytes: [UInt8], at offset: Int) -> Value {
        (0..<Value.bitWidth / 8).reduce(0) { $0 | Value(truncatingIfNeeded: bytes[offset + $1]) << (8 * $1) }
    }
}

/// The addresses under which metadata services are known.
public enum MetadataAddress {
    public static let ipv4: [UInt8] = [169, 254, 169, 254]
    /// fd00:ec2::254
    public static let ipv6: [UInt8] = [0xfd, 0, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54]
}
