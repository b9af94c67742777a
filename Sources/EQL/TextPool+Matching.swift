internal import Events

extension TextPool {
    /// Whether one pattern of a set matches `start..<end` of a text.
    func matches(_ number: Int, _ text: borrowing Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
        let entries = entries.span
        let folds = entries[number].folds
        if entries[number].matchesAll { return true }
        guard start < end else { return entries[number].matchesEmpty }

        var head = headWord(text, start, end)
        if folds { head = foldedCase(head) }
        // beyond a shorter text it is zero, and what is found then is too long
        let key = Int(truncatingIfNeeded: head &>> UInt64(entries[number].shift) & 0xff)
        let bits = entries[number].keys[key >> 6]
        let bit: UInt64 = 1 << UInt64(key & 63)
        if bits & bit != 0 {
            let rank = Int(entries[number].ranks[key >> 6]) + (bits & (bit &- 1)).nonzeroBitCount
            let bounds = buckets.span
            let bucket = Int(entries[number].buckets) + rank
            let patterns = patterns.span
            var index = Int(bounds[bucket])
            let last = Int(bounds[bucket + 1])
            while index < last {
                if head & patterns[index].mask == patterns[index].head,
                    end - start >= Int(patterns[index].minimum),
                    matches(patterns[index], text, start, end, folds: folds)
                {
                    return true
                }
                index += 1
            }
        }
        let floating = entries[number].floating
        return !floating.isEmpty && matchesFloating(floating, text, start, end, folds: folds)
    }

    private func matchesFloating(
        _ range: Range<UInt32>, _ text: borrowing Span<UInt8>, _ start: Int, _ end: Int, folds: Bool
    ) -> Bool {
        let patterns = patterns.span
        var index = Int(range.lowerBound)
        while index < Int(range.upperBound) {
            if end - start >= Int(patterns[index].minimum),
                matches(patterns[index], text, start, end, folds: folds)
            {
                return true
            }
            index += 1
        }
        return false
    }

    /// Whether a pattern matches a text that is long enough, and that has the
    /// pattern's head if it is anchored.
    @inline(__always)
    private func matches(
        _ pattern: Pattern, _ text: borrowing Span<UInt8>, _ start: Int, _ end: Int, folds: Bool
    ) -> Bool {
        let count = Int(pattern.count)
        let literal = bytes.span
        switch pattern.kind {
        case .exact:
            guard end - start == count else { return false }
            return count <= 8
                || matchesBytes(
                    text, at: start + 8, literal, at: Int(pattern.start) + 8, count: count - 8, folds: folds)
        case .prefix:
            return count <= 8
                || matchesBytes(
                    text, at: start + 8, literal, at: Int(pattern.start) + 8, count: count - 8, folds: folds)
        case .suffix:
            return matchesBytes(
                text, at: end - count, literal, at: Int(pattern.start), count: count, folds: folds)
        case .contains:
            return findBytes(
                text, start, end, literal, at: Int(pattern.start), count: count, rare: Int(pattern.rare),
                folds: folds) >= 0
        case .pieces: return matchesPieces(pattern, text, start, end, folds: folds)
        case .symbols: return matchesSymbols(pattern, text, start, end, folds: folds)
        }
    }

    /// The first piece begins the text, the last ends it, and the others
    /// follow one another, each as early as it can.
    private func matchesPieces(
        _ pattern: Pattern, _ text: borrowing Span<UInt8>, _ start: Int, _ end: Int, folds: Bool
    ) -> Bool {
        let pieces = pieces.span
        let literal = bytes.span
        var index = Int(pattern.start)
        let last = index + Int(pattern.count) - 1
        var position = start + Int(pieces[index].count)
        let limit = end - Int(pieces[last].count)
        guard position <= limit,
            matchesBytes(
                text, at: start, literal, at: Int(pieces[index].start), count: Int(pieces[index].count),
                folds: folds),
            matchesBytes(
                text, at: limit, literal, at: Int(pieces[last].start), count: Int(pieces[last].count),
                folds: folds)
        else { return false }
        index += 1
        while index < last {
            let count = Int(pieces[index].count)
            let found = findBytes(
                text, position, limit, literal, at: Int(pieces[index].start), count: count,
                rare: Int(pieces[index].rare), folds: folds)
            guard found >= 0 else { return false }
            position = found + count
            index += 1
        }
        return true
    }

    /// Goes back to the last star at most, so that the time is bounded by the
    /// product of the lengths.
    private func matchesSymbols(
        _ pattern: Pattern, _ text: borrowing Span<UInt8>, _ start: Int, _ end: Int, folds: Bool
    ) -> Bool {
        let bytes = bytes.span
        let first = Int(pattern.start)
        let count = Int(pattern.count)
        var position = start
        var symbol = 0
        var starSymbol = -1
        var starPosition = start
        while true {
            if symbol < count {
                let kind = bytes[first + count + symbol]
                if kind == Symbol.anyRun.rawValue {
                    starSymbol = symbol
                    starPosition = position
                    symbol += 1
                    continue
                }
                if position < end {
                    if kind == Symbol.anyCharacter.rawValue {
                        position += character(text, position, end).width
                        symbol += 1
                        continue
                    }
                    let byte = folds ? foldedCase(text[position]) : text[position]
                    if byte == bytes[first + symbol] {
                        position += 1
                        symbol += 1
                        continue
                    }
                }
            } else if position == end {
                return true
            }
            // the last star takes one character more
            guard starSymbol >= 0, starPosition < end else { return false }
            starPosition += character(text, starPosition, end).width
            position = starPosition
            symbol = starSymbol + 1
        }
    }
}
