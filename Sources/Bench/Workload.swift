/// What a host is kept busy with while it is measured.
public enum Workload: UInt8, CaseIterable, Sendable {
    /// The smallest program, started as fast as the kernel lets it.
    case programs
    /// Connections to an address that no rule names, refused at once.
    case unwantedConnections
    /// Connections to the metadata address by a process that was just forked,
    /// refused at once: the first may complete a match.
    case wantedConnections
    /// The same by a process whose siblings started nothing lately, as an agent
    /// that asks for credentials again and again.
    case regularConnections
    /// System calls that the sensor has nothing to do with.
    case calls
    /// A program start, some files and a millisecond of work, as in a compilation.
    case compilations
    /// Requests to a server, a connection each.
    case requests

    /// As reports name it.
    public var name: String {
        switch self {
        case .programs: "program starts"
        case .unwantedConnections: "connections, unwanted"
        case .wantedConnections: "connections, wanted"
        case .regularConnections: "connections, by one that goes on"
        case .calls: "other system calls"
        case .compilations: "compile-like work"
        case .requests: "TCP requests"
        }
    }

    /// As JSON names it.
    public var key: String {
        switch self {
        case .programs: "exec"
        case .unwantedConnections: "connect_unwanted"
        case .wantedConnections: "connect_wanted"
        case .regularConnections: "connect_regular"
        case .calls: "syscall"
        case .compilations: "compile"
        case .requests: "request"
        }
    }

    /// The most that the sensor may slow it, in percent; nil where there is no
    /// budget of its own.
    public var budget: Double? {
        switch self {
        case .programs, .unwantedConnections: 2
        case .wantedConnections, .regularConnections: 5
        // nothing watches them, and noise is never 0
        case .calls: 0.5
        case .compilations, .requests: nil
        }
    }
}
