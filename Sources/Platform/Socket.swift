internal import CPlatform
internal import Glibc

/// Why a socket could not be made or used.
public enum SocketError: Error, Equatable, Sendable {
    case open(errno: Int32)
    case bind(errno: Int32)
    case send(errno: Int32)
    case receive(errno: Int32)
}

/// An address of 4 or 16 octets, and a port.
public struct Endpoint: Equatable, Sendable {
    public let octets: [UInt8]
    public let port: UInt16

    public init(_ octets: [UInt8], port: UInt16) {
        precondition(octets.count == 4 || octets.count == 16)
        self.octets = octets
        self.port = port
    }

    var family: Int32 { octets.count == 4 ? AF_INET : AF_INET6 }

    /// Calls with the address as the kernel takes it.
    func withAddress(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        // SAFETY: both structures are made of integers alone, begin as a
        // sockaddr does, and outlive the call they are lent to.
        if octets.count == 4 {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            unsafe withUnsafeMutableBytes(of: &address.sin_addr) { unsafe $0.copyBytes(from: octets) }
            return unsafe withUnsafeBytes(of: &address) { bytes in
                unsafe body(
                    bytes.assumingMemoryBound(to: sockaddr.self).baseAddress.unsafelyUnwrapped,
                    socklen_t(bytes.count))
            }
        }
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port.bigEndian
        unsafe withUnsafeMutableBytes(of: &address.sin6_addr) { unsafe $0.copyBytes(from: octets) }
        return unsafe withUnsafeBytes(of: &address) { bytes in
            unsafe body(
                bytes.assumingMemoryBound(to: sockaddr.self).baseAddress.unsafelyUnwrapped,
                socklen_t(bytes.count))
        }
    }
}

/// A socket, closed when its owner goes away. Never inherited through exec.
@safe
public struct Socket: ~Copyable {
    public let descriptor: Int32

    /// Takes over a socket that this process was given by its parent.
    public init(adopting descriptor: Int32) { self.descriptor = descriptor }

    deinit { _ = close(descriptor) }

    /// Ends the conversation: the other end receives nothing more than that.
    public func hangUp() { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// Two sockets joined to each other, each message received as it was sent.
    public struct Pair: ~Copyable {
        public let near: Socket
        public let far: Socket

        public init() throws(SocketError) {
            var ends: [Int32] = [-1, -1]
            let type = Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
            // SAFETY: the array has the two places that the call fills.
            guard unsafe socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw .open(errno: errno) }
            near = Socket(adopting: ends[0])
            far = Socket(adopting: ends[1])
        }

        public consuming func takeNear() -> Socket { near }
    }

