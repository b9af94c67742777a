import Events

// Comparing and searching eight bytes at a time. `folds` means that the text
// is compared in lower case; what it is compared with is in lower case already.

/// A word with its ASCII letters in lower case.
@inline(__always)
func foldedCase(_ word: UInt64) -> UInt64 {
    let low = word & repeated(0x7f)
    let isAfterZ = low &+ repeated(0x7f - UInt8(ascii: "Z"))
    let isFromA = low &+ repeated(0x80 - UInt8(ascii: "A"))
    return word | ((~word & repeated(0x80) & (isFromA ^ isAfterZ)) >> 2)
}

/// Whether `count` bytes of a text are those of a literal.
@inline(__always)
func matchesBytes(
    _ text: borrowing Span<UInt8>, at textStart: Int, _ literal: borrowing Span<UInt8>,
    at literalStart: Int, count: Int, folds: Bool
) -> Bool {
    var offset = 0
    while offset + 8 <= count {
        guard let word = text.integer(UInt64.self, at: textStart + offset),
            let wanted = literal.integer(UInt64.self, at: literalStart + offset)
        else { return false }
        guard (folds ? foldedCase(word) : word) == wanted else { return false }
        offset += 8
    }
    while offset < count {
        let byte = text[textStart + offset]
        guard (folds ? foldedCase(byte) : byte) == literal[literalStart + offset] else { return false }
        offset += 1
    }
    return true
}

/// Where a literal begins in `start..<end` of a text, or -1.
///
/// - Parameter rare: offset of the byte of the literal to look for first.
func findBytes(
    _ text: borrowing Span<UInt8>, _ start: Int, _ end: Int, _ literal: borrowing Span<UInt8>,
    at literalStart: Int, count: Int, rare: Int, folds: Bool
) -> Int {
    let last = end - count + rare
    var position = start + rare
    guard position <= last else { return -1 }
    let byte = literal[literalStart + rare]
    let wanted = repeated(byte)
    let foldsByte = folds && byte &- UInt8(ascii: "a") < 26
    while position <= last {
        if let word = text.integer(UInt64.self, at: position) {
            let difference =
                (foldsByte ? foldedCase(UInt64(littleEndian: word)) : UInt64(littleEndian: word)) ^ wanted
            let zeros = (difference &- repeated(1)) & ~difference & repeated(0x80)
            guard zeros != 0 else {
                position += 8
                continue
            }
            position += zeros.trailingZeroBitCount >> 3
            guard position <= last else { return -1 }
        } else if (foldsByte ? foldedCase(text[position]) : text[position]) != byte {
            position += 1
            continue
        }
        if matchesBytes(
            text, at: position - rare, literal, at: literalStart, count: count, folds: folds)
        {
            return position - rare
        }
        position += 1
    }
    return -1
}

/// The offset of the byte of a literal that texts hold least often.
func rarestOffset(_ literal: some Collection<UInt8>) -> Int {
    var best = (rank: Int.max, offset: 0)
    for (offset, byte) in literal.enumerated() {
        let rank = commonness(byte)
        if rank < best.rank { best = (rank, offset) }
    }
    return best.offset
}

/// How often texts hold a byte, on a rough scale.
func commonness(_ byte: UInt8) -> Int {
    switch byte {
    case UInt8(ascii: " "), UInt8(ascii: "/"): 9
    case _ where "etaoinsrlc".utf8.contains(byte): 8
    case UInt8(ascii: "."), UInt8(ascii: "-"): 6
    case _ where "jqxzvwk".utf8.contains(byte): 3
    case UInt8(ascii: "a")...UInt8(ascii: "z"): 5
    case UInt8(ascii: "0")...UInt8(ascii: "9"): 2
    default: 1
    }
}

/// One character of a text: its code and its length in bytes. A byte that is
/// not part of UTF-8 is a character of its own.
@inline(__always)
func character(_ text: borrowing Span<UInt8>, _ start: Int, _ end: Int) -> (code: UInt32, width: Int) {
    let first = text[start]
    if first < 0x80 { return (UInt32(first), 1) }
    return longCharacter(text, start, end)
}

private func longCharacter(
    _ text: borrowing Span<UInt8>, _ start: Int, _ end: Int
) -> (code: UInt32, width: Int) {
    let first = text[start]
    let invalid = (RegexSyntax.firstInvalidByte + UInt32(first), 1)
    let width: Int
    switch first {
    case 0xc2...0xdf: width = 2
    case 0xe0...0xef: width = 3
    case 0xf0...0xf4: width = 4
    default: return invalid
    }
    guard start + width <= end else { return invalid }
    var code = UInt32(first) & (0xff >> UInt32(width + 1))
    for offset in 1..<width {
        let byte = text[start + offset]
        guard byte & 0xc0 == 0x80 else { return invalid }
        code = code << 6 | UInt32(byte & 0x3f)
    }
    // overlong forms, surrogates, beyond Unicode
    switch width {
    case 3 where code < 0x800 || (0xd800...0xdfff).contains(code): return invalid
    case 4 where code < 0x1_0000 || code > 0x10_ffff: return invalid
    default: return (code, width)
    }
}

/// How one run of bytes stands to another: -1, 0 or 1.
func compareBytes(
    _ one: borrowing Span<UInt8>, _ start: Int, _ end: Int, _ other: borrowing Span<UInt8>,
    _ otherStart: Int, _ otherEnd: Int
) -> Int {
    var position = start
    var wanted = otherStart
    while position < end, wanted < otherEnd {
        if one[position] != other[wanted] { return one[position] < other[wanted] ? -1 : 1 }
        position += 1
        wanted += 1
    }
    return position < end ? 1 : wanted < otherEnd ? -1 : 0
}
