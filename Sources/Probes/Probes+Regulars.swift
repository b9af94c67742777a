internal import CBPF
public import Events

extension Probes {
    /// Sets how long after a start, of a program or a process, connections of
    /// its siblings can matter. Outside of it the kernel leaves out those of
    /// the processes that it was told of with `noteRegular`.
    ///
    /// - Parameter window: nanoseconds; nil if every connection can matter.
    public mutating func setConnectionWindow(_ window: Int64?) {
        startWindow = window.map(Probes.startUnits) ?? 0
        settings.setStartWindow(startWindow)
    }

    /// Tells the kernel of a process that connects again and again.
    ///
    /// - Parameters:
    ///   - execs: how many programs were started in its line: by another one it
    ///     is another process.
    ///   - parent: as its events name it.
    public func noteRegular(_ process: ProcessIdentity, execs: UInt32, parent: UInt32) throws(ProbeError) {
        let map = try maps.map("regulars")
        var key = process.pid
        var value = regular(start: process.start, execs: execs, parent: parent)
        // SAFETY: key and value have the sizes that the map was made with.
        let status = unsafe bpf_map_update_elem(map.descriptor, &key, &value, UInt64(BPF_ANY))
        guard status == 0 else { throw .map(name: map.name, code: -status) }
    }

    /// Starts are noted in these units, and up to an eighth of a second late;
    /// twice that is added. A window longer than a day is none.
    static func startUnits(_ window: Int64) -> UInt32 {
        let units = (max(window, 0) >> Int64(START_SHIFT)) + 256
        return units > 1 << 26 ? 0 : UInt32(units)
    }
}
