internal import CBPF
public import Events
internal import Glibc

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
        if any { setAnyDestination(true) }
    }

    /// Second half of a reload: drops what only the old rules needed.
    public mutating func narrowDestinations(
        to destinations: [(IPPrefix, DestinationUse)], any: Bool
    ) throws(ProbeError) {
        try writeDestinations(Probes.effective(destinations))
        setAnyDestination(any)
    }

    private mutating func setAnyDestination(_ value: Bool) {
        anyDestination = value
        settings.setAnyDestination(value)
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

    /// The bytes that no address in any of the blocks begins with, neither in
    /// its IPv4 nor in its IPv6 form.
    static func unwanted(_ prefixes: [IPPrefix]) -> ByteSet {
        var wanted = ByteSet()
        for prefix in prefixes {
            let isV4 = prefix.length >= 96 && prefix.address.isV4
            let first = isV4 ? UInt8(prefix.address.v4Bits >> 24) : UInt8(prefix.address.high >> 56)
            let bits = min(8, isV4 ? prefix.length - 96 : prefix.length)
            wanted.insert(from: first, count: 1 << (8 - bits))
            if !isV4, prefix.contains(IPAddress(v4: 0)) { wanted.insert(from: 0, count: 256) }
        }
        return wanted.inverted
    }

    private mutating func writeDestinations(_ wanted: [IPPrefix: DestinationUse]) throws(ProbeError) {
        let map = try maps.map("destinations")
        // the trie is asked while either set may be in it
        settings.setUnwanted(Probes.unwanted(Array(destinationsInUse.keys) + Array(wanted.keys)))
        defer { settings.setUnwanted(Probes.unwanted(Array(destinationsInUse.keys))) }
        // a full trie may want room to replace a value, too
        for prefix in Array(destinationsInUse.keys) where wanted[prefix] == nil {
            var key = prefix.key
            // SAFETY: the key has the size that the map was made with.
            let status = unsafe bpf_map_delete_elem(map.descriptor, &key)
            guard status == 0 else { throw .map(name: map.name, code: -status) }
            destinationsInUse[prefix] = nil
        }
        for (prefix, use) in wanted where destinationsInUse[prefix] != use {
            var key = prefix.key
            var value = use.rawValue
            // SAFETY: key and value have the sizes that the map was made with.
            let status = unsafe bpf_map_update_elem(map.descriptor, &key, &value, UInt64(BPF_ANY))
            guard status == 0 else { throw .map(name: map.name, code: -status) }
            destinationsInUse[prefix] = use
        }
    }
}

extension Probes {
    /// Makes the kernel's list of addresses, and the settings beside it, what
    /// they were set to, where somebody else has changed them.
    ///
    /// - Returns: whether there was anything to repair.
    public mutating func restoreDestinations() throws(ProbeError) -> Bool {
        var changed = settings.restore(
            unwanted: Probes.unwanted(Array(destinationsInUse.keys)), anyDestination: anyDestination,
            startWindow: startWindow, noteSince: noteSince, notesForks: notesForks,
            hooks: AddressFamily.allCases.map { UInt32((report(.connect($0)).chosen ?? .none).rawValue) })
        // starts may have gone unnoted meanwhile
        if changed { stopNoting() }
        let map = try maps.map("destinations")
        let found = try destinationKeys(map)
        for key in found where !destinationsInUse.keys.contains(where: { $0.key == key }) {
            var key = key
            // SAFETY: the key has the size that the map was made with.
            let status = unsafe bpf_map_delete_elem(map.descriptor, &key)
            guard status == 0 || status == -ENOENT else { throw .map(name: map.name, code: -status) }
            changed = true
        }
        for (prefix, use) in destinationsInUse {
            var key = prefix.key
            var value: UInt32 = 0
            // a lookup alone would be content with a block around it
            let isThere = found.contains { $0 == key }
            // SAFETY: key and value have the sizes that the map was made with.
            if isThere, unsafe bpf_map_lookup_elem(map.descriptor, &key, &value) == 0, value == use.rawValue {
                continue
            }
            value = use.rawValue
            let status = unsafe bpf_map_update_elem(map.descriptor, &key, &value, UInt64(BPF_ANY))
            guard status == 0 else { throw .map(name: map.name, code: -status) }
            changed = true
        }
        return changed
    }

    /// As many as the map holds.
    private static let destinationLimit = 4096

    private func destinationKeys(_ map: SharedMaps.Map) throws(ProbeError) -> [destination_key] {
        var keys: [destination_key] = []
        var next = destination_key()
        // SAFETY: both keys have the size that the map was made with.
        guard unsafe bpf_map_get_next_key(map.descriptor, nil, &next) == 0 else { return keys }
        repeat {
            keys.append(next)
            var last = next
            guard unsafe bpf_map_get_next_key(map.descriptor, &last, &next) == 0 else { break }
        } while keys.count < Probes.destinationLimit
        return keys
    }
}

extension destination_key {
    fileprivate static func == (one: destination_key, other: destination_key) -> Bool {
        // SAFETY: both are twenty bytes without padding.
        unsafe withUnsafeBytes(of: one) { one in
            unsafe withUnsafeBytes(of: other) { other in unsafe one.elementsEqual(other) }
        }
    }
}

/// A set of byte values.
struct ByteSet: Equatable {
    private(set) var words: InlineArray<4, UInt64> = [0, 0, 0, 0]

    func contains(_ byte: UInt8) -> Bool { words[Int(byte >> 6)] & 1 << UInt64(byte & 63) != 0 }

    /// Inserts a run of values, as far as there are any.
    mutating func insert(from first: UInt8, count: Int) {
        for value in Int(first)..<min(256, Int(first) + count) {
            words[value >> 6] |= 1 << UInt64(value & 63)
        }
    }

    var inverted: ByteSet {
        var inverted = self
        for index in words.indices { inverted.words[index] = ~words[index] }
        return inverted
    }

    static func == (one: ByteSet, other: ByteSet) -> Bool {
        one.words.indices.allSatisfy { one.words[$0] == other.words[$0] }
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
