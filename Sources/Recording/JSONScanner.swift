internal import Events

/// Walks over one JSON text. Holds only a position: the bytes are passed in.
struct JSONScanner {
    var index = 0

    static let depthLimit = 64

    @inline(__always)
    mutating func skipSpace(_ text: borrowing Span<UInt8>) {
        // most documents have none
        if index < text.count, text[index] > 0x20 { return }
        skipAnySpace(text)
    }

    private mutating func skipAnySpace(_ text: borrowing Span<UInt8>) {
        while index < text.count {
            switch text[index] {
            case 0x20, 0x09, 0x0a, 0x0d: index += 1
            default: return
            }
        }
    }

    /// The next byte that is not space, which stays.
    @inline(__always)
    mutating func peek(_ text: borrowing Span<UInt8>) throws(DocumentError) -> UInt8 {
        skipSpace(text)
        guard index < text.count else { throw .malformed(at: index) }
        return text[index]
    }

    @inline(__always)
    mutating func expect(_ text: borrowing Span<UInt8>, _ byte: UInt8) throws(DocumentError) {
        guard try peek(text) == byte else { throw .malformed(at: index) }
        index += 1
    }

    /// Takes a separator or the closing byte: true if another element follows.
    @inline(__always)
    mutating func takeComma(_ text: borrowing Span<UInt8>, or close: UInt8) throws(DocumentError) -> Bool {
        let byte = try peek(text)
        guard byte == UInt8(ascii: ",") || byte == close else { throw .malformed(at: index) }
        index += 1
        return byte != close
    }

    /// Passes over a string at a quotation mark; the range is what is between
    /// the marks, escapes included, which are checked.
    @inline(__always)
    mutating func string(_ text: borrowing Span<UInt8>) throws(DocumentError) -> (
        Range<Int>, hasEscapes: Bool
    ) {
        guard index < text.count, text[index] == UInt8(ascii: "\"") else { throw .malformed(at: index) }
        let start = index + 1
        index = JSONScanner.endOfPlainText(text, from: start)
        if index < text.count, text[index] == UInt8(ascii: "\"") {
            index += 1
            return (start..<(index - 1), false)
        }
        try takeEscapedText(text)
        return (start..<(index - 1), true)
    }

    /// The first quotation mark, backslash or control character, or the end.
    @inline(__always)
    static func endOfPlainText(_ text: borrowing Span<UInt8>, from start: Int) -> Int {
        var index = start
        // most strings end within two words: one branch for both
        while index <= text.count - 16, let low: UInt64 = text.integer(at: index),
            let high: UInt64 = text.integer(at: index + 8)
        {
            let found = special(SIMD2(UInt64(littleEndian: low), UInt64(littleEndian: high)))
            if found[0] | found[1] != 0 {
                let bits =
                    found[0] != 0 ? found[0].trailingZeroBitCount : 64 + found[1].trailingZeroBitCount
                return index + bits >> 3
            }
            index += 16
        }
        while index < text.count {
            let byte = text[index]
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 { break }
            index += 1
        }
        return index
    }

    /// In each word, the highest bit of each byte that ends plain text; also of
    /// bytes above the first such, perhaps.
    @inline(__always)
    private static func special(_ words: SIMD2<UInt64>) -> SIMD2<UInt64> {
        // a byte is zero where subtracting one borrows; a borrow can reach
        // only bytes above the first that is found
        let ones = SIMD2<UInt64>(repeating: 0x0101_0101_0101_0101)
        let quote = words ^ SIMD2(repeating: 0x2222_2222_2222_2222)
        let backslash = words ^ SIMD2(repeating: 0x5c5c_5c5c_5c5c_5c5c)
        let control = (words &- SIMD2(repeating: 0x2020_2020_2020_2020)) & ~words
        let found = (quote &- ones) & ~quote | (backslash &- ones) & ~backslash | control
        return found & SIMD2(repeating: 0x8080_8080_8080_8080)
    }

    /// Goes on from the first backslash of a string to behind its end.
    private mutating func takeEscapedText(_ text: borrowing Span<UInt8>) throws(DocumentError) {
        while index < text.count {
            switch text[index] {
            case UInt8(ascii: "\""):
                index += 1
                return
            case UInt8(ascii: "\\"):
                guard index + 1 < text.count else { throw .malformed(at: index + 1) }
                switch text[index + 1] {
                case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
                    UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
                    index += 2
                case UInt8(ascii: "u"):
                    guard JSONScanner.hex(text, at: index + 2, end: text.count) != nil else {
                        throw .malformed(at: index)
                    }
                    index += 6
                default: throw .malformed(at: index)
                }
            default: throw .malformed(at: index)
            }
            index = JSONScanner.endOfPlainText(text, from: index)
        }
        throw .malformed(at: index)
    }

