import Events

// Functions of text. Offsets count UTF-16 units, as the language does; a byte
// that is not part of UTF-8 counts as one.

extension CallPool {
    @inline(__always)
    func byte(
        _ text: TextRange, _ index: Int, _ evaluation: borrowing CallEvaluation, _ event: borrowing Event
    ) -> UInt8 {
        switch text.source {
        case .event: event.arena.bytes[index]
        case .literal: bytes[index]
        case .scratch: evaluation.scratch[index]
        }
    }

    /// How long the character at a place is, in bytes.
    private func width(
        _ text: TextRange, _ index: Int, _ evaluation: borrowing CallEvaluation, _ event: borrowing Event
    ) -> Int {
        switch text.source {
        case .event: character(event.arena.bytes.span, index, text.end).width
        case .literal: character(bytes.span, index, text.end).width
        case .scratch: character(evaluation.scratch.span, index, text.end).width
        }
    }

    func units(
        _ text: TextRange, _ evaluation: borrowing CallEvaluation, _ event: borrowing Event
    ) -> Int {
        var count = 0
        var index = text.start
        while index < text.end {
            let width = width(text, index, evaluation, event)
            count += width == 4 ? 2 : 1
            index += width
        }
        return count
    }

    /// The place of a unit, or the end if there are fewer; `isWhole` is false
    /// within a character of two units, and then the place is after it.
    private func place(
        _ unit: Int, in text: TextRange, _ evaluation: borrowing CallEvaluation, _ event: borrowing Event
    ) -> (index: Int, isWhole: Bool) {
        var count = 0
        var index = text.start
        while index < text.end, count < unit {
            let width = width(text, index, evaluation, event)
            count += width == 4 ? 2 : 1
            index += width
        }
        return (index, count <= unit)
    }

    /// Whether the bytes of a part stand at a place of a text, which is long
    /// enough.
    func isEqual(
        _ text: TextRange, _ start: Int, _ part: TextRange, folds: Bool,
        _ evaluation: borrowing CallEvaluation, _ event: borrowing Event
    ) -> Bool {
        for offset in 0..<(part.end - part.start) {
            let one = byte(text, start + offset, evaluation, event)
            let other = byte(part, part.start + offset, evaluation, event)
            guard one == other || folds && foldedCase(one) == foldedCase(other) else { return false }
        }
        return true
    }

    /// Where a part first begins from a place on; last, if searched backwards.
    ///
    /// Both texts can be an attacker's, so that comparing at each place would
    /// take too long: only where a rolling hash agrees.
    func find(
        _ part: TextRange, in text: TextRange, from start: Int, backwards: Bool = false, folds: Bool,
        _ evaluation: borrowing CallEvaluation, _ event: borrowing Event
    ) -> Int? {
        let length = part.end - part.start
        let places = text.end - start - length + 1
        guard places > 0 else { return nil }

        func hashed(_ text: TextRange, _ start: Int, _ end: Int, _ offset: Int) -> UInt64 {
            let index = backwards ? end - 1 - offset : start + offset
            let byte = byte(text, index, evaluation, event)
            return UInt64(folds ? foldedCase(byte) : byte)
        }
        let base: UInt64 = 0x9e37_79b9_7f4a_7c15
        var wanted: UInt64 = 0
        var hash: UInt64 = 0
        var power: UInt64 = 1
        for offset in 0..<length {
            wanted = wanted &* base &+ hashed(part, part.start, part.end, offset)
            hash = hash &* base &+ hashed(text, start, text.end, offset)
            power = power &* base
        }
        for place in 0..<places {
            let index = backwards ? text.end - length - place : start + place
            if hash == wanted, isEqual(text, index, part, folds: folds, evaluation, event) { return index }
            guard place + 1 < places else { return nil }
            hash =
                hash &* base &+ hashed(text, start, text.end, place + length) &- power
                &* hashed(text, start, text.end, place)
        }
        return nil
    }

    /// `indexOf`: nothing if the part is not there.
    func index(
        of part: TextRange, in text: TextRange, from start: CallValue, folds: Bool,
        _ evaluation: borrowing CallEvaluation, _ event: borrowing Event
    ) -> CallValue {
        var first = text.start
        if case .number(let number) = start {
            guard case .integer(let unit) = number else { return .none }
            first = place(Int(max(0, unit)), in: text, evaluation, event).index
        }
        guard let found = find(part, in: text, from: first, folds: folds, evaluation, event) else {
            return .none
        }
        let before = TextRange(source: text.source, start: text.start, end: found)
        return .number(.integer(Int64(units(before, evaluation, event))))
    }

    /// `substring`: negative places count from the end.
    func substring(
        _ text: TextRange, _ start: Int64, _ end: CallValue, _ evaluation: borrowing CallEvaluation,
        _ event: borrowing Event
    ) -> CallValue {
        let count = Int64(units(text, evaluation, event))
        var last = count
        switch end {
        case .none: break
        case .number(.integer(let end)): last = end < 0 ? max(0, max(end, -count) + count) : min(end, count)
        default: return .none
        }
        let first = start < 0 ? max(0, max(start, -count) + count) : start
        guard first < last else {
            return .text(TextRange(source: text.source, start: text.start, end: text.start))
        }
        let from = place(Int(first), in: text, evaluation, event)
        let to = place(Int(last), in: text, evaluation, event)
        // half of a character is no text
        guard from.isWhole, to.isWhole else { return .none }
        return .text(TextRange(source: text.source, start: from.index, end: to.index))
    }

    /// `between`: the whole text if any of the three is empty, and no text at
    /// all if a side is not there.
    func between(
        _ text: TextRange, _ left: TextRange, _ right: TextRange, isGreedy: Bool, folds: Bool,
        _ evaluation: borrowing CallEvaluation, _ event: borrowing Event
    ) -> CallValue {
        guard !text.isEmpty, !left.isEmpty, !right.isEmpty else { return .text(text) }
        let nothing = CallValue.text(TextRange(source: text.source, start: text.start, end: text.start))
        guard let found = find(left, in: text, from: text.start, folds: folds, evaluation, event) else {
            return nothing
        }
        let start = found + left.end - left.start
        guard
            let end = find(
                right, in: text, from: start, backwards: isGreedy, folds: folds, evaluation, event)
        else { return nothing }
        return .text(TextRange(source: text.source, start: start, end: end))
    }
}
