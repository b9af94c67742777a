/// Takes secrets out of arguments and command lines: IMDSv2 tokens, the
/// values of `Authorization` headers, and session tokens and signatures of requests to AWS.
///
/// Rules see the true values; only what is written is redacted. Who writes a
/// command line can make it look like a header, so that no more goes than
/// credentials are made of, and what a shell or another interpreter would run
/// behind them stays.
enum Redaction {
    static let mark = Array("[redacted]".utf8)

    /// How far a secret reaches.
    private enum Extent {
        /// One word.
        case word
        /// A scheme and a word, or a scheme and parameters with commas between.
        case header
    }

    private static let backslash = UInt8(ascii: "\\")
    private static let comma = UInt8(ascii: ",")

    private static let signature = Array("signature".utf8)

    /// Programs write tuples of name and value, with a comma; the later names stand in lists.
    private static let headers: [(name: [UInt8], extent: Extent, takesComma: Bool)] = [
        (Array("x-aws-ec2-metadata-token".utf8), .word, true),
        (Array("authorization".utf8), .header, true),
        // of a request to AWS that was signed with credentials for a time; in a URL, too
        (Array("x-amz-security-token".utf8), .word, false),
        (Array("x-amz-signature".utf8), .word, false),
        (Array("aws_session_token".utf8), .word, false),
        (Array("aws_secret_access_key".utf8), .word, false),
    ]

    /// One argument, redacted; nil if it holds no secret.
    static func argument(_ text: ArraySlice<UInt8>) -> [UInt8]? { redact(text, isArgument: true) }

    /// A command line whose arguments are not known apart; nil if it holds no
    /// secret.
    static func commandLine(_ text: ArraySlice<UInt8>) -> [UInt8]? { redact(text, isArgument: false) }

    private static func redact(_ text: ArraySlice<UInt8>, isArgument: Bool) -> [UInt8]? {
        var result: [UInt8] = []
        var kept = text.startIndex
        var index = text.startIndex
        var firstSpace: Int?
        while index < text.endIndex {
            let letter = text[index] | 0x20
            guard letter == UInt8(ascii: "x") || letter == UInt8(ascii: "a"),
                let secret = secret(in: text, at: index, isArgument: isArgument, &firstSpace)
            else {
                index += 1
                continue
            }
            result += text[kept..<secret.lowerBound]
            result += mark
            kept = secret.upperBound
            if let signature = signature(in: text, at: kept) {
                result += text[kept..<signature.lowerBound]
                result += mark
                kept = signature.upperBound
            }
            index = kept
        }
        guard kept > text.startIndex else { return nil }
        return result + text[kept...]
    }

    /// The secret that a header beginning at an index announces.
    private static func secret(
        in text: ArraySlice<UInt8>, at start: Int, isArgument: Bool, _ firstSpace: inout Int?
    ) -> Range<Int>? {
        for (name, extent, takesComma) in headers {
            guard matches(text, name, at: start) else { continue }
            var index = start + name.count
            // "name": "value" as programs write it, name: value as HTTP does
            var quote = openQuote(in: text, before: start)
            while index < text.endIndex, isQuote(text[index]) || text[index] == backslash {
                quote = nil
                index += 1
            }
            index = skipBlanks(text, index)
            guard index < text.endIndex, isAssignment(text[index]), takesComma || text[index] != comma
            else { continue }
            index = skipBlanks(text, index + 1)
            var isQuoted = false
            while index < text.endIndex, isQuote(text[index]) || text[index] == backslash {
                if isQuote(text[index]) {
                    quote = text[index]
                    isQuoted.toggle()
                }
                index += 1
            }
            // after a pair of quotes the value is empty, and what follows is not it
            if isQuoted { index = skipBlanks(text, index) }
            guard index < text.endIndex else { continue }
            let end =
                switch extent {
                case .word: endOfWord(text, index)
                case .header:
                    endOfHeader(
                        text, index, quote: quote,
                        isArgument: isArgument && !hasSpace(text, before: start, &firstSpace))
                }
            if end > index { return index..<end }
        }
        return nil
    }

