internal import Events

/// The keys of earlier documents, each with those that came after it.
///
/// The documents of one producer have the same keys in the same order, but for
/// a few. So a key is first compared with the two that followed the key before
/// it last, 32 bytes at once, and only if it is neither is the end of its text
/// searched and its name looked up. A guess is compared whole, so that
/// what is remembered changes how long a document takes and nothing else.
struct KeyMemory: ~Copyable {
    fileprivate struct Key {
        /// The name and the quotation mark behind it, then zeros.
        var words = SIMD4<UInt64>()
        /// Which bits of `words` count.
        var mask = SIMD4<UInt64>()
        /// The node that it stands below.
        var parent = KeyMemory.nobody
        /// The node that it leads to; the root if it means nothing.
        var node: UInt16 = 0
        /// Bytes of the name.
        var count: UInt16 = 0
        /// Where the last two different keys are that came after it.
        var next = KeyMemory.beginning
        var nextBefore = KeyMemory.beginning
    }

    struct Found {
        var node: Int
        var count: Int
    }

    /// No node has this number.
    fileprivate static let nobody = UInt16.max
    /// A power of two, and what stands for the beginning of a document.
    fileprivate static let size = 256
    fileprivate static let beginning = UInt16(size)

    private var keys = [Key](repeating: Key(), count: KeyMemory.size + 1)
    /// Where the key is that was read last.
    private var last = KeyMemory.beginning

    /// A new document begins.
    mutating func beginDocument() { last = KeyMemory.beginning }

    /// The key whose text begins there, if it is one of those expected.
    @inline(__always)
    mutating func find(
        _ text: borrowing Span<UInt8>, at start: Int, below parent: Int
    ) -> Found? {
        guard let words = text.words(at: start) ?? text.lastWords(at: start) else { return nil }
        var place = Int(keys[Int(last)].next)
        if !keys[place].matches(words, below: parent) {
            place = Int(keys[Int(last)].nextBefore)
            guard keys[place].matches(words, below: parent) else { return nil }
        }
        last = UInt16(truncatingIfNeeded: place)
        return Found(node: Int(keys[place].node), count: Int(keys[place].count))
    }

    /// Keeps a key without escapes that was read and not expected. Long ones are
    /// not worth it.
    mutating func remember(
        _ text: borrowing Span<UInt8>, _ range: Range<Int>, below parent: Int, node: Int, hash: UInt64
    ) {
        guard range.count < 32,
            let words = text.words(at: range.lowerBound) ?? text.lastWords(at: range.lowerBound)
        else { return }
        let place = self.place(of: words, below: parent, hash)
        if !keys[Int(place)].matches(words, below: parent) {
            var key = Key()
            for word in 0..<4 {
                // with the quotation mark
                let bits = 8 * (range.count + 1 - 8 * word)
                key.mask[word] = bits >= 64 ? .max : bits <= 0 ? 0 : 1 << UInt64(bits) - 1
            }
            key.words = words & key.mask
            key.parent = UInt16(truncatingIfNeeded: parent)
            key.node = UInt16(truncatingIfNeeded: node)
            key.count = UInt16(truncatingIfNeeded: range.count)
            keys[Int(place)] = key
        }
        if keys[Int(last)].next != place {
            keys[Int(last)].nextBefore = keys[Int(last)].next
            keys[Int(last)].next = place
        }
        last = place
    }

    /// Where a key is, or is to be: one of four places next to each other.
    private func place(of words: SIMD4<UInt64>, below parent: Int, _ hash: UInt64) -> UInt16 {
        let first = UInt16(truncatingIfNeeded: hash) & (KeyMemory.beginning - 4)
        for place in first..<(first + 4) {
            let key = keys[Int(place)]
            if key.parent == KeyMemory.nobody || key.matches(words, below: parent) { return place }
        }
        return first + UInt16(truncatingIfNeeded: hash >> 32) & 3
    }
}

extension KeyMemory.Key {
    @inline(__always)
    fileprivate func matches(_ other: SIMD4<UInt64>, below node: Int) -> Bool {
        let difference = (words ^ other) & mask
        return difference[0] | difference[1] | difference[2] | difference[3] == 0 && Int(parent) == node
    }
}
