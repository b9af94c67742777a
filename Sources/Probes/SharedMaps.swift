internal import CBPF
internal import Glibc

/// The maps that all programs share, whichever object they were loaded from.
///
/// They are made here, from their definitions in the object, so that objects
/// can be loaded side by side and later.
struct SharedMaps: ~Copyable {
    /// A map that is open. Whoever holds only this does not own it.
    struct Map: Sendable {
        let name: String
        let descriptor: Int32
        let valueSize: Int
    }

    private(set) var maps: [Map] = []

    /// - Parameter entries: sizes that differ from the definition's.
    init(_ object: borrowing BPFObject, _ names: [String], entries: [String: Int]) throws(ProbeError) {
        for name in names {
            let map = try object.definition(name)
            let made = map.make(entries: entries[name])
            guard made >= 0 else {
                SharedMaps.close(maps)
                throw .map(name: name, code: -made)
            }
            maps.append(Map(name: name, descriptor: made, valueSize: map.valueSize))
        }
    }

    deinit { SharedMaps.close(maps) }

    func map(_ name: String) throws(ProbeError) -> Map {
        guard let map = maps.first(where: { $0.name == name }) else { throw .object(lacks: name) }
        return map
    }

    private static func close(_ maps: [Map]) {
        for map in maps { _ = Glibc.close(map.descriptor) }
    }
}