    /// The signature behind the rest of an AWS list of signed headers. That has
    /// semicolons (`host;x-amz-date, Signature=`), as commands have between
    /// them, and so stays itself.
    private static func signature(in text: ArraySlice<UInt8>, at start: Int) -> Range<Int>? {
        let semicolon = UInt8(ascii: ";")
        guard start < text.endIndex, text[start] == semicolon,
            let end = text[start...].firstIndex(where: { !isOfScheme($0) && $0 != semicolon }),
            text[end] == comma
        else { return nil }
        let name = skipBlanks(text, end + 1)
        guard matches(text, signature, at: name) else { return nil }
        let assignment = name + signature.count
        guard text[assignment] == UInt8(ascii: "=") else { return nil }
        let value = assignment + 1
        let valueEnd = endOfWord(text, value)
        return valueEnd > value ? value..<valueEnd : nil
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
        text[start...].firstIndex { endsWord($0) || isQuote($0) } ?? text.endIndex
    }

    /// The end of a word that may hold quoted values: `realm="r",`.
    private static func endOfParameter(_ text: ArraySlice<UInt8>, _ start: Int, quote: UInt8?) -> Int {
        var index = endOfWord(text, start)
        while index > start, index < text.endIndex, isQuote(text[index]), text[index] != quote,
            text[index - 1] == UInt8(ascii: "=")
        {
            let close = endOfWord(text, index + 1)
            guard close < text.endIndex, text[close] == text[index] else { break }
            let next = close + 1
            if next < text.endIndex {
                guard text[next] == comma || endsWord(text[next]) || isQuote(text[next]) else { break }
            }
            index = endOfWord(text, next)
        }
        return index
    }

    private static func endOfHeader(
        _ text: ArraySlice<UInt8>, _ start: Int, quote: UInt8?, isArgument: Bool
    ) -> Int {
        var end = endOfWord(text, start)
        guard text[start..<end].allSatisfy(isOfScheme) else { return end }
        // in quotes, or as an argument of its own, perhaps behind an option's
        // name, the header is not followed by other arguments
        let isAlone = quote != nil || isArgument
        repeat {
            let next = skipBlanks(text, end)
            guard next > end, next < text.endIndex else { break }
            let rest = text[next...]
            if !isAlone, rest.first == UInt8(ascii: "-") || rest.starts(with: "http".utf8) { break }
            let stop = endOfParameter(text, next, quote: quote)
            guard stop > next else { break }
            end = stop
        } while text[end - 1] == comma
        return end
    }

    /// Looks for the first space once, however many names there are.
    private static func hasSpace(_ text: ArraySlice<UInt8>, before end: Int, _ first: inout Int?) -> Bool {
        let place = first ?? text.firstIndex(where: isSpace) ?? text.endIndex
        first = place
        return place < end
    }

    /// The quote right before the name, if there is one.
    private static func openQuote(in text: ArraySlice<UInt8>, before start: Int) -> UInt8? {
        guard start > text.startIndex, isQuote(text[start - 1]) else { return nil }
        return text[start - 1]
    }

    /// Goes over spaces and tabs, also those that a shell would take for
    /// themselves (`\ `), but never over the end of a line.
    private static func skipBlanks(_ text: ArraySlice<UInt8>, _ start: Int) -> Int {
        var index = start
        while index < text.endIndex {
            if isBlank(text[index]) {
                index += 1
            } else if text[index] == backslash, index + 1 < text.endIndex, isBlank(text[index + 1]) {
                index += 2
            } else {
                break
            }
        }
        return index
    }

    /// Whether a byte is none of a credential's: a space, or one that means
    /// something to a shell.
    private static func endsWord(_ byte: UInt8) -> Bool {
        switch byte {
        case 0...32, backslash, UInt8(ascii: ";"), UInt8(ascii: "|"), UInt8(ascii: "&"),
            UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "("), UInt8(ascii: ")"),
            UInt8(ascii: "`"), UInt8(ascii: "$"):
            true
        default: false
        }
    }

    private static func isOfScheme(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (97...122).contains(byte | 0x20) || byte == UInt8(ascii: "-")
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 }

    private static func isQuote(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'")
    }

    private static func isAssignment(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ":") || byte == UInt8(ascii: "=") || byte == comma
    }
}
