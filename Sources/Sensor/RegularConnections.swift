internal import Events

/// Notices who connects again and again, so that the kernel can be told.
///
/// Remembers one process for each place; who is pushed out begins anew.
struct RegularConnections: Sendable {
    private struct Entry {
        var process = ProcessIdentity.none
        var execs: UInt32 = 0
        var count = 0
        /// Since boot, in nanoseconds.
        var told: Int64 = 0
    }

    private var entries = [Entry](repeating: Entry(), count: 256)

    /// From this connection on a process is a regular one.
    static let threshold = 3
    /// The kernel may have forgotten what it was told so long ago: nanoseconds.
    static let repetition: Int64 = 10_000_000_000

    /// Counts a connection.
    ///
    /// - Returns: whether the kernel is to be told of its process.
    mutating func counts(_ header: EventHeader) -> Bool {
        // without these the process cannot be told from its successor
        guard header.process.pid > 0, header.parent.pid > 0, header.execs != 0 else { return false }
        let place = Int(header.process.pid) % entries.count
        if entries[place].process != header.process || entries[place].execs != header.execs {
            entries[place] = Entry(process: header.process, execs: header.execs)
        }
        entries[place].count += 1
        let count = entries[place].count
        guard count >= RegularConnections.threshold else { return false }
        let isDue = header.time - entries[place].told >= RegularConnections.repetition
        guard count == RegularConnections.threshold || isDue else { return false }
        entries[place].told = header.time
        return true
    }
}
