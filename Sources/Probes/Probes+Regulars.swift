internal import CBPF
internal import Events
internal import Platform

extension Probes {
    /// Sets how long after a start, of a program or a process, connections of
    /// its siblings can matter. Outside of it the kernel leaves out those of
    /// the processes that it was told of with `note`.
    ///
    /// - Parameters:
    ///   - window: nanoseconds; nil if every connection can matter.
    ///   - afterForks: a process that was forked counts as a start, too.
    public mutating func setConnectionWindow(_ window: Int64?, afterForks: Bool) {
        // what begins a match now may not have been noted before
        stopNoting()
        startWindow = window.map(Probes.startUnits) ?? 0
        notesForks = afterForks
        settings.setNotesForks(notesForks)
        settings.setStartWindow(startWindow)
    }

    /// Tells the kernel of a process that connects again and again. With the first
    /// one it begins to note starts.
    public mutating func note(_ process: RegularProcess) throws(ProbeError) {
        if noteSince == 0, startWindow != 0 { beginNoting() }
        let map = try maps.map("regulars")
        var key = process.identity.pid
        var value = regular()
        value.start = process.identity.start
        value.execs = process.execs
        value.parent = process.parent
        if let seen = process.seen {
            value.high = seen.destination.address.high.bigEndian
            value.low = seen.destination.address.low.bigEndian
            value.port = seen.destination.port.bigEndian
            value.seen = Probes.startTime(seen.time)
        }
        // SAFETY: key and value have the sizes that the map was made with.
        let status = unsafe bpf_map_update_elem(map.descriptor, &key, &value, UInt64(BPF_ANY))
        guard status == 0 else { throw .map(name: map.name, code: -status) }
        hasRegulars = true
    }

    /// The first store begins it. The second has a time after that, however long
    /// this was held up between: what was not noted had started by then.
    private mutating func beginNoting() {
        for _ in 0..<2 {
            noteSince = max(1, Probes.startTime(Clock.boottime()))
            settings.setNoteSince(noteSince)
        }
    }

    /// Until the next process is told, every connection counts.
    mutating func stopNoting() {
        noteSince = 0
        settings.setNoteSince(0)
    }

    /// Forgets whom the kernel was told of, also what somebody else has told it.
    /// Starts are no longer noted if there was nobody since this was last called.
    public mutating func forgetRegulars() throws(ProbeError) {
        if !hasRegulars { stopNoting() }
        hasRegulars = false
        let map = try maps.map("regulars")
        var key: UInt32 = 0
        // SAFETY: the key has the size that the map was made with.
        while unsafe bpf_map_get_next_key(map.descriptor, nil, &key) == 0 {
            guard unsafe bpf_map_delete_elem(map.descriptor, &key) == 0 else { return }
        }
    }

    /// What is noted lies up to two units beside the time of a start; the rest of
    /// the margin is for processors that are held up. A window of hours is none.
    static func startUnits(_ window: Int64) -> UInt32 {
        let units = max(window, 0) >> Int64(START_SHIFT)
        return units > longestWindow ? 0 : UInt32(units) + UInt32(START_MARGIN)
    }

    /// A time since boot, in nanoseconds, as the kernel side notes it.
    static func startTime(_ time: Int64) -> UInt32 { UInt32(truncatingIfNeeded: time >> Int64(START_SHIFT)) }

    private static let longestWindow: Int64 = 1 << 24
}
