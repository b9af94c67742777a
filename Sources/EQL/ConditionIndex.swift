public import Events
internal import Synchronization

/// Finds, among many conditions, those that an event may satisfy, at a cost
/// that hardly grows with their number.
///
/// Each field that needs name is a plane of bits, one for each condition; so
/// are the needs of several fields together. A bit is set from the start where
/// the condition needs nothing of the plane's field, and by what the event
/// shows otherwise. A condition is tried if its bit is set in all planes. What
/// cannot be looked up (a value that is unknown or cut, or not what the needs
/// speak of) sets all bits of its field.
public struct ConditionIndex: ~Copyable, Sendable {
    /// Bits to set in one word of the planes.
    struct Posting: Sendable {
        var word: UInt32
        var bits: UInt64
    }

    /// What is looked for in the values of one field.
    struct Probe: Sendable {
        var field: Field
        /// Bit n: starts or ends of `ClueHash.startLengths[n]` bytes.
        var starts: UInt8 = 0
        var ends: UInt8 = 0
        var hasWholes = false
        var hasInsides = false
        var hasAddresses = false
        /// What a text sets that is not looked up, and an address: bits of
        /// needs of the other kind, and of all.
        var allOfText: Range<Int32> = 0..<0
        var allOfAddresses: Range<Int32> = 0..<0
    }

    /// Bytes of a piece of text that is looked for anywhere in a value.
    static let gramLength = 4

    /// Number of conditions, and of words of one plane.
    let count: Int
    let width: Int
    private let planes: Int
    private var base: [UInt64] = []
    private(set) var probes: [Probe] = []
    private(set) var postings: [Posting] = []
    /// Open addressing: the key of what a value shows, and its postings.
    private var keys: [UInt64] = []
    private var ranges: [Range<Int32>] = []
    private var shift: UInt64 = 0
    /// Which four bytes can be a key, by a hash of 12 bits.
    private var filter = [UInt64](repeating: 0, count: 64)

    // keeps the compiler from copying the index to hand it to its functions
    private let anchor = Atomic<UInt8>(0)

    /// - Parameter needs: of each condition.
    public init(_ needs: [[Need]]) {
        count = needs.count
        width = (needs.count + 63) / 64
        var fields = Set(needs.joined().compactMap(\.field)).sorted { $0.rawValue < $1.rawValue }
            .map(Optional.some)
        fields.append(nil)
        planes = fields.count
        base = [UInt64](repeating: .max, count: planes * width)
        if needs.count % 64 != 0 {
            for plane in 1...planes { base[plane * width - 1] = 1 << UInt64(needs.count % 64) - 1 }
        }
        var clues: [(clue: Need.Clue, word: UInt32, bits: UInt64)] = []
        for (condition, needs) in needs.enumerated() {
            for need in needs {
                guard let plane = fields.firstIndex(of: need.field) else { continue }
                let word = plane * width + condition / 64
                let bits: UInt64 = 1 << UInt64(condition % 64)
                base[word] &= ~bits
                clues += need.clues.map { ($0, UInt32(word), bits) }
            }
        }
        buildProbes(clues)
        buildTable(clues)
    }

    // MARK: Building

    private mutating func buildProbes(_ clues: [(clue: Need.Clue, word: UInt32, bits: UInt64)]) {
        for (field, clues) in Dictionary(grouping: clues, by: \.clue.field)
            .sorted(by: { $0.key.rawValue < $1.key.rawValue })
        {
            var probe = Probe(field: field)
            for clue in clues {
                let length = clue.clue.bytes.count
                switch clue.clue.place {
                case .whole: probe.hasWholes = true
                case .address: probe.hasAddresses = true
                case .inside:
                    probe.hasInsides = true
                case .start:
                    let rounded = ClueHash.rounded(length, to: ClueHash.startLengths)
                    probe.starts |= 1 << UInt8(ClueHash.startLengths.firstIndex(of: rounded) ?? 0)
                case .end:
                    let rounded = ClueHash.rounded(length, to: ClueHash.endLengths)
                    probe.ends |= 1 << UInt8(ClueHash.endLengths.firstIndex(of: rounded) ?? 0)
                }
            }
            probe.allOfText = append(clues.filter { $0.clue.place != .address }.map { ($0.word, $0.bits) })
            probe.allOfAddresses = append(
                clues.filter { $0.clue.place == .address }.map { ($0.word, $0.bits) })
            probes.append(probe)
        }
    }

