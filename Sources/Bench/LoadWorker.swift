internal import Events
internal import Platform

/// A process that makes load, in a network of its own with the metadata
/// address on its loopback. Nothing it does leaves that network, and network,
/// files and processes end with it.
struct LoadWorker: ~Copyable {
    /// 169.254.169.254, which answers in the worker's network alone.
    static let metadata: UInt32 = 0xa9fe_a9fe
    /// Nobody listens there.
    static let closedPort: UInt16 = 9

    private let child: Child
    private let socket: Socket

    /// What a worker is asked to do.
    enum Task {
        case load(Workload)
        /// Programs that each connect to the metadata address, with a pause
        /// after each, in microseconds.
        case accesses(pause: UInt32)
        /// Programs that ask for credentials on their command line, and do
        /// nothing; the same pause.
        case requests(pause: UInt32)
    }

    /// Forks it: start it before there are threads.
    ///
    /// - Parameter place: the processor it stays on, counted from 0.
    static func start(on place: UInt32) throws(BenchError) -> LoadWorker {
        let parent = CurrentProcess.pid
        do {
            let pair = try Socket.Pair()
            let descriptor = pair.far.descriptor
            let child = try Child { LoadLoop.run(parent: parent, descriptor: descriptor, place: place) }
            let worker = LoadWorker(child, pair.takeNear())
            _ = try worker.answer(.seconds(10))
            return worker
        } catch let error as BenchError {
            throw error
        } catch let error as SocketError {
            throw .socket(error)
        } catch let error as SpawnError {
            throw .spawn(error)
        } catch {
            throw .workerGone
        }
    }

    private init(_ child: Child, _ socket: consuming Socket) {
        self.child = child
        self.socket = socket
    }

    deinit {
        child.kill()
        _ = try? child.wait()
    }

    /// Does something so many times.
    ///
    /// - Returns: nanoseconds for each.
    func run(_ task: Task, count: UInt32) throws(BenchError) -> Double {
        try begin(task, count: count)
        return try finish(count: count)
    }

    /// Begins it and does not wait.
    func begin(_ task: Task, count: UInt32) throws(BenchError) {
        var kind = LoadLoop.accesses
        var pause: UInt32 = 0
        switch task {
        case .load(let workload): kind = workload.rawValue
        case .accesses(let time): pause = time
        case .requests(let time): (kind, pause) = (LoadLoop.requests, time)
        }
        var message = [kind]
        for number in [count, pause] {
            for shift in [0, 8, 16, 24] { message.append(UInt8(truncatingIfNeeded: number >> shift)) }
        }
        do { try socket.send(message) } catch { throw .socket(error) }
    }

    /// Whether what was begun has ended.
    func isDone(within time: Duration) -> Bool { Readiness.wait(socket.descriptor, timeout: time) }

    /// Waits for the end of what was begun.
    func finish(count: UInt32) throws(BenchError) -> Double {
        Double(try answer(.seconds(120))) / Double(max(count, 1))
    }

    private func answer(_ patience: Duration) throws(BenchError) -> Int64 {
        let message: [UInt8]?
        do {
            message = try socket.receive(atMost: 64, timeout: patience)
        } catch {
            throw .socket(error)
        }
        guard let message, let number: Int64 = message.span.integer(at: 0) else { throw .workerGone }
        guard number >= 0 else { throw .worker(step: "load", errno: Int32(truncatingIfNeeded: -number)) }
        return number
    }
}

/// The worker's own life.
enum LoadLoop {
    /// Stands for `LoadWorker.Task.accesses` in a request.
    static let accesses: UInt8 = 255
    static let requests: UInt8 = 254

    /// With this and its place an `imdswatch` is a worker.
    static let argument = "bench-load"

    /// Places that no rule looks at.
    static let worker = "/usr/local/bin/imdswatch-load"
    private static let program = "/usr/local/bin/imdswatch-nop"
    /// A place that the default rule takes for unusual.
    private static let tool = "/tmp/imdswatch-tool"
    /// What the built-in rule of such command lines looks for.
    private static let credentials = "http://metadata/latest/meta-data/iam/security-credentials/"
    private static let loopback: UInt32 = 0x7f00_0001

