internal import Platform

/// An isolated world to attack: its own network with a metadata service of our
/// own, its own `/tmp` and `/opt`, and processes that all end with it.
///
/// Nothing of it has a name outside: network, mounts and processes live in
/// namespaces that exist only as long as their processes, and the kernel ends
/// those when the process that started the lab ends, however it ends. The
/// calling process itself changes no namespace. Start the lab before other
/// threads: it forks.
public struct NetworkLab: ~Copyable {
    /// An address in the lab that is not the metadata service's.
    public static let otherAddress = "10.20.30.40"
    static let otherOctets: [UInt8] = [10, 20, 30, 40]
    /// Where a copied program or a script goes. In memory, seen in the lab only.
    public static let directory = "/tmp/lab"
    /// Hidden in the lab behind empty directories.
    static let hiddenDirectories = ["/tmp", "/opt"]

    private let keeper: Attendant

    private init(keeper: consuming Attendant) { self.keeper = keeper }

    /// Builds the lab and waits until its metadata service listens.
    public static func start() throws(LabError) -> NetworkLab {
        NetworkLab(keeper: try Attendant.start(Keeper.run))
    }

    deinit {
        keeper.socket.hangUp()
        let ended = (try? keeper.child.wait(timeout: .seconds(5))) ?? nil
        if ended == nil { keeper.end() }
    }

    /// What came of a command.
    public struct Outcome: Equatable, Sendable {
        /// The shell that ran the command: parent or ancestor of everything in
        /// it, and leader of their session.
        public let pid: Int32
        /// As a shell shows it; nil if the time passed and it was killed.
        public let exitStatus: Int32?
        /// The last 4 KiB of what it printed, to either output.
        public let outputTail: String
    }

    /// Runs a command of the lab's shell, in a session of its own, and waits for it.
    public func run(_ command: String, timeout: Duration = .seconds(10)) throws(LabError) -> Outcome {
        let milliseconds = UInt32(clamping: timeout.components.seconds * 1000)
        do {
            try keeper.socket.send(LittleEndian.bytes(milliseconds) + Array(command.utf8))
        } catch {
            throw .gone
        }
        let patience = timeout + .seconds(5)
        let message: [UInt8]?
        do {
            message = try keeper.socket.receive(atMost: Outcome.sizeLimit, timeout: patience)
        } catch {
            throw .socket(error)
        }
        guard let message else { throw .noAnswer(after: patience) }
        guard let outcome = Outcome(message) else { throw .gone }
        return outcome
    }

    /// Ends everything in the lab and waits until it has ended.
    public consuming func stop() {}
}

extension NetworkLab.Outcome {
    static let tailLimit = 4096
    static let sizeLimit = tailLimit + 8
    private static let killed: Int32 = -1

    init(pid: Int32, exitStatus: Int32?, tail: [UInt8]) {
        self.pid = pid
        self.exitStatus = exitStatus
        outputTail = String(decoding: tail, as: UTF8.self)
    }

    init?(_ message: [UInt8]) {
        guard message.count >= 8 else { return nil }
        let status: Int32 = LittleEndian.read(message, at: 4)
        self.init(
            pid: LittleEndian.read(message, at: 0), exitStatus: status == Self.killed ? nil : status,
            tail: Array(message[8...]))
    }

    /// The tail is given apart: text that was cut within a character grows when decoded.
    func message(tail: [UInt8]) -> [UInt8] {
        LittleEndian.bytes(pid) + LittleEndian.bytes(exitStatus ?? Self.killed) + tail
    }
}
