internal import Events

/// Sets of patterns, laid out for matching a text against a whole set.
struct TextPool: Sendable {
    /// One set: matches if one of its patterns does.
    struct Entry: Sendable {
        /// Bits to shift the first eight bytes of a text by, so that the byte is lowest
        /// by which anchored patterns are told apart.
        var shift: UInt8 = 0
        /// Bytes that an anchored pattern has there, as 256 bits.
        var keys: InlineArray<4, UInt64> = [0, 0, 0, 0]
        /// How many of these lie in the words before.
        var ranks: InlineArray<4, UInt8> = [0, 0, 0, 0]
        /// Where the bounds of the buckets begin: bucket n holds the anchored
        /// patterns that have the n-th of these bytes.
        var buckets: UInt32 = 0
        /// Patterns that begin with a wildcard.
        var floating: Range<UInt32> = 0..<0
        var folds = false
        var matchesEmpty = false
        var matchesAll = false
    }

    struct Pattern: Sendable {
        enum Kind: UInt8, Sendable {
            case exact, prefix, suffix, contains
            /// Pieces of text with stars between.
            case pieces
            /// Anything with `?`.
            case symbols
        }

        var kind: Kind
        /// Offset of the rarest byte, for `contains`.
        var rare: UInt16 = 0
        /// No shorter text matches.
        var minimum: UInt32
        /// The first bytes of an anchored pattern, and which of them count.
        var head: UInt64 = 0
        var mask: UInt64 = 0
        /// The text in `bytes`; of `pieces`, the range of pieces; of
        /// `symbols`, the pattern's bytes, followed by as many symbols.
        var start: UInt32
        var count: UInt32
    }

    struct Piece: Sendable {
        var start: UInt32
        var count: UInt32
        var rare: UInt32
    }

    /// What a byte of a `symbols` pattern stands for.
    enum Symbol: UInt8 {
        case byte, anyCharacter, anyRun
    }

    private(set) var entries: [Entry] = []
    private(set) var patterns: [Pattern] = []
    private(set) var pieces: [Piece] = []
    private(set) var bytes: [UInt8] = []
    private(set) var buckets: [UInt32] = []

    // MARK: Building

    /// Adds a set and returns its number. All patterns fold, or none does.
    mutating func add(_ set: [WildcardPattern]) -> Int {
        var entry = Entry()
        entry.folds = set.first?.folds ?? false
        var anchored: [WildcardPattern] = []
        var floating: [WildcardPattern] = []
        var seen: Set<WildcardPattern> = []
        for pattern in set where seen.insert(pattern).inserted {
            if pattern.segments.allSatisfy(\.bytes.isEmpty) {
                entry.matchesEmpty = true
                if pattern.segments.count > 1 { entry.matchesAll = true }
            } else if pattern.head.isEmpty {
                floating.append(pattern)
            } else {
                anchored.append(pattern)
            }
        }
        let place = TextPool.tellingByte(of: anchored.map(\.head))
        entry.shift = UInt8(8 * place)
        anchored.sort { $0.head[place] < $1.head[place] }
        entry.buckets = UInt32(buckets.count)
        var last: UInt8?
        for pattern in anchored {
            let key = pattern.head[place]
            if key != last {
                buckets.append(UInt32(patterns.count))
                entry.keys[Int(key >> 6)] |= 1 << UInt64(key & 63)
                last = key
            }
            append(pattern)
        }
        buckets.append(UInt32(patterns.count))
        for word in 1..<4 {
            entry.ranks[word] = entry.ranks[word - 1] + UInt8(entry.keys[word - 1].nonzeroBitCount)
        }
        let start = UInt32(patterns.count)
        for pattern in floating { append(pattern) }
        entry.floating = start..<UInt32(patterns.count)
        entries.append(entry)
        return entries.count - 1
    }

    /// Which of the first eight bytes, all of which the heads have, leaves the fewest
    /// that share it.
    private static func tellingByte(of heads: [ArraySlice<UInt8>]) -> Int {
        guard heads.count > 1, let shortest = heads.lazy.map(\.count).min() else { return 0 }
        var best = (place: 0, pairs: Int.max)
        for place in 0..<min(8, shortest) {
            var counts = InlineArray<256, Int>(repeating: 0)
            // each head makes a pair with all before it that have its byte
            var pairs = 0
            for head in heads {
                pairs += counts[Int(head[place])]
                counts[Int(head[place])] += 1
            }
            if pairs < best.pairs { best = (place, pairs) }
        }
        return best.place
    }

    private mutating func append(_ pattern: WildcardPattern) {
        let segments = pattern.segments
        let text = segments[0].bytes
        let literal = pattern.head
        let head = literal.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let mask = headMask(literal.count)

        if segments.contains(where: { $0.wild != nil }) {
            let (start, count, minimum) = appendSymbols(segments)
            patterns.append(
                Pattern(
                    kind: .symbols, minimum: minimum, head: head, mask: mask, start: start, count: count))
            return
        }
        let length = UInt32(segments.reduce(0) { $0 + $1.bytes.count })
        let start = UInt32(bytes.count)
        func simple(_ kind: Pattern.Kind, _ text: [UInt8], head: UInt64 = 0, mask: UInt64 = 0) {
            bytes += text
            patterns.append(
                Pattern(
                    kind: kind, rare: UInt16(clamping: rarestOffset(text.prefix(4096))), minimum: length,
                    head: head, mask: mask, start: start, count: UInt32(text.count)))
        }
        switch (segments.count, segments[0].bytes.isEmpty, segments[segments.count - 1].bytes.isEmpty) {
        case (1, _, _): simple(.exact, text, head: head, mask: mask)
        case (2, false, true): simple(.prefix, text, head: head, mask: mask)
        case (2, true, false): simple(.suffix, segments[1].bytes)
        case (3, true, true): simple(.contains, segments[1].bytes)
        default:
            let first = UInt32(pieces.count)
            for segment in segments {
                pieces.append(
                    Piece(
                        start: UInt32(bytes.count), count: UInt32(segment.bytes.count),
                        rare: UInt32(rarestOffset(segment.bytes))))
                bytes += segment.bytes
            }
            patterns.append(
                Pattern(
                    kind: .pieces, minimum: length, head: head, mask: mask, start: first,
                    count: UInt32(segments.count)))
        }
    }

    private mutating func appendSymbols(
        _ segments: [WildcardPattern.Segment]
    ) -> (start: UInt32, count: UInt32, minimum: UInt32) {
        var text: [UInt8] = []
        var symbols: [Symbol] = []
        for (index, segment) in segments.enumerated() {
            if index > 0 {
                text.append(0)
                symbols.append(.anyRun)
            }
            for (offset, byte) in segment.bytes.enumerated() {
                text.append(byte)
                symbols.append(segment.wild?[offset] == true ? .anyCharacter : .byte)
            }
        }
        let start = UInt32(bytes.count)
        bytes += text + symbols.map(\.rawValue)
        return (start, UInt32(text.count), UInt32(symbols.count { $0 != .anyRun }))
    }
}

extension WildcardPattern {
    /// The bytes before the first wildcard.
    var head: ArraySlice<UInt8> {
        let first = segments[0]
        return first.bytes.prefix(first.wild?.firstIndex(of: true) ?? first.bytes.count)
    }
}