    /// Four hex digits.
    static func hex(_ text: borrowing Span<UInt8>, at start: Int, end: Int) -> UInt32? {
        guard start + 4 <= end else { return nil }
        var value: UInt32 = 0
        for index in start..<(start + 4) {
            let digit: UInt8
            switch text[index] {
            case let byte where (48...57).contains(byte): digit = byte - 48
            case let byte where (65...70).contains(byte): digit = byte - 55
            case let byte where (97...102).contains(byte): digit = byte - 87
            default: return nil
            }
            value = value << 4 | UInt32(digit)
        }
        return value
    }

    /// Passes over a number; the range is its text.
    mutating func number(_ text: borrowing Span<UInt8>) throws(DocumentError) -> Range<Int> {
        let start = index
        if index < text.count, text[index] == UInt8(ascii: "-") { index += 1 }
        let digits = index
        takeDigits(text)
        guard index > digits, index == digits + 1 || text[digits] != UInt8(ascii: "0") else {
            throw .malformed(at: start)
        }
        if index < text.count, text[index] == UInt8(ascii: ".") {
            index += 1
            let fraction = index
            takeDigits(text)
            guard index > fraction else { throw .malformed(at: index) }
        }
        if index < text.count, text[index] | 0x20 == UInt8(ascii: "e") {
            index += 1
            if index < text.count, text[index] == UInt8(ascii: "+") || text[index] == UInt8(ascii: "-") {
                index += 1
            }
            let exponent = index
            takeDigits(text)
            guard index > exponent else { throw .malformed(at: index) }
        }
        return start..<index
    }

    private mutating func takeDigits(_ text: borrowing Span<UInt8>) {
        while index < text.count, (48...57).contains(text[index]) { index += 1 }
    }

    /// `null`, `true` and the end of `false`, lowest byte first.
    static let null: UInt32 = 0x6c6c_756e
    private static let yes: UInt32 = 0x6575_7274
    private static let alse: UInt32 = 0x6573_6c61

    /// Passes over a word of four letters.
    @inline(__always)
    mutating func word(_ text: borrowing Span<UInt8>, _ word: UInt32) throws(DocumentError) {
        let there: UInt32? = text.integer(at: index)
        guard let there, UInt32(littleEndian: there) == word else { throw .malformed(at: index) }
        index += 4
    }

    /// Passes over `true` or `false`, of which the first letter has been seen.
    @inline(__always)
    mutating func boolean(_ text: borrowing Span<UInt8>) throws(DocumentError) {
        guard text[index] == UInt8(ascii: "f") else { return try word(text, JSONScanner.yes) }
        let there: UInt32? = text.integer(at: index + 1)
        guard let there, UInt32(littleEndian: there) == JSONScanner.alse else {
            throw .malformed(at: index)
        }
        index += 5
    }

    /// Passes over any value, checking its form.
    @inline(__always)
    mutating func skipValue(_ text: borrowing Span<UInt8>, depth: Int) throws(DocumentError) {
        guard depth < JSONScanner.depthLimit else {
            throw .nestedTooDeeply(limit: JSONScanner.depthLimit)
        }
        let first = try peek(text)
        if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
            try skipNested(text, depth: depth)
        } else {
            try skipScalar(text, first)
        }
    }

    @inline(__always)
    private mutating func skipScalar(
        _ text: borrowing Span<UInt8>, _ first: UInt8
    ) throws(DocumentError) {
        switch first {
        case UInt8(ascii: "\""): _ = try string(text)
        case UInt8(ascii: "t"), UInt8(ascii: "f"): try boolean(text)
        case UInt8(ascii: "n"): try word(text, JSONScanner.null)
        default: _ = try number(text)
        }
    }

    /// Passes over an object or array with all that is in it.
    private mutating func skipNested(
        _ text: borrowing Span<UInt8>, depth: Int
    ) throws(DocumentError) {
        // which of those around are objects, the innermost in the lowest bit:
        // the limit of depth is the number of bits
        var objects: UInt64 = 0
        var depth = depth
        let outside = depth
        repeat {
            guard depth < JSONScanner.depthLimit else {
                throw .nestedTooDeeply(limit: JSONScanner.depthLimit)
            }
            let first = try peek(text)
            let isObject = first == UInt8(ascii: "{")
            if isObject || first == UInt8(ascii: "[") {
                index += 1
                // in ASCII, two behind what opens is what closes
                if try peek(text) != first + 2 {
                    objects = objects << 1 | (isObject ? 1 : 0)
                    depth += 1
                    if isObject { try skipKey(text) }
                    continue
                }
                index += 1
            } else {
                try skipScalar(text, first)
            }
            // behind a value: another one, or what is around ends
            while depth > outside {
                let isObject = objects & 1 == 1
                if try takeComma(text, or: isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
                    if isObject { try skipKey(text) }
                    break
                }
                objects >>= 1
                depth -= 1
            }
        } while depth > outside
    }

    @inline(__always)
    private mutating func skipKey(_ text: borrowing Span<UInt8>) throws(DocumentError) {
        skipSpace(text)
        _ = try string(text)
        try expect(text, UInt8(ascii: ":"))
    }
}
