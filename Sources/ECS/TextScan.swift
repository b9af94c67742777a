internal import Events

/// One step of a walk over bytes that should be UTF-8.
struct ScalarStep {
    /// Bytes that the step covers, at least one.
    var length: Int
    /// The scalar; nil where the bytes are not UTF-8.
    var scalar: UInt32?
}

extension Span<UInt8> {
    /// The scalar at an index, or the longest run of bytes there that begins
    /// one and does not finish it (Unicode §3.9, U+FFFD substitution).
    func scalar(at index: Int) -> ScalarStep {
        let first = self[index]
        if first < 0x80 { return ScalarStep(length: 1, scalar: UInt32(first)) }
        let needed: Int
        var allowed: ClosedRange<UInt8> = 0x80...0xbf
        switch first {
        case 0xc2...0xdf: needed = 1
        case 0xe0:
            needed = 2
            allowed = 0xa0...0xbf
        case 0xed:
            needed = 2
            allowed = 0x80...0x9f
        case 0xe1...0xef: needed = 2
        case 0xf0:
            needed = 3
            allowed = 0x90...0xbf
        case 0xf4:
            needed = 3
            allowed = 0x80...0x8f
        case 0xf1...0xf3: needed = 3
        default: return ScalarStep(length: 1, scalar: nil)
        }
        var value = UInt32(first) & (needed == 1 ? 0x1f : needed == 2 ? 0x0f : 0x07)
        for offset in 1...needed {
            guard index + offset < count, allowed.contains(self[index + offset]) else {
                return ScalarStep(length: offset, scalar: nil)
            }
            value = value << 6 | UInt32(self[index + offset] & 0x3f)
            allowed = 0x80...0xbf
        }
        return ScalarStep(length: needed + 1, scalar: value)
    }

    /// Whether every byte is part of well-formed UTF-8.
    var isUTF8: Bool {
        var index = 0
        while index < count {
            if let word: UInt64 = integer(at: index), word & 0x8080_8080_8080_8080 == 0 {
                index += 8
                continue
            }
            let step = scalar(at: index)
            guard step.scalar != nil else { return false }
            index += step.length
        }
        return true
    }

    /// The first index from `start` on whose byte does not stand for itself in a
    /// JSON string; `count` if there is none.
    func endOfPlain(from start: Int) -> Int {
        var index = start
        while let word: UInt64 = integer(at: index), isPlain(word) { index += 8 }
        while index < count, isPlain(self[index]) { index += 1 }
        return index
    }
}

/// Whether each of eight bytes stands for itself. Bits that carry from one byte
/// to the next can only make it false: then the bytes are looked at one by one.
private func isPlain(_ word: UInt64) -> Bool {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let highs: UInt64 = ones << 7
    // what is below a bound borrows; what equals a byte is zero after the exclusive or
    let control = word &- ones &* 0x20
    let quote = (word ^ ones &* 0x22) &- ones
    let backslash = (word ^ ones &* 0x5c) &- ones
    let delete = (word ^ ones &* 0x7f) &- ones
    return (word | control | quote | backslash | delete) & highs == 0
}

/// Whether a byte stands for itself in a JSON string, whatever follows it.
func isPlain(_ byte: UInt8) -> Bool {
    byte >= 0x20 && byte < 0x7f && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
}

/// Whether a scalar must not reach a terminal or a line of output as it is:
/// control characters, line and paragraph separators, and what turns the
/// direction of text around.
func isControl(_ scalar: UInt32) -> Bool {
    switch scalar {
    case 0..<0x20, 0x7f...0x9f, 0x61c, 0x200e...0x200f, 0x2028...0x202e, 0x2066...0x2069, 0xfeff: true
    default: false
    }
}

/// What is left of a value when its middle is taken out.
struct Ends: Equatable {
    /// The value is kept before this offset and from that one on.
    var head: Int
    var tail: Int
}

/// Stands where something was left out: `…`.
let ellipsis: [UInt8] = [0xe2, 0x80, 0xa6]

/// Bytes that a value needs as a JSON string, without the quotes.
func escapedSize(_ text: borrowing Span<UInt8>) -> Int {
    var size = 0
    var index = 0
    while index < text.count {
        let end = text.endOfPlain(from: index)
        size += end - index
        guard end < text.count else { break }
        let step = text.scalar(at: end)
        size += escapedSize(of: step)
        index = end + step.length
    }
    return size
}

func escapedSize(of step: ScalarStep) -> Int {
    guard let scalar = step.scalar else { return 3 }
    switch scalar {
    case 0x22, 0x5c, 0x08, 0x09, 0x0a, 0x0c, 0x0d: return 2
    default: return isControl(scalar) ? 6 : step.length
    }
}

/// Where to cut a value of `size` escaped bytes so that both its ends and the
/// ellipsis take at most `budget`.
func ends(of text: borrowing Span<UInt8>, size: Int, budget: Int) -> Ends {
    let kept = max(0, budget - ellipsis.count)
    var used = 0
    var head = 0
    var index = 0
    while index < text.count {
        let isPlain = isPlain(text[index])
        let step = isPlain ? ScalarStep(length: 1, scalar: 0) : text.scalar(at: index)
        let cost = isPlain ? 1 : escapedSize(of: step)
        if used + cost <= (kept + 1) / 2 { head = index + step.length }
        // the first scalar from which on everything fits the tail's half
        if size - used <= kept / 2 { return Ends(head: min(head, index), tail: index) }
        used += cost
        index += step.length
    }
    return Ends(head: head, tail: text.count)
}
