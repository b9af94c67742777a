internal import Platform

/// A child process that does what it is asked over a socket: the canary, and
/// the keeper of the lab.
struct Attendant: ~Copyable {
    let child: Child
    let socket: Socket

    /// Starts the process and waits until it says that it is ready.
    ///
    /// - Parameter body: what the process does, given the pid of this one and
    ///   its end of the socket; returns its exit code.
    static func start(
        _ body: (_ parent: Int32, _ descriptor: Int32) -> Int32
    ) throws(LabError) -> Attendant {
        let parent = CurrentProcess.pid
        do {
            let pair = try Socket.Pair()
            let child = try Child { body(parent, pair.far.descriptor) }
            return try Attendant(child, pair.takeNear())
        } catch let error as SocketError {
            throw .socket(error)
        } catch SpawnError.fork(let code) {
            throw .fork(errno: code)
        } catch let error as LabError {
            throw error
        } catch {
            throw .gone
        }
    }

    private init(_ child: Child, _ socket: consuming Socket) throws(LabError) {
        do {
            try Handshake.await(on: socket)
        } catch {
            child.kill()
            _ = try? child.wait()
            throw error
        }
        self.child = child
        self.socket = socket
    }

    /// Ends the process and waits until it has ended.
    func end() {
        child.kill()
        _ = try? child.wait()
    }
}