    /// Listens for TCP connections; at an IPv6 address that is all zero, for IPv4 too.
    public static func listen(at endpoint: Endpoint) throws(SocketError) -> Socket {
        let socket = try Socket.tcp(family: endpoint.family, blocking: true)
        var on: Int32 = 1
        // SAFETY: the pointers are to integers of the given size.
        unsafe setsockopt(
            socket.descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        var off: Int32 = 0
        if endpoint.family == AF_INET6 {
            unsafe setsockopt(
                socket.descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &off, socklen_t(MemoryLayout<Int32>.size)
            )
        }
        let bound = unsafe endpoint.withAddress { unsafe bind(socket.descriptor, $0, $1) }
        guard bound == 0, Glibc.listen(socket.descriptor, 16) == 0 else { throw .bind(errno: errno) }
        return socket
    }

    /// Takes the next connection of a listening socket.
    public static func accept(on listener: Int32) throws(SocketError) -> Socket {
        let accepted = Glibc.accept(listener, nil, nil)
        guard accepted >= 0 else { throw .open(errno: errno) }
        _ = fcntl(accepted, F_SETFD, FD_CLOEXEC)
        return Socket(adopting: accepted)
    }

    /// Tries to connect and hangs up.
    ///
    /// - Returns: 0, or the error number: ECONNREFUSED where nobody listens,
    ///   ETIMEDOUT if the time passed first.
    public static func probe(_ endpoint: Endpoint, timeout: Duration) -> Int32 {
        do {
            let socket = try Socket.tcp(family: endpoint.family, blocking: false)
            let result = unsafe endpoint.withAddress { unsafe Glibc.connect(socket.descriptor, $0, $1) }
            if result == 0 { return 0 }
            guard errno == EINPROGRESS else { return errno }
            var entry = pollfd(fd: socket.descriptor, events: Int16(POLLOUT), revents: 0)
            let milliseconds = Int32(clamping: timeout.components.seconds * 1000) &+ 1
            // SAFETY: the pointers are to one entry, and to an integer of the given size.
            guard unsafe poll(&entry, 1, milliseconds) > 0 else { return ETIMEDOUT }
            var code: Int32 = 0
            var size = socklen_t(MemoryLayout<Int32>.size)
            unsafe getsockopt(socket.descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
            return code
        } catch .open(let code) {
            return code
        } catch {
            return EIO
        }
    }

    /// Sends all bytes, or as one message on a pair's end.
    public func send(_ bytes: [UInt8]) throws(SocketError) {
        var sent = 0
        while sent < bytes.count {
            // SAFETY: the pointer and the count are those of the array's rest.
            let count = unsafe bytes.withUnsafeBytes { bytes in
                unsafe Glibc.send(
                    descriptor, bytes.baseAddress?.advanced(by: sent), bytes.count - sent, Int32(MSG_NOSIGNAL)
                )
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .send(errno: errno) }
            sent += count
        }
    }

    /// Receives what is there, up to a limit; nothing once the other end is closed.
    ///
    /// - Returns: nil if the time passed first.
    public func receive(atMost limit: Int, timeout: Duration? = nil) throws(SocketError) -> [UInt8]? {
        guard Readiness.wait(descriptor, timeout: timeout) else { return nil }
        return try BytePipe.read(descriptor, atMost: limit)
    }

    private static func tcp(family: Int32, blocking: Bool) throws(SocketError) -> Socket {
        var type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        if !blocking { type |= Int32(SOCK_NONBLOCK.rawValue) }
        let opened = socket(family, type, 0)
        guard opened >= 0 else { throw .open(errno: errno) }
        return Socket(adopting: opened)
    }
}

/// A pipe, both ends closed when its owner goes away. Never inherited through exec.
@safe
public struct BytePipe: ~Copyable {
    public let readEnd: Int32
    public private(set) var writeEnd: Int32

    public init() throws(SocketError) {
        var ends: [Int32] = [-1, -1]
        // SAFETY: the array has the two places that the call fills.
        guard unsafe pipe(&ends) == 0 else { throw .open(errno: errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        readEnd = ends[0]
        writeEnd = ends[1]
    }

    /// A socket in the place of a pipe, that notes when something is written to it.
    /// Holds ten writes that nobody has read, by default.
    public init(stamped: Void) throws(SocketError) {
        var ends: [Int32] = [-1, -1]
        // SAFETY: the array has the two places that the call fills.
        let result = unsafe platform_stamped_pair(&ends)
        guard result == 0 else { throw .open(errno: -result) }
        readEnd = ends[0]
        writeEnd = ends[1]
    }

    deinit {
        _ = close(readEnd)
        if writeEnd >= 0 { _ = close(writeEnd) }
    }

    /// Leaves the writing to who inherited it.
    public mutating func closeWriteEnd() {
        if writeEnd >= 0 { _ = close(writeEnd) }
        writeEnd = -1
    }

    /// Reads what is there; nothing once every write end is closed.
    public func read(atMost limit: Int) throws(SocketError) -> [UInt8] {
        try BytePipe.read(readEnd, atMost: limit)
    }

    /// Reads one write to a stamped pipe; nothing once every write end is closed.
    ///
    /// - Returns: the bytes, and when they were written: nanoseconds since 1970.
    public func readStamped(atMost limit: Int) throws(SocketError) -> (bytes: [UInt8], written: Int64) {
        var bytes = [UInt8](repeating: 0, count: limit)
        var written: Int64 = 0
        // SAFETY: the pointer and the count are those of the array.
        let count = unsafe platform_receive_stamped(readEnd, &bytes, limit, &written)
        guard count >= 0 else { throw .receive(errno: Int32(-count)) }
        bytes.removeLast(limit - count)
        return (bytes, written)
    }

    /// Writes all bytes to a pipe that this process was given; what nobody
    /// reads any more is dropped.
    public static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var written = 0
        while written < bytes.count {
            // SAFETY: the pointer and the count are those of the array's rest.
            let count = unsafe bytes.withUnsafeBytes { bytes in
                unsafe Glibc.write(
                    descriptor, bytes.baseAddress?.advanced(by: written), bytes.count - written)
            }
            guard count > 0 || errno == EINTR else { return }
            written += max(count, 0)
        }
    }

    static func read(_ descriptor: Int32, atMost limit: Int) throws(SocketError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: limit)
        while true {
            // SAFETY: the pointer and the count are those of the array.
            let count = unsafe Glibc.read(descriptor, &bytes, bytes.count)
            if count >= 0 {
                bytes.removeLast(limit - count)
                return bytes
            }
            guard errno == EINTR else { throw .receive(errno: errno) }
        }
    }
}