    private mutating func buildTable(_ clues: [(clue: Need.Clue, word: UInt32, bits: UInt64)]) {
        let byKey = Dictionary(grouping: clues) { ClueHash.key($0.clue) }
        var size: UInt64 = 16
        while size < 2 * UInt64(byKey.count) { size *= 2 }
        shift = 64 - UInt64(size.trailingZeroBitCount)
        keys = [UInt64](repeating: 0, count: Int(size))
        ranges = [Range<Int32>](repeating: 0..<0, count: Int(size))
        for (key, clues) in byKey {
            var place = Int(key >> shift)
            while keys[place] != 0 { place = (place + 1) & (keys.count - 1) }
            keys[place] = key
            ranges[place] = append(clues.map { ($0.word, $0.bits) })
        }
        for (clue, _, _) in clues where clue.place == .inside {
            let bit = ClueHash.filterBit(ClueHash.rarestGram(clue.bytes))
            filter[bit >> 6] |= 1 << UInt64(bit & 63)
        }
    }

    /// Appends bits, those of one word together.
    private mutating func append(_ bits: [(word: UInt32, bits: UInt64)]) -> Range<Int32> {
        let start = Int32(postings.count)
        let words = Dictionary(bits.map { ($0.word, $0.bits) }, uniquingKeysWith: |)
        postings += words.sorted { $0.key < $1.key }.map { Posting(word: $0.key, bits: $0.value) }
        return start..<Int32(postings.count)
    }

    // MARK: Asking

    /// Sets the bits of the conditions that the event may satisfy, and no others,
    /// in the first `wordCount` words of memory of at least `scratchCount`.
    public func select(_ event: borrowing Event, into candidates: inout [UInt64]) {
        let base = base.span
        var bits = candidates.mutableSpan
        for index in base.indices { bits[index] = base[index] }
        let probes = self.probes.span
        for index in probes.indices { look(probes[index], event, &bits) }
        for word in 0..<width {
            var all = bits[word]
            var index = word + width
            while index < base.count {
                all &= bits[index]
                index += width
            }
            bits[word] = all
        }
    }

    /// Words of the answer.
    public var wordCount: Int { width }

    /// Words of memory that `select` works in.
    public var scratchCount: Int { base.count }

    @inline(__always)
    private func look(_ probe: Probe, _ event: borrowing Event, _ bits: inout MutableSpan<UInt64>) {
        guard let slot = event.slot(probe.field) else { return }
        guard slot.traits.isDisjoint(with: [.unknown, .cut]) else {
            set(probe.allOfText, &bits)
            return set(probe.allOfAddresses, &bits)
        }
        switch slot.kind {
        case .text:
            set(probe.allOfAddresses, &bits)
            if slot.count == 1 {
                let start = Int(slot.payload)
                look(probe, event.arena.bytes.span, start, start + Int(slot.length), &bits)
            } else {
                lookAtMany(probe, event.arena.bytes.span, slot, &bits)
            }
        case .address:
            set(probe.allOfText, &bits)
            lookAtAddresses(probe, event.arena.bytes.span, slot, &bits)
        case .integer, .identity:
            set(probe.allOfText, &bits)
            set(probe.allOfAddresses, &bits)
        }
    }

    private func lookAtMany(
        _ probe: Probe, _ text: borrowing Span<UInt8>, _ slot: Slot, _ bits: inout MutableSpan<UInt64>
    ) {
        var start = Int(slot.payload)
        let last = start + Int(slot.length)
        var index = 0
        while index < Int(slot.count) {
            let end = index == Int(slot.count) - 1 ? last : text.firstNUL(from: start, to: last)
            look(probe, text, start, end, &bits)
            start = min(end + 1, last)
            index += 1
        }
    }

