extension TOMLParser {
    /// A text as it reads, with the offset in the file of each byte and of
    /// the end.
    struct Text {
        var bytes: [UInt8] = []
        var offsets: [Int] = []

        mutating func append(_ byte: UInt8, from offset: Int) {
            bytes.append(byte)
            offsets.append(offset)
        }
    }

    // text := "…" | '…' | """…""" | '''…'''
    mutating func readText() throws(TOMLError) -> Text {
        let start = index
        guard let quote = byte() else { throw unexpected("a text") }
        let isLong = byte(1) == quote && byte(2) == quote
        index += isLong ? 3 : 1
        // a line end right after the opening is not part of the text
        if isLong, isLineEnd { index += byte() == UInt8(ascii: "\n") ? 1 : 2 }
        var text = Text()
        while let next = byte() {
            if next == quote {
                if try readQuotes(quote, isLong: isLong, into: &text) { return text }
            } else if next == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
                try readEscape(into: &text, isLong: isLong)
            } else if next == UInt8(ascii: "\n") || next == UInt8(ascii: "\r") {
                guard isLong, isLineEnd else { break }
                // either line end reads as one line feed
                text.append(UInt8(ascii: "\n"), from: index)
                index += next == UInt8(ascii: "\n") ? 1 : 2
            } else {
                text.append(next, from: index)
                index += 1
            }
        }
        throw TOMLError(message: "the text is not closed", range: start..<(start + (isLong ? 3 : 1)))
    }

    /// Reads the quotes at hand; true if they end the text.
    private mutating func readQuotes(
        _ quote: UInt8, isLong: Bool, into text: inout Text
    ) throws(TOMLError) -> Bool {
        guard isLong else {
            text.offsets.append(index)
            index += 1
            return true
        }
        var run = 0
        while run < 6, byte(run) == quote { run += 1 }
        // up to two quotes may stand right before the closing three
        guard run < 6 else { throw TOMLError(message: "too many quotes", range: index..<(index + 6)) }
        for _ in 0..<(run >= 3 ? run - 3 : run) {
            text.append(quote, from: index)
            index += 1
        }
        guard run >= 3 else { return false }
        text.offsets.append(index)
        index += 3
        return true
    }

    private mutating func readEscape(into text: inout Text, isLong: Bool) throws(TOMLError) {
        let start = index
        let letter = byte(1)
        index += 2
        switch letter {
        case UInt8(ascii: "b"): text.append(8, from: start)
        case UInt8(ascii: "t"): text.append(9, from: start)
        case UInt8(ascii: "n"): text.append(10, from: start)
        case UInt8(ascii: "f"): text.append(12, from: start)
        case UInt8(ascii: "r"): text.append(13, from: start)
        case UInt8(ascii: "\""): text.append(UInt8(ascii: "\""), from: start)
        case UInt8(ascii: "\\"): text.append(UInt8(ascii: "\\"), from: start)
        case UInt8(ascii: "u"): try readScalar(digits: 4, from: start, into: &text)
        case UInt8(ascii: "U"): try readScalar(digits: 8, from: start, into: &text)
        default:
            // a backslash at the end of a line swallows what is blank after it
            index = start + 1
            skipBlanks()
            guard isLong, isLineEnd else {
                throw TOMLError(
                    message: "unknown escape; write \\\\ for a backslash, or use '…'",
                    range: start..<min(start + 2, bytes.count))
            }
            while isLineEnd || byte() == UInt8(ascii: " ") || byte() == UInt8(ascii: "\t") {
                index += byte() == UInt8(ascii: "\r") ? 2 : 1
            }
        }
    }

    private mutating func readScalar(
        digits: Int, from start: Int, into text: inout Text
    ) throws(TOMLError) {
        let end = min(index + digits, bytes.count)
        let range = start..<end
        var value: UInt32 = 0
        for digit in bytes[index..<end] {
            guard let number = Character(Unicode.Scalar(digit)).hexDigitValue else {
                throw TOMLError(message: "\(digits) hexadecimal digits are expected", range: range)
            }
            value = value << 4 | UInt32(number)
        }
        guard end - index == digits, let scalar = Unicode.Scalar(value) else {
            throw TOMLError(message: "not a character", range: range)
        }
        index = end
        for byte in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter { text.append(byte, from: start) }
    }
}
