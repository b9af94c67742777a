/// One of the parents of a process, as an alert lists them.
///
/// In bytes: start (8), pid (4), length of the executable (4), the executable;
/// numbers in native byte order since they never leave the process.
public struct AncestryEntry: Sendable, Equatable {
    public var identity: ProcessIdentity
    /// Resolved path; empty if it is not known.
    public var executable: [UInt8]

    public init(identity: ProcessIdentity, executable: [UInt8]) {
        self.identity = identity
        self.executable = executable
    }

    /// Appends an entry; false, and nothing is appended, if there is no room.
    public static func append(
        _ identity: ProcessIdentity, executable: borrowing Span<UInt8>, to arena: inout ByteArena
    ) -> Bool {
        guard 16 + executable.count <= arena.limit - arena.count else { return false }
        _ = arena.append(integer: identity.start)
        _ = arena.append(integer: identity.pid)
        _ = arena.append(integer: UInt32(executable.count))
        _ = arena.append(executable)
        return true
    }

    /// Reads entries that lie one after the other. What is malformed ends them.
    public static func list(_ bytes: borrowing Span<UInt8>) -> [AncestryEntry] {
        var entries: [AncestryEntry] = []
        var offset = 0
        while let start: UInt64 = bytes.integer(at: offset),
            let pid: UInt32 = bytes.integer(at: offset + 8),
            let length: UInt32 = bytes.integer(at: offset + 12),
            Int(length) <= bytes.count - offset - 16
        {
            offset += 16
            var executable: [UInt8] = []
            executable.reserveCapacity(Int(length))
            for index in offset..<(offset + Int(length)) { executable.append(bytes[index]) }
            entries.append(
                AncestryEntry(identity: ProcessIdentity(pid: pid, start: start), executable: executable))
            offset += Int(length)
        }
        return entries
    }
}