    private func lookAtAddresses(
        _ probe: Probe, _ bytes: borrowing Span<UInt8>, _ slot: Slot, _ bits: inout MutableSpan<UInt64>
    ) {
        guard probe.hasAddresses else { return }
        for index in 0..<Int(slot.count) {
            let start = Int(slot.payload) + 16 * index
            let hash = ClueHash.mix(
                ClueHash.mix(ClueHash.seed, headWord(bytes, start, start + 8)),
                headWord(bytes, start + 8, start + 16))
            set(ClueHash.key(hash, probe.field, .address, length: 16), &bits)
        }
    }

    /// Looks at one text.
    @inline(__always)
    private func look(
        _ probe: Probe, _ text: borrowing Span<UInt8>, _ start: Int, _ end: Int,
        _ bits: inout MutableSpan<UInt64>
    ) {
        let length = end - start
        if probe.starts & 0b111 != 0 {
            let head = foldedCase(headWord(text, start, end))
            var number = 0
            while number < 3 {
                let count = 1 << number
                if probe.starts & (1 << UInt8(number)) != 0, length >= count {
                    let hash = ClueHash.mix(ClueHash.seed, head & headMask(count))
                    set(ClueHash.key(hash, probe.field, .start, length: count), &bits)
                }
                number += 1
            }
        }
        if probe.hasWholes || probe.starts >> 3 != 0 {
            var hash = ClueHash.seed
            var position = start
            var starts = probe.starts >> 3
            while position + 8 <= end {
                hash = ClueHash.mix(hash, foldedCase(headWord(text, position, position + 8)))
                position += 8
                if starts & 1 != 0 {
                    set(ClueHash.key(hash, probe.field, .start, length: position - start), &bits)
                }
                starts >>= 1
                if !probe.hasWholes, starts == 0 { break }
            }
            if probe.hasWholes {
                if position < end { hash = ClueHash.mix(hash, foldedCase(headWord(text, position, end))) }
                set(ClueHash.key(hash, probe.field, .whole, length: length), &bits)
            }
        }
        if probe.ends != 0 { lookAtEnd(probe, text, start, end, &bits) }
        if probe.hasInsides { lookInside(probe, text, start, end, &bits) }
    }

    private func lookAtEnd(
        _ probe: Probe, _ text: borrowing Span<UInt8>, _ start: Int, _ end: Int,
        _ bits: inout MutableSpan<UInt64>
    ) {
        var number = 0
        while number < 4 {
            let count = 1 << number
            if probe.ends & (1 << UInt8(number)) != 0, end - start >= count {
                let hash = ClueHash.mix(ClueHash.seed, foldedCase(headWord(text, end - count, end)))
                set(ClueHash.key(hash, probe.field, .end, length: count), &bits)
            }
            number += 1
        }
    }

    private func lookInside(
        _ probe: Probe, _ text: borrowing Span<UInt8>, _ start: Int, _ end: Int,
        _ bits: inout MutableSpan<UInt64>
    ) {
        let filter = self.filter.span
        var position = start
        while position + 4 <= end {
            // five runs of four bytes begin in the first five of eight
            var word = foldedCase(headWord(text, position, end))
            var rest = Swift.min(5, end - position - 3)
            while rest > 0 {
                let gram = UInt32(truncatingIfNeeded: word)
                let bit = ClueHash.filterBit(gram)
                if filter[bit >> 6] >> UInt64(bit & 63) & 1 != 0 {
                    set(ClueHash.key(UInt64(gram), probe.field, .inside, length: 4), &bits)
                }
                word >>= 8
                rest -= 1
            }
            position += 5
        }
    }

    /// Sets the bits of all conditions that wait for a key.
    @inline(__always)
    private func set(_ key: UInt64, _ bits: inout MutableSpan<UInt64>) {
        let keys = self.keys.span
        var place = Int(key >> shift)
        while keys[place] != 0 {
            if keys[place] == key { return set(ranges.span[place], &bits) }
            place = (place + 1) & (keys.count - 1)
        }
    }

    @inline(__always)
    private func set(_ range: Range<Int32>, _ bits: inout MutableSpan<UInt64>) {
        let postings = self.postings.span
        var index = Int(range.lowerBound)
        while index < Int(range.upperBound) {
            bits[Int(postings[index].word)] |= postings[index].bits
            index += 1
        }
    }
}
