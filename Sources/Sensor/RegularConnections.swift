internal import Events

/// Notices who connects again and again, so that the kernel can be told.
///
/// Remembers one process for each place; who is pushed out begins anew.
struct RegularConnections: Sendable {
    private struct Entry {
        var process = ProcessIdentity.none
        var execs: UInt32 = 0
        var count = 0
    }

    private var entries = [Entry](repeating: Entry(), count: 256)

    /// From this connection on a process is a regular one.
    static let threshold = 3

    /// Counts a connection.
    ///
    /// - Returns: whether the kernel is to be told of its process: once.
    mutating func counts(_ header: EventHeader) -> Bool {
        // without these the process cannot be told from its successor
        guard header.process.isKnown, header.parent.isKnown, header.execs != 0 else { return false }
        let place = Int(header.process.pid) % entries.count
        if entries[place].process != header.process || entries[place].execs != header.execs {
            entries[place] = Entry(process: header.process, execs: header.execs)
        }
        entries[place].count += 1
        return entries[place].count == RegularConnections.threshold
    }
}
