internal import CBPF
public import Events

/// What the kernel side does with a connection to an address.
public enum DestinationUse: UInt32, Comparable, Sendable {
    /// Write a record, wake nobody.
    case record = 1
    /// A loaded rule waits for it: wake the reader.
    case wanted = 2

    public static func < (one: DestinationUse, other: DestinationUse) -> Bool {
        one.rawValue < other.rawValue
    }
}

extension Probes {
    /// Replaces the addresses whose connections are recorded.
    ///
    /// - Parameter any: a rule does not constrain the address, so that every
    ///   connection is wanted.
    public mutating func setDestinations(
        _ destinations: [(IPPrefix, DestinationUse)], any: Bool
    ) throws(ProbeError) {
        try widenDestinations(to: destinations, any: any)
        try narrowDestinations(to: destinations, any: any)
    }

    /// First half of a reload: lets through what the new rules need as well.
    public mutating func widenDestinations(
        to destinations: [(IPPrefix, DestinationUse)], any: Bool
    ) throws(ProbeError) {
        let old = destinationsInUse.map { ($0.key, $0.value) }
        try writeDestinations(Probes.effective(old + destinations))
        if any { settings.setAnyDestination(true) }
    }

    /// Second half of a reload: drops what only the old rules needed.
    public mutating func narrowDestinations(
        to destinations: [(IPPrefix, DestinationUse)], any: Bool
    ) throws(ProbeError) {
        try writeDestinations(Probes.effective(destinations))
        settings.setAnyDestination(any)
    }

    /// The trie answers with the longest match alone: a block must say at least
    /// what every block around it says.
    static func effective(_ destinations: [(IPPrefix, DestinationUse)]) -> [IPPrefix: DestinationUse] {
        var effective: [IPPrefix: DestinationUse] = [:]
        for (prefix, _) in destinations {
            for (outer, use) in destinations
            where outer.length <= prefix.length && outer.contains(prefix.address) {
                effective[prefix] = max(use, effective[prefix] ?? use)
            }
        }
        return effective
    }

    private mutating func writeDestinations(_ wanted: [IPPrefix: DestinationUse]) throws(ProbeError) {
        let map = try object.map("destinations")
        for (prefix, use) in wanted where destinationsInUse[prefix] != use {
            var key = prefix.key
            var value = use.rawValue
            // SAFETY: key and value have the sizes that the map was made with.
            let status = unsafe bpf_map_update_elem(map.descriptor, &key, &value, UInt64(BPF_ANY))
            guard status == 0 else { throw .map(name: map.name, code: -status) }
            destinationsInUse[prefix] = use
        }
        for prefix in Array(destinationsInUse.keys) where wanted[prefix] == nil {
            var key = prefix.key
            // SAFETY: the key has the size that the map was made with.
            let status = unsafe bpf_map_delete_elem(map.descriptor, &key)
            guard status == 0 else { throw .map(name: map.name, code: -status) }
            destinationsInUse[prefix] = nil
        }
    }
}

extension IPPrefix {
    /// The key of the trie: bits in host order, address in network order.
    fileprivate var key: destination_key {
        var key = destination_key()
        key.length = UInt32(length)
        unsafe withUnsafeMutableBytes(of: &key.address) { target in
            // SAFETY: the address has sixteen bytes.
            unsafe target.storeBytes(of: address.high.bigEndian, toByteOffset: 0, as: UInt64.self)
            unsafe target.storeBytes(of: address.low.bigEndian, toByteOffset: 8, as: UInt64.self)
        }
        return key
    }
}
