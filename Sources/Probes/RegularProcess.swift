public import Events

/// A process that connects again and again, as the kernel is told of it.
public struct RegularProcess: Equatable, Sendable {
    /// Where a connection goes to.
    public struct Destination: Equatable, Sendable {
        public var address: IPAddress
        public var port: UInt16

        public init(address: IPAddress, port: UInt16) {
            self.address = address
            self.port = port
        }
    }

    /// A connection that the rules have seen.
    public struct Seen: Equatable, Sendable {
        public var destination: Destination
        /// Nanoseconds since boot.
        public var time: Int64

        public init(destination: Destination, time: Int64) {
            self.destination = destination
            self.time = time
        }
    }

    public var identity: ProcessIdentity
    /// How many programs were started in its line: by another one it is another process.
    public var execs: UInt32
    /// The pid of its parent as its events name it.
    public var parent: UInt32
    /// A connection after which the same ones cannot matter until something is
    /// started beside the process; nil if they can.
    public var seen: Seen?

    public init(_ identity: ProcessIdentity, execs: UInt32, parent: UInt32, seen: Seen? = nil) {
        self.identity = identity
        self.execs = execs
        self.parent = parent
        self.seen = seen
    }
}
