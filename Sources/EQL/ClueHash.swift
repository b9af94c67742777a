import Events

/// Hashes of clues and of what values show. Equal texts have equal hashes;
/// that different ones sometimes do too only costs a visit.
enum ClueHash {
    /// How many bytes of a value's start are looked at: as many as a clue has,
    /// rounded down to one of these.
    static let startLengths = [1, 2, 4, 8, 16, 24, 32]
    static let endLengths = [1, 2, 4, 8]

    static let seed: UInt64 = 0x2545_f491_4f6c_dd1d

    @inline(__always)
    static func mix(_ hash: UInt64, _ word: UInt64) -> UInt64 {
        let product = (hash ^ word) &* 0x9e37_79b9_7f4a_7c15
        return product ^ product >> 29
    }

    /// The key of what a value of a field shows at a place. Never 0.
    @inline(__always)
    static func key(_ hash: UInt64, _ field: Field, _ place: Need.Clue.Place, length: Int) -> UInt64 {
        let tag = UInt64(field.rawValue) << 16 | UInt64(place.rawValue) << 8 | UInt64(length & 255)
        return mix(hash, tag &* 0xa076_1d64_78bd_642f) | 1
    }

    /// The length that is looked at of a start or end of that many bytes.
    static func rounded(_ length: Int, to lengths: [Int]) -> Int {
        lengths.last { $0 <= length } ?? 0
    }

    /// Hash of whole words of eight bytes, then of the rest as one word.
    static func text(_ bytes: [UInt8]) -> UInt64 {
        var hash = seed
        var start = 0
        while start + 8 <= bytes.count {
            hash = mix(hash, headWord(bytes.span, start, start + 8))
            start += 8
        }
        return start < bytes.count ? mix(hash, headWord(bytes.span, start, bytes.count)) : hash
    }

    /// The key that stands for a clue.
    static func key(_ clue: Need.Clue) -> UInt64 {
        let bytes = clue.bytes
        switch clue.place {
        case .whole, .address:
            return key(text(bytes), clue.field, clue.place, length: bytes.count)
        case .start:
            let length = rounded(bytes.count, to: startLengths)
            return key(text(Array(bytes.prefix(length))), clue.field, .start, length: length)
        case .end:
            let length = rounded(bytes.count, to: endLengths)
            return key(text(Array(bytes.suffix(length))), clue.field, .end, length: length)
        case .inside:
            return key(UInt64(rarestGram(bytes)), clue.field, .inside, length: ConditionIndex.gramLength)
        }
    }

    /// The four bytes that texts hold least often.
    static func rarestGram(_ bytes: [UInt8]) -> UInt32 {
        var best: (cost: Int, gram: UInt32) = (.max, 0)
        for start in 0...(bytes.count - ConditionIndex.gramLength) {
            var cost = 0
            for byte in bytes[start..<(start + ConditionIndex.gramLength)] { cost += commonness(byte) }
            let word = headWord(bytes.span, start, start + ConditionIndex.gramLength)
            if cost < best.cost { best = (cost, UInt32(truncatingIfNeeded: word)) }
        }
        return best.gram
    }

    /// The bit of the filter that four bytes set.
    @inline(__always)
    static func filterBit(_ gram: UInt32) -> Int {
        Int((gram &* 0x9e37_79b1) >> 20)
    }
}
