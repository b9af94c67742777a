/// Automata laid out for running: in time linear in the text, without memory.
struct RegexPool: Sendable {
    struct Entry: Sendable {
        /// Positions; the position after the last stands for the end.
        var positions: Int
        /// Words of one set of positions.
        var words: Int
        /// Where this automaton's data begin in each array.
        var ascii: Int
        var bounds: Int
        var followers: Int
    }

    /// Words of a set of positions, at most.
    static let capacity = 8

    private(set) var entries: [Entry] = []
    /// Two words a position: which ASCII characters it consumes.
    private var ascii: [UInt64] = []
    /// Where each position's ranges of other characters begin and end.
    private var bounds: [UInt32] = []
    private var ranges: [ClosedRange<UInt32>] = []
    /// The set of first positions, then a set of followers for each position.
    private var followers: [UInt64] = []

    /// Adds an automaton and returns its number.
    mutating func add(_ automaton: Automaton) -> Int {
        let positions = automaton.characters.count
        let words = (positions + 64) / 64
        precondition(words <= RegexPool.capacity)
        entries.append(
            Entry(
                positions: positions, words: words, ascii: ascii.count, bounds: bounds.count,
                followers: followers.count))
        for sets in [automaton.first] + automaton.followers {
            var bits = [UInt64](repeating: 0, count: words)
            for position in sets { bits[position / 64] |= 1 << UInt64(position % 64) }
            followers += bits
        }
        bounds.append(UInt32(ranges.count))
        for set in automaton.characters {
            var bits: [UInt64] = [0, 0]
            for code in UInt32(0)..<128 where set.contains(code) {
                bits[Int(code / 64)] |= 1 << UInt64(code % 64)
            }
            ascii += bits
            ranges += set.ranges.filter { $0.upperBound >= 128 }
            bounds.append(UInt32(ranges.count))
        }
        return entries.count - 1
    }

    /// Whether an automaton accepts the whole of `start..<end`.
    func matches(_ number: Int, _ text: borrowing Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
        let entry = entries[number]
        let followers = followers.span
        var current = InlineArray<8, UInt64>(repeating: 0)
        for word in 0..<entry.words { current[word] = followers[entry.followers + word] }
        var position = start
        while position < end {
            let (code, width) = character(text, position, end)
            var next = InlineArray<8, UInt64>(repeating: 0)
            var isAlive: UInt64 = 0
            for word in 0..<entry.words {
                var bits = current[word]
                while bits != 0 {
                    let state = word * 64 + bits.trailingZeroBitCount
                    bits &= bits &- 1
                    guard state < entry.positions, consumes(entry, state, code) else { continue }
                    let base = entry.followers + (state + 1) * entry.words
                    for index in 0..<entry.words {
                        next[index] |= followers[base + index]
                        isAlive |= followers[base + index]
                    }
                }
            }
            guard isAlive != 0 else { return false }
            current = next
            position += width
        }
        return current[entry.positions / 64] >> UInt64(entry.positions % 64) & 1 != 0
    }

    @inline(__always)
    private func consumes(_ entry: Entry, _ state: Int, _ code: UInt32) -> Bool {
        if code < 128 {
            return ascii.span[entry.ascii + 2 * state + Int(code >> 6)] >> UInt64(code & 63) & 1 != 0
        }
        let ranges = ranges.span
        var index = Int(bounds.span[entry.bounds + state])
        let last = Int(bounds.span[entry.bounds + state + 1])
        while index < last {
            if ranges[index].contains(code) { return true }
            index += 1
        }
        return false
    }
}
