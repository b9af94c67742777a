internal import CPlatform

/// Why a namespace could not be made or furnished: the step and the kernel's error.
public enum NamespaceError: Error, Equatable, Sendable {
    case unshare(errno: Int32)
    case join(errno: Int32)
    case mount(directory: String, errno: Int32)
    case network(Network, errno: Int32)

    public enum Network: Equatable, Sendable {
        case linkUp
        case address([UInt8])
    }
}

/// The calling thread's namespaces.
///
/// Nothing here gives a namespace a name, so each dies with its last process.
public enum Namespace {
    /// What to leave behind.
    public struct Kinds: OptionSet, Sendable {
        public let rawValue: UInt32

        public init(rawValue: UInt32) { self.rawValue = rawValue }

        public static let network = Kinds(rawValue: NAMESPACE_NETWORK.rawValue)
        public static let mounts = Kinds(rawValue: NAMESPACE_MOUNTS.rawValue)
        /// Holds for children, the first of which is the new namespace's init:
        /// when it ends, the kernel ends all others.
        public static let processes = Kinds(rawValue: NAMESPACE_PROCESSES.rawValue)
    }

    /// Leaves the namespaces of these kinds for new ones. Needs CAP_SYS_ADMIN.
    public static func unshare(_ kinds: Kinds) throws(NamespaceError) {
        let code = namespace_unshare(kinds.rawValue)
        guard code == 0 else { throw .unshare(errno: -code) }
    }

    /// Joins the namespace that a descriptor of `/proc/PID/ns/…` stands for.
    public static func join(descriptor: Int32) throws(NamespaceError) {
        let code = namespace_join(descriptor)
        guard code == 0 else { throw .join(errno: -code) }
    }

    /// Keeps mounts made from now on out of other mount namespaces.
    public static func makeMountsPrivate() throws(NamespaceError) {
        let code = namespace_make_mounts_private()
        guard code == 0 else { throw .mount(directory: "/", errno: -code) }
    }

    /// Hides a directory behind an empty file system in memory.
    public static func mountMemory(over directory: String, mode: String = "0755") throws(NamespaceError) {
        // SAFETY: both strings are lent for the call.
        let code = unsafe namespace_mount_memory(directory, "mode=\(mode),size=64m")
        guard code == 0 else { throw .mount(directory: directory, errno: -code) }
    }

    /// Makes an empty file system in memory the root of the mount namespace, which must be
    /// the caller's own: with `/proc`, and empty `/tmp`, `/usr/local/bin` and
    /// `/var/lib/example`, where the caller is then. The root of an
    /// initramfs cannot be replaced: then all stays, but that the caller is in `/`.
    public static func replaceRoot() throws(NamespaceError) {
        // SAFETY: both strings are lent for the call.
        let code = unsafe namespace_replace_root("/tmp", "mode=0755,size=64m")
        guard code == 0 else { throw .mount(directory: "/", errno: -code) }
    }

    /// Brings `lo` up.
    public static func bringLoopbackUp() throws(NamespaceError) {
        let code = send(RouteMessage.linkUp(index: loopbackIndex))
        guard code == 0 else { throw .network(.linkUp, errno: -code) }
    }

    /// Gives `lo` one more address, of 4 or 16 octets, with no network around it.
    public static func addLoopbackAddress(_ octets: [UInt8]) throws(NamespaceError) {
        let code = send(RouteMessage.newAddress(octets, index: loopbackIndex))
        guard code == 0 else { throw .network(.address(octets), errno: -code) }
    }

    /// `lo` is the first interface of every network namespace.
    private static let loopbackIndex: Int32 = 1

    private static func send(_ message: RouteMessage) -> Int32 {
        let bytes = message.bytes
        // SAFETY: the pointer and the count are those of the array's storage,
        // borrowed for the call.
        return unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe netlink_request(bytes.baseAddress, bytes.count)
        }
    }
}

/// One rtnetlink request, as rtnetlink(7) lays it out: in host byte order.
struct RouteMessage {
    private(set) var bytes: [UInt8] = []

    /// Sets IFF_UP on an interface.
    static func linkUp(index: Int32) -> RouteMessage {
        var message = RouteMessage(type: .newLink, flags: .acknowledge)
        message.append(UInt8(0), UInt8(0))  // ifinfomsg: family, padding
        message.append(UInt16(0))  // type
        message.append(index)
        message.append(UInt32(1))  // flags: IFF_UP
        message.append(UInt32(1))  // which of them to change
        return message.finished()
    }

    /// Adds an address for the interface alone, at once in use.
    static func newAddress(_ octets: [UInt8], index: Int32) -> RouteMessage {
        var message = RouteMessage(type: .newAddress, flags: .create)
        let family: UInt8 = octets.count == 4 ? 2 : 10
        let noDuplicateDetection: UInt8 = octets.count == 4 ? 0 : 2
        message.append(family, UInt8(octets.count * 8))  // ifaddrmsg: family, prefix
        message.append(noDuplicateDetection, UInt8(0))  // flags, scope
        message.append(index)
        message.append(attribute: 2, octets)  // IFA_LOCAL
        message.append(attribute: 1, octets)  // IFA_ADDRESS
        return message.finished()
    }

    private enum Kind: UInt16 {
        case newLink = 16
        case newAddress = 20
    }

    private enum Flags: UInt16 {
        /// NLM_F_REQUEST and NLM_F_ACK.
        case acknowledge = 0x005
        /// The same with NLM_F_CREATE and NLM_F_EXCL.
        case create = 0x605
    }

    private init(type: Kind, flags: Flags) {
        append(UInt32(0))  // length, known when finished
        append(type.rawValue)
        append(flags.rawValue)
        append(UInt32(1))  // sequence number
        append(UInt32(0))  // port
    }

    private mutating func append(_ values: UInt8...) { bytes += values }

    private mutating func append(_ value: some FixedWidthInteger) {
        bytes += (0..<value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value.littleEndian >> (8 * $0)) }
    }

    private mutating func append(attribute: UInt16, _ value: [UInt8]) {
        append(UInt16(4 + value.count))
        append(attribute)
        bytes += value
    }

    private consuming func finished() -> RouteMessage {
        let length = UInt32(bytes.count)
        for index in 0..<4 { bytes[index] = UInt8(truncatingIfNeeded: length >> (8 * index)) }
        return self
    }
}
