internal import Platform

/// The process that holds the lab's namespaces and runs its commands.
///
/// It stands outside the lab's process namespace, whose init is the metadata
/// server: when the keeper ends, the server does, and with it the rest.
enum Keeper {
    /// Where the socket to the lab's owner stands, behind the standard descriptors.
    private static let socketPlace: Int32 = 3

    private static let environment = [
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=\(NetworkLab.directory)",
        "LC_ALL=C", "no_proxy=*",
    ]

    static func run(parent: Int32, descriptor: Int32) -> Int32 {
        guard CurrentProcess.dieWithParent(parent) else { return 1 }
        CurrentProcess.keepOnly([nil, nil, nil, descriptor])
        CurrentProcess.detach()
        CurrentProcess.resetSignals()
        let socket = Socket(adopting: socketPlace)
        do {
            try furnish()
            // Nobody writes to it: it tells the server that the keeper has ended.
            let lifeline = try BytePipe()
            let server = try startServer(lifeline)
            defer {
                server.kill()
                _ = try? server.wait()
            }
            try socket.send(Handshake().message)
            while let request = try socket.receive(atMost: 128 * 1024), request.count >= 4 {
                let milliseconds: UInt32 = LittleEndian.read(request, at: 0)
                try socket.send(runCommand(Array(request[4...]), timeout: .milliseconds(Int(milliseconds))))
            }
            return 0
        } catch {
            try? socket.send(Handshake(error).message)
            return 1
        }
    }

    private static func furnish() throws(NamespaceError) {
        try Namespace.unshare([.network, .mounts, .processes])
        try Namespace.makeMountsPrivate()
        for directory in NetworkLab.hiddenDirectories {
            do {
                try Namespace.mountMemory(over: directory, mode: directory == "/tmp" ? "1777" : "0755")
            } catch .mount(_, let code) where code == missing && directory != "/tmp" {
                continue
            }
        }
        try Namespace.bringLoopbackUp()
        try Namespace.addLoopbackAddress(MetadataAddress.ipv4)
        try Namespace.addLoopbackAddress(NetworkLab.otherOctets)
        try? Namespace.addLoopbackAddress(MetadataAddress.ipv6)
    }

    /// ENOENT
    private static let missing: Int32 = 2

    private static func startServer(_ lifeline: borrowing BytePipe) throws -> Child {
        let listener = try listen()
        return try Child {
            CurrentProcess.keepOnly([nil, nil, nil, lifeline.readEnd, listener.descriptor])
            // Orphans of the lab become this process's children.
            CurrentProcess.discardChildren()
            MetadataServer.run(lifeline: 3, listener: 4)
            return 0
        }
    }

    private static func listen() throws(SocketError) -> Socket {
        let every = [UInt8](repeating: 0, count: 16)
        // A host may have no IPv6.
        guard let both = try? Socket.listen(at: Endpoint(every, port: 80)) else {
            return try Socket.listen(at: Endpoint([0, 0, 0, 0], port: 80))
        }
        return both
    }

    private static func runCommand(_ command: [UInt8], timeout: Duration) -> [UInt8] {
        var tail: [UInt8] = []
        var pid: Int32 = 0
        var status: Int32?
        do {
            var pipe = try BytePipe()
            let shell = try Child {
                CurrentProcess.keepOnly([nil, pipe.writeEnd, pipe.writeEnd])
                CurrentProcess.detach()
                // A shell replaces itself by its last command; the client is to
                // have a parent of its own.
                let script = String(decoding: command, as: UTF8.self) + "\nexit $?"
                return CurrentProcess.exec("/bin/sh", ["sh", "-c", script], environment: environment)
            }
            pid = shell.pid
            pipe.closeWriteEnd()
            let end = ContinuousClock.now + timeout
            while Readiness.wait(pipe.readEnd, timeout: end - ContinuousClock.now) {
                let part = try pipe.read(atMost: 4096)
                guard !part.isEmpty else { break }
                tail = Array((tail + part).suffix(NetworkLab.Outcome.tailLimit))
            }
            status = try shell.wait(timeout: max(.zero, end - ContinuousClock.now))
            if status == nil {
                shell.killGroup()
                _ = try shell.wait()
            }
        } catch {
            status = nil
        }
        return NetworkLab.Outcome(pid: pid, exitStatus: status, tail: tail).message(tail: tail)
    }
}

/// The lab's metadata server: one connection after the other.
private enum MetadataServer {
    private static let patience: Duration = .seconds(1)

    /// Serves until the other end of the lifeline is closed.
    static func run(lifeline: Int32, listener: Int32) {
        let service = MetadataService()
        while Readiness.wait([lifeline, listener], timeout: nil) == 1 {
            try? serve(service, listener: listener)
        }
    }

    private static func serve(_ service: MetadataService, listener: Int32) throws(SocketError) {
        let connection = try Socket.accept(on: listener)
        var request: [UInt8] = []
        while !MetadataService.isComplete(request), request.count < MetadataService.requestLimit {
            guard let part = try connection.receive(atMost: 4096, timeout: patience), !part.isEmpty else {
                return
            }
            request += part
        }
        try connection.send(service.answer(request))
    }
}