    static func run(parent: Int32, descriptor: Int32, place: UInt32) -> Int32 {
        guard CurrentProcess.dieWithParent(parent) else { return 1 }
        CurrentProcess.keepOnly([nil, nil, nil, descriptor])
        CurrentProcess.resetSignals()
        return answering(Socket(adopting: 3)) { _ throws in
            try furnish()
            // A program of these mounts, as the parents of programs are: that of a parent
            // which is of other mounts is described anew for each of its children.
            let code = CurrentProcess.exec(
                worker, ["imdswatch", argument, String(place)], environment: [])
            throw Load.Failure(errno: code)
        }
    }

    /// Whether this is the copy that `furnish` made, which nobody else has.
    static var isWorker: Bool {
        var path: [UInt8] = []
        try? File.readLink("/proc/self/exe", into: &path)
        return path.elementsEqual(worker.utf8)
    }

    /// What `run` has become.
    static func serve(on place: UInt32) -> Int32 {
        answering(Socket(adopting: 3)) { socket throws in
            // the server on the next, as other hosts' servers would not be in the way
            try Load.pin(to: place &+ 1)
            let port = try Load.server()
            try Load.pin(to: place)
            try socket.send(bytes(0))
            serve(socket, port)
        }
    }

    /// Tells the other end why it came to nothing.
    private static func answering(
        _ socket: consuming Socket, _ body: (borrowing Socket) throws -> Void
    ) -> Int32 {
        do {
            try body(socket)
            return 0
        } catch let failure as Load.Failure {
            try? socket.send(bytes(-Int64(failure.errno)))
        } catch {
            try? socket.send(bytes(-1))
        }
        return 1
    }

    private static func serve(_ socket: borrowing Socket, _ port: UInt16) {
        while let request = try? socket.receive(atMost: 64),
            let count: UInt32 = request.span.integer(at: 1), let pause: UInt32 = request.span.integer(at: 5)
        {
            var result: Int64
            do throws(Load.Failure) {
                result = try perform(request[0], count, pause, port)
            } catch {
                result = -Int64(error.errno)
            }
            guard (try? socket.send(bytes(result))) != nil else { break }
        }
    }

    private static func furnish() throws {
        let executable = try Load.openSelf()
        try Namespace.unshare([.network, .mounts])
        try Namespace.makeMountsPrivate()
        do throws(NamespaceError) {
            // as on most hosts, programs are on the mount on which all paths end
            try Namespace.replaceRoot()
        } catch {
            for directory in ["/tmp", "/usr/local/bin"] {
                try Namespace.mountMemory(over: directory, mode: "0755")
            }
        }
        try Namespace.bringLoopbackUp()
        try Namespace.addLoopbackAddress([169, 254, 169, 254])
        try Load.writeProgram(program)
        for path in [tool, worker] { try Load.copy(executable, to: path) }
    }

    private static func perform(
        _ kind: UInt8, _ count: UInt32, _ pause: UInt32, _ port: UInt16
    ) throws(Load.Failure) -> Int64 {
        if kind == requests {
            return try Load.starts(program, credentials, pause: pause, count: count)
        }
        guard let workload = Workload(rawValue: kind) else {
            return try Load.starts(tool, Load.accessArgument, pause: pause, count: count)
        }
        switch workload {
        case .programs: return try Load.programs(program, count: count)
        case .unwantedConnections:
            return try Load.connections(to: loopback, port: LoadWorker.closedPort, count: count)
        case .wantedConnections:
            return try Load.freshConnections(
                to: LoadWorker.metadata, port: LoadWorker.closedPort, count: count)
        case .regularConnections:
            return try Load.connections(to: LoadWorker.metadata, port: LoadWorker.closedPort, count: count)
        case .calls: return try Load.calls(count: count)
        case .compilations: return try Load.compilations(program, count: count)
        case .requests: return try Load.requests(port: port, count: count)
        }
    }

    private static func bytes(_ number: Int64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }
}
