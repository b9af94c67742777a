internal import CPlatform
internal import Glibc

/// Loads for measuring, in C so that they cost as little as can be. Each does
/// one thing so many times and returns the time that took, in nanoseconds.
public enum Load {
    /// What a load could not do, and the kernel's error.
    public struct Failure: Error, Equatable, Sendable {
        public let errno: Int32

        public init(errno: Int32) { self.errno = errno }
    }

    /// The first argument that makes the executable one access of `accesses`.
    public static let accessArgument = LOAD_ACCESS

    /// Keeps this process, and what it starts, on one processor: a load that
    /// wanders between them takes now more time, now less.
    ///
    /// - Parameter place: counts those that it may use, and begins anew after the last.
    public static func pin(to place: UInt32) throws(Failure) { _ = try checked(Int64(load_pin(place))) }

    /// Starts a program and waits for its end.
    public static func programs(_ path: String, count: UInt32) throws(Failure) -> Int64 {
        // SAFETY: here and below a string is passed as text that ends with a NUL.
        try checked(unsafe load_programs(path, count))
    }

    /// Opens TCP connections that are refused.
    ///
    /// - Parameter address: IPv4, in host byte order.
    public static func connections(to address: UInt32, port: UInt16, count: UInt32) throws(Failure) -> Int64 {
        try checked(load_connections(address, port, count))
    }

    /// The same in a process that is forked for it.
    public static func freshConnections(
        to address: UInt32, port: UInt16, count: UInt32
    ) throws(Failure) -> Int64 {
        try checked(load_fresh_connections(address, port, count))
    }

    /// Makes cheap system calls.
    public static func calls(count: UInt32) throws(Failure) -> Int64 { try checked(load_calls(count)) }

    /// Starts a program, reads files and counts, as a compiler does.
    public static func compilations(_ path: String, count: UInt32) throws(Failure) -> Int64 {
        try checked(unsafe load_compilations(path, count))
    }

    /// Starts a server of one-byte requests that ends with this thread.
    ///
    /// - Returns: its port on the loopback.
    public static func server() throws(Failure) -> UInt16 {
        var port: UInt16 = 0
        // SAFETY: the pointer is to a local that outlives the call.
        _ = try checked(Int64(unsafe load_server(&port)))
        return port
    }

    /// Connects to the server, asks, and waits for the answer.
    public static func requests(port: UInt16, count: UInt32) throws(Failure) -> Int64 {
        try checked(load_requests(port, count))
    }

    /// Starts a program with one argument.
    ///
    /// - Parameter pause: after each, in microseconds.
    public static func starts(
        _ path: String, _ argument: String, pause: UInt32, count: UInt32
    ) throws(Failure) -> Int64 {
        try checked(unsafe load_starts(path, argument, pause, count))
    }

    /// One connection, for a program that was started with `accessArgument`.
    public static func access(_ address: UInt32, port: UInt16) -> Int32 { load_access(address, port) }

    /// Writes the smallest program that ends at once.
    public static func writeProgram(_ path: String) throws(Failure) {
        _ = try checked(Int64(unsafe load_write_program(path)))
    }

    /// Copies an open executable to a new file.
    public static func copy(_ executable: Int32, to path: String) throws(Failure) {
        _ = try checked(Int64(unsafe load_copy_self(executable, path)))
    }

    /// This process's executable, also where its path is hidden.
    public static func openSelf() throws(Failure) -> Int32 {
        let descriptor = unsafe open("/proc/self/exe", O_RDONLY | O_CLOEXEC)
        return Int32(try checked(descriptor < 0 ? -Int64(errno) : Int64(descriptor)))
    }

    private static func checked(_ result: Int64) throws(Failure) -> Int64 {
        guard result >= 0 else { throw Failure(errno: Int32(-result)) }
        return result
    }
}
