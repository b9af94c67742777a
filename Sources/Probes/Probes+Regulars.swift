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

    /// Forgets whom the kernel was told of, also what somebody else has told it.
    public func forgetRegulars() throws(ProbeError) {
        let map = try maps.map("regulars")
        var key: UInt32 = 0
        // SAFETY: the key has the size that the map was made with.
        while unsafe bpf_map_get_next_key(map.descriptor, nil, &key) == 0 {
            guard unsafe bpf_map_delete_elem(map.descriptor, &key) == 0 else { return }
        }
    }

    /// The start that is noted may be earlier by `START_SLACK` than the last one;
    /// as much again is added. A window of hours is none.
    static func startUnits(_ window: Int64) -> UInt32 {
        let units = max(window, 0) >> Int64(START_SHIFT)
        return units > longestWindow ? 0 : UInt32(units) + 2 * UInt32(START_SLACK)
    }

    private static let longestWindow: Int64 = 1 << 24
}
