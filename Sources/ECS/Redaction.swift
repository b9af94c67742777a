/// Takes secrets out of arguments and command lines: IMDSv2 tokens and the
/// values of `Authorization` headers.
///
/// Rules see the true values; only what is written is redacted.
enum Redaction {
    static let mark = Array("[redacted]".utf8)

    /// How far a secret reaches.
    private enum Extent {
        /// One run of characters without space or quote.
        case word
        /// A scheme and what belongs to it.
        case header
    }

    private static let backslash = UInt8(ascii: "\\")

    private static let headers: [(name: [UInt8], extent: Extent)] = [
        (Array("x-aws-ec2-metadata-token".utf8), .word),
        (Array("authorization".utf8), .header),
    ]

    /// One argument, redacted; nil if it holds no secret.
    static func argument(_ text: ArraySlice<UInt8>) -> [UInt8]? { redact(text, isArgument: true) }

    /// A command line whose arguments are not known apart; nil if it holds no
    /// secret. In doubt more than the secret goes.
    static func commandLine(_ text: ArraySlice<UInt8>) -> [UInt8]? { redact(text, isArgument: false) }

    private static func redact(_ text: ArraySlice<UInt8>, isArgument: Bool) -> [UInt8]? {
        var result: [UInt8] = []
        var kept = text.startIndex
        var index = text.startIndex
        while index < text.endIndex {
            let letter = text[index] | 0x20
            guard letter == UInt8(ascii: "x") || letter == UInt8(ascii: "a"),
                let secret = secret(in: text, at: index, isArgument: isArgument)
            else {
                index += 1
                continue
            }
            result += text[kept..<secret.lowerBound]
            result += mark
            kept = secret.upperBound
            index = max(secret.upperBound, index + 1)
        }
        guard kept > text.startIndex else { return nil }
        return result + text[kept...]
    }

    /// The secret that a header beginning at an index announces.
    private static func secret(
        in text: ArraySlice<UInt8>, at start: Int, isArgument: Bool
    ) -> Range<Int>? {
        for (name, extent) in headers {
            guard matches(text, name, at: start) else { continue }
            var index = start + name.count
            // "name": "value" as programs write it, name: value as HTTP does
            var quote = openQuote(in: text, before: start)
            while index < text.endIndex, isQuote(text[index]) || text[index] == backslash {
                quote = nil
                index += 1
            }
            index = skipSpaces(text, index)
            guard index < text.endIndex, isAssignment(text[index]) else { continue }
            index = skipSpaces(text, index + 1)
            while index < text.endIndex, isQuote(text[index]) || text[index] == backslash {
                if isQuote(text[index]) { quote = text[index] }
                index += 1
            }
            guard index < text.endIndex else { continue }
            let end =
                switch extent {
                case .word: endOfWord(text, index)
                case .header: endOfHeader(text, index, name: start, quote: quote, isArgument: isArgument)
                }
            if end > index { return index..<end }
        }
        return nil
    }

    private static func matches(_ text: ArraySlice<UInt8>, _ name: [UInt8], at start: Int) -> Bool {
        guard start + name.count < text.endIndex else { return false }
        for offset in name.indices {
            let byte = text[start + offset]
            let folded = (65...90).contains(byte) ? byte | 0x20 : byte
            if folded != name[offset] { return false }
        }
        return true
    }

    private static func endOfWord(_ text: ArraySlice<UInt8>, _ start: Int) -> Int {
        text[start...].firstIndex { isSpace($0) || isQuote($0) || $0 == backslash } ?? text.endIndex
    }

    private static func endOfHeader(
        _ text: ArraySlice<UInt8>, _ start: Int, name: Int, quote: UInt8?, isArgument: Bool
    ) -> Int {
        if let quote { return text[start...].firstIndex(of: quote) ?? text.endIndex }
        // the argument is the header, perhaps behind an option's name
        if isArgument, !text[..<name].contains(where: isSpace) { return text.endIndex }
        // up to what looks like the next option or an address
        var index = endOfWord(text, start)
        while index < text.endIndex, isSpace(text[index]) {
            let next = skipSpaces(text, index)
            let rest = text[next...]
            if rest.isEmpty || rest.first == UInt8(ascii: "-") || rest.starts(with: "http".utf8) { break }
            index = endOfWord(text, next)
            if index == next { break }
        }
        return index
    }

    /// The quote right before the name, if there is one.
    private static func openQuote(in text: ArraySlice<UInt8>, before start: Int) -> UInt8? {
        guard start > text.startIndex, isQuote(text[start - 1]) else { return nil }
        return text[start - 1]
    }

    private static func skipSpaces(_ text: ArraySlice<UInt8>, _ start: Int) -> Int {
        guard start < text.endIndex else { return text.endIndex }
        return text[start...].firstIndex { !isSpace($0) } ?? text.endIndex
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }

    private static func isQuote(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'")
    }

    private static func isAssignment(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ":") || byte == UInt8(ascii: "=") || byte == UInt8(ascii: ",")
    }
}
