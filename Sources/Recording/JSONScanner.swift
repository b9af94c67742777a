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
        let ones: UInt64 = 0x0101_0101_0101_0101
        var index = start
        while let word: UInt64 = text.integer(at: index) {
            // a byte is zero where subtracting one borrows; a borrow can reach
            // only bytes above the first that is found
            let word = UInt64(littleEndian: word)
            let quote = word ^ (ones &* 0x22)
            let backslash = word ^ (ones &* 0x5c)
            let found =
                ((quote &- ones) & ~quote | (backslash &- ones) & ~backslash
                    | (word &- ones &* 0x20) & ~word) & (ones &* 0x80)
            if found != 0 { return index + found.trailingZeroBitCount >> 3 }
            index += 8
        }
        while index < text.count {
            let byte = text[index]
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 { break }
            index += 1
        }
        return index
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

    mutating func word(_ text: borrowing Span<UInt8>, _ word: StaticString) throws(DocumentError) {
        let start = index
        for byte in word.description.utf8 {
            guard index < text.count, text[index] == byte else { throw .malformed(at: start) }
            index += 1
        }
    }

    /// Passes over any value, checking its form.
    mutating func skipValue(_ text: borrowing Span<UInt8>, depth: Int) throws(DocumentError) {
        guard depth < JSONScanner.depthLimit else {
            throw .nestedTooDeeply(limit: JSONScanner.depthLimit)
        }
        switch try peek(text) {
        case UInt8(ascii: "{"):
            index += 1
            if try peek(text) == UInt8(ascii: "}") {
                index += 1
                return
            }
            repeat {
                skipSpace(text)
                _ = try string(text)
                try expect(text, UInt8(ascii: ":"))
                try skipValue(text, depth: depth + 1)
            } while try takeComma(text, or: UInt8(ascii: "}"))
        case UInt8(ascii: "["):
            index += 1
            if try peek(text) == UInt8(ascii: "]") {
                index += 1
                return
            }
            repeat {
                try skipValue(text, depth: depth + 1)
            } while try takeComma(text, or: UInt8(ascii: "]"))
        case UInt8(ascii: "\""): _ = try string(text)
        case UInt8(ascii: "t"): try word(text, "true")
        case UInt8(ascii: "f"): try word(text, "false")
        case UInt8(ascii: "n"): try word(text, "null")
        default: _ = try number(text)
        }
    }
}
