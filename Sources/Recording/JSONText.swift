internal import Events

/// Turns what stands in JSON strings into bytes.
enum JSONText {
    /// Replaces the target by a string's text. Its escapes have been checked.
    static func unescape(
        _ line: borrowing Span<UInt8>, _ range: Range<Int>, into target: inout ByteArena
    ) throws(DocumentError) {
        target.truncate(to: 0)
        // no escape is shorter than what it stands for
        guard range.count <= target.limit else { throw .tooLong(limit: target.limit) }
        var index = range.lowerBound
        while index < range.upperBound {
            let start = index
            while index < range.upperBound, line[index] != UInt8(ascii: "\\") { index += 1 }
            _ = target.append(line.extracting(start..<index))
            guard index < range.upperBound else { return }
            guard index + 1 < range.upperBound else { throw .malformed(at: index) }
            let escape = line[index + 1]
            index += 2
            switch escape {
            case UInt8(ascii: "b"): _ = target.append(0x08)
            case UInt8(ascii: "f"): _ = target.append(0x0c)
            case UInt8(ascii: "n"): _ = target.append(0x0a)
            case UInt8(ascii: "r"): _ = target.append(0x0d)
            case UInt8(ascii: "t"): _ = target.append(0x09)
            case UInt8(ascii: "u"):
                guard var code = JSONScanner.hex(line, at: index, end: range.upperBound) else {
                    throw .malformed(at: index)
                }
                index += 4
                if (0xd800..<0xdc00).contains(code), index + 1 < range.upperBound,
                    line[index] == UInt8(ascii: "\\"), line[index + 1] == UInt8(ascii: "u"),
                    let low = JSONScanner.hex(line, at: index + 2, end: range.upperBound),
                    (0xdc00..<0xe000).contains(low)
                {
                    code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
                    index += 6
                }
                // a surrogate alone stands for no character
                append(Unicode.Scalar(code) ?? "\u{fffd}", to: &target)
            default: _ = target.append(escape)
            }
        }
    }

    private static func append(_ scalar: Unicode.Scalar, to target: inout ByteArena) {
        for byte in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter { _ = target.append(byte) }
    }

    /// Replaces the text by the bytes that it encodes; false if it is no base64.
    static func decodeBase64(_ text: inout ByteArena) -> Bool {
        var length = text.count
        guard length % 4 == 0 else { return false }
        while length > 0, text.bytes[length - 1] == UInt8(ascii: "="), text.count - length < 2 {
            length -= 1
        }
        let start = text.count
        var bits: UInt32 = 0
        var count = 0
        for index in 0..<length {
            let byte = text.bytes[index]
            let digit: UInt8
            switch byte {
            case 65...90: digit = byte - 65
            case 97...122: digit = byte - 71
            case 48...57: digit = byte + 4
            case UInt8(ascii: "+"): digit = 62
            case UInt8(ascii: "/"): digit = 63
            default: return false
            }
            bits = bits << 6 | UInt32(digit)
            count += 6
            if count >= 8 {
                count -= 8
                guard text.append(UInt8(truncatingIfNeeded: bits >> UInt32(count))) != nil else {
                    return false
                }
            }
        }
        let decoded = Array(text.bytes[start..<text.count])
        text.truncate(to: 0)
        return text.append(decoded.span) != nil
    }
}
