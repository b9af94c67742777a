/// Walks over one JSON text. Holds only a position: the bytes are passed in.
struct JSONScanner {
    var index = 0

    static let depthLimit = 64

    mutating func skipSpace(_ text: borrowing Span<UInt8>) {
        while index < text.count {
            switch text[index] {
            case 0x20, 0x09, 0x0a, 0x0d: index += 1
            default: return
            }
        }
    }

    /// The next byte that is not space, which stays.
    mutating func peek(_ text: borrowing Span<UInt8>) throws(DocumentError) -> UInt8 {
        skipSpace(text)
        guard index < text.count else { throw .malformed(at: index) }
        return text[index]
    }

    mutating func expect(_ text: borrowing Span<UInt8>, _ byte: UInt8) throws(DocumentError) {
        guard try peek(text) == byte else { throw .malformed(at: index) }
        index += 1
    }

    /// Takes a separator or the closing byte: true if another element follows.
    mutating func takeComma(_ text: borrowing Span<UInt8>, or close: UInt8) throws(DocumentError) -> Bool {
        let byte = try peek(text)
        guard byte == UInt8(ascii: ",") || byte == close else { throw .malformed(at: index) }
        index += 1
        return byte != close
    }

    /// Passes over a string at a quotation mark; the range is what is between
    /// the marks, escapes included.
    mutating func string(_ text: borrowing Span<UInt8>) throws(DocumentError) -> (
        Range<Int>, hasEscapes: Bool
    ) {
        try expect(text, UInt8(ascii: "\""))
        let start = index
        var hasEscapes = false
        while index < text.count {
            let byte = text[index]
            if byte == UInt8(ascii: "\"") {
                index += 1
                return (start..<(index - 1), hasEscapes)
            }
            if byte == UInt8(ascii: "\\") {
                hasEscapes = true
                index += 1
            } else if byte < 0x20 {
                throw .malformed(at: index)
            }
            index += 1
        }
        throw .malformed(at: index)
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
