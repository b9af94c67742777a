internal import Platform

/// A small process in a network namespace of its own that, when asked, starts
/// a program and opens a connection there, so that a silent hook is noticed.
///
/// Start it before capabilities are given up and before other threads start.
/// It ends with this process, however that ends, and keeps no capability itself.
public struct Canary: ~Copyable {
    /// The canary's own process. Whatever it starts is its child.
    public let identity: Identity
    /// Number of its network namespace; 0 if the kernel does not say.
    public let network: UInt64
    private let attendant: Attendant

    /// A process as /proc names it: starts are in ticks of 10 ms since boot.
    public struct Identity: Equatable, Sendable {
        public let pid: Int32
        public let startTicks: UInt64
    }

    /// What one request did: by its identity its events are told from others'.
    public struct Firing: Equatable, Sendable {
        public let process: Identity
        /// The error numbers of the two connections: ECONNREFUSED (111) as
        /// nobody listens, or what kept the attempt from being made.
        public let connected4: Int32
        public let connected6: Int32
        /// The error number of the program start, 0 if it started.
        public let executed: Int32

        /// It did what it was asked for: a host without a process or descriptor
        /// to spare can keep it from that.
        public var isComplete: Bool { connected4 != -1 && executed == 0 }
    }

    /// What is started when the canary fires: a program that ends at once.
    public struct Program: Sendable {
        let path: String
        let arguments: [String]

        public init(path: String, arguments: [String]) {
            self.path = path
            self.arguments = arguments
        }

        /// This executable with one argument, on which it must exit at once.
        public static let itself = Program(
            path: "/proc/self/exe", arguments: ["imdswatch", Canary.argument])
    }

    /// The only argument of an `imdswatch` that is to exit at once with 0.
    public static let argument = "canary-exit"

    /// Starts the process and waits until it is ready to fire.
    public static func start(program: Program = .itself) throws(LabError) -> Canary {
        Canary(
            try Attendant.start { parent, descriptor in
                CanaryProcess.run(parent: parent, descriptor: descriptor, program: program)
            })
    }

    private init(_ attendant: consuming Attendant) {
        let pid = attendant.child.pid
        identity = Identity(pid: pid, startTicks: CurrentProcess.startTicks(of: pid) ?? 0)
        network = (try? File.metadata(of: "/proc/\(pid)/ns/net"))?.inode ?? 0
        self.attendant = attendant
    }

    deinit { attendant.end() }

    /// Readable when the answer to a request is there; for `poll` or `epoll`.
    public var descriptor: Int32 { attendant.socket.descriptor }

    /// Asks for one program start and two connections. Does not wait.
    public func request() throws(LabError) {
        do { try attendant.socket.send([1]) } catch { throw .gone }
    }

    /// Waits for what the oldest unanswered request did.
    public func collect(timeout: Duration) throws(LabError) -> Firing {
        let message: [UInt8]?
        do { message = try attendant.socket.receive(atMost: 64, timeout: timeout) } catch {
            throw .socket(error)
        }
        guard let message else { throw .noAnswer(after: timeout) }
        guard let firing = Firing(message) else { throw .gone }
        return firing
    }

    /// Fires and waits until it is done.
    public func fire(timeout: Duration = .seconds(2)) throws(LabError) -> Firing {
        try request()
        return try collect(timeout: timeout)
    }

    /// Ends the process and, with it, its network namespace.
    public consuming func stop() {}
}

extension Canary.Firing {
    fileprivate static let size = 24

    fileprivate var message: [UInt8] {
        LittleEndian.bytes(process.startTicks) + LittleEndian.bytes(process.pid)
            + LittleEndian.bytes(connected4) + LittleEndian.bytes(connected6) + LittleEndian.bytes(executed)
    }

    fileprivate init?(_ message: [UInt8]) {
        guard message.count == Self.size else { return nil }
        process = Canary.Identity(
            pid: LittleEndian.read(message, at: 8), startTicks: LittleEndian.read(message, at: 0))
        connected4 = LittleEndian.read(message, at: 12)
        connected6 = LittleEndian.read(message, at: 16)
        executed = LittleEndian.read(message, at: 20)
    }
}

/// The canary's side.
private enum CanaryProcess {
    /// Where the socket to the sensor stands, behind the standard descriptors.
    static let socketPlace: Int32 = 3

    static func run(parent: Int32, descriptor: Int32, program: Canary.Program) -> Int32 {
        guard CurrentProcess.dieWithParent(parent) else { return 1 }
        CurrentProcess.keepOnly([nil, nil, nil, descriptor])
        CurrentProcess.detach()
        CurrentProcess.resetSignals()
        let socket = Socket(adopting: socketPlace)
        do {
            try Namespace.unshare(.network)
            try Namespace.bringLoopbackUp()
            try Namespace.addLoopbackAddress(MetadataAddress.ipv4)
        } catch {
            try? socket.send(Handshake(error).message)
            return 1
        }
        // A host without IPv6 has no such hook to prove.
        try? Namespace.addLoopbackAddress(MetadataAddress.ipv6)
        guard CurrentProcess.dropPrivileges(), CurrentProcess.refuseTracing() else { return 1 }
        do {
            try socket.send(Handshake().message)
            while let request = try socket.receive(atMost: 16), !request.isEmpty {
                try socket.send(fire(program).message)
            }
        } catch {
            return 1
        }
        return 0
    }

    private static func fire(_ program: Canary.Program) -> Canary.Firing {
        var report: [UInt8] = []
        var pid: Int32 = 0
        do {
            var pipe = try BytePipe()
            let child = try Child { connectAndExec(program, report: pipe.writeEnd) }
            pid = child.pid
            pipe.closeWriteEnd()
            let end = ContinuousClock.now + .seconds(1)
            while Readiness.wait(pipe.readEnd, timeout: end - ContinuousClock.now) {
                let part = try pipe.read(atMost: 64)
                guard !part.isEmpty else { break }
                report += part
            }
            if try child.wait(timeout: .seconds(1)) == nil {
                child.kill()
                _ = try child.wait()
            }
        } catch {}
        let complete = report.count >= 16
        return Canary.Firing(
            process: Canary.Identity(pid: pid, startTicks: complete ? LittleEndian.read(report, at: 0) : 0),
            connected4: complete ? LittleEndian.read(report, at: 8) : -1,
            connected6: complete ? LittleEndian.read(report, at: 12) : -1,
            executed: complete ? (report.count >= 20 ? LittleEndian.read(report, at: 16) : 0) : -1)
    }

    /// The report stands in the pipe before exec closes it; more follows only
    /// if the exec failed.
    private static func connectAndExec(_ program: Canary.Program, report: Int32) -> Int32 {
        _ = CurrentProcess.dieWithParent(CurrentProcess.parentPid)
        let ticks = CurrentProcess.startTicks ?? 0
        let connected4 = Socket.probe(Endpoint(MetadataAddress.ipv4, port: 80), timeout: .seconds(1))
        let connected6 = Socket.probe(Endpoint(MetadataAddress.ipv6, port: 80), timeout: .seconds(1))
        BytePipe.write(
            LittleEndian.bytes(ticks) + LittleEndian.bytes(connected4) + LittleEndian.bytes(connected6),
            to: report)
        let code = CurrentProcess.exec(program.path, program.arguments, environment: [])
        BytePipe.write(LittleEndian.bytes(code), to: report)
        return 1
    }
}
