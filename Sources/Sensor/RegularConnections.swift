internal import Events
internal import Probes

/// Notices who connects again and again, so that the kernel can be told.
///
/// Remembers one process for each place; who is pushed out begins anew.
struct RegularConnections: Sendable {
    private struct Entry {
        var process = ProcessIdentity.none
        var execs: UInt32 = 0
        /// All connections, and the last ones that went to the same place.
        var count = 0
        var repeats = 0
        var destination = RegularProcess.Destination(address: IPAddress(v4: 0), port: 0)
        var lastSeen = Int64.min
    }

    private var entries = [Entry](repeating: Entry(), count: 256)
    /// Whether a connection can matter that was already made by the same
    /// process, with nothing started beside it since.
    let repeatsMatter: Bool

    init(repeatsMatter: Bool) { self.repeatsMatter = repeatsMatter }

    /// From this connection on a process is a regular one.
    static let threshold = 3
    /// Nanoseconds; the kernel reckons in units of about that.
    static let interval: Int64 = 1_000_000

    /// Counts a connection, whose event the rules have seen.
    ///
    /// - Parameter isExcepted: an exception held for it, and what is pending goes
    ///   on waiting for one like it that is none.
    /// - Returns: what the kernel is to be told of its process, if anything.
    mutating func count(
        _ header: EventHeader, to destination: RegularProcess.Destination, isExcepted: Bool = false
    ) -> RegularProcess? {
        // without these the process cannot be told from its successor
        guard header.process.isKnown, header.parent.isKnown, header.execs != 0 else { return nil }
        let place = Int(header.process.pid) % entries.count
        if entries[place].process != header.process || entries[place].execs != header.execs {
            entries[place] = Entry(process: header.process, execs: header.execs)
        }
        entries[place].count += 1
        entries[place].repeats = entries[place].destination == destination ? entries[place].repeats + 1 : 1
        entries[place].destination = destination
        if isExcepted { entries[place].repeats = 0 }

        var told = RegularProcess(header.process, execs: header.execs, parent: header.parent.pid)
        let isRepeated = !repeatsMatter && entries[place].repeats >= RegularConnections.threshold
        if isRepeated, header.time >= entries[place].lastSeen.addingSaturated(RegularConnections.interval) {
            entries[place].lastSeen = header.time
            told.seen = RegularProcess.Seen(destination: destination, time: header.time)
            return told
        }
        return entries[place].count == RegularConnections.threshold ? told : nil
    }
}
