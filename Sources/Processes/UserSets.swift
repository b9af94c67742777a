/// The ids that say whose rights a process has.
struct UserSet: Sendable, Equatable {
    var effectiveUser: UInt32 = 0
    var realUser: UInt32 = 0
    var effectiveGroup: UInt32 = 0
    var realGroup: UInt32 = 0
}

/// Numbers for the sets of ids that processes took on after their program started:
/// daemons that gave up root, logins. A host has few, and none is ever forgotten.
struct UserSets: ~Copyable {
    /// As it was when the program started.
    static let asImage: UInt16 = 0
    /// Nobody knows: there are too many.
    static let unknown: UInt16 = .max

    private var sets: [UserSet] = [UserSet()]
    /// Numbers by hash, 0 where there is none: open addressing.
    private var slots: [UInt16]
    private let limit: Int

    init(limit: Int = 4096) {
        self.limit = limit
        var size = 16
        while size < 2 * limit { size *= 2 }
        slots = [UInt16](repeating: 0, count: size)
    }

    /// The set of a number; nil for `asImage` and `unknown`.
    subscript(number: UInt16) -> UserSet? {
        number != UserSets.asImage && Int(number) < sets.count ? sets[Int(number)] : nil
    }

    /// The number of a set, which it gets if it has none.
    mutating func number(of set: UserSet) -> UInt16 {
        let users = UInt64(set.effectiveUser) << 32 | UInt64(set.realUser)
        let groups = UInt64(set.effectiveGroup) << 32 | UInt64(set.realGroup)
        let product = (users ^ groups &* 0xa076_1d64_78bd_642f).multipliedFullWidth(
            by: 0xe703_7ed1_a0b4_28db)
        var slot = Int(truncatingIfNeeded: product.high ^ product.low) & (slots.count - 1)
        while slots[slot] != 0 {
            if sets[Int(slots[slot])] == set { return slots[slot] }
            slot = (slot + 1) & (slots.count - 1)
        }
        guard sets.count <= limit else { return UserSets.unknown }
        slots[slot] = UInt16(sets.count)
        sets.append(set)
        return slots[slot]
    }
}
