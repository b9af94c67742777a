/// Cuts a query into tokens.
struct Lexer {
    private let bytes: [UInt8]
    private var position = 0
    private var tokens: [Token] = []

    private init(_ text: String) {
        bytes = Array(text.utf8)
    }

    /// All tokens of a query, the last of them `end`.
    static func tokens(of text: String) throws(EQLError) -> [Token] {
        let length = text.utf8.count
        guard length <= Limits.queryLength else {
            throw EQLError(
                .queryTooLong(bytes: length, limit: Limits.queryLength),
                at: SourceRange(start: Limits.queryLength, end: length))
        }
        var lexer = Lexer(text)
        while let token = try lexer.next() { lexer.tokens.append(token) }
        guard let last = lexer.tokens.last else {
            throw EQLError(.empty, at: SourceRange(start: 0, end: length))
        }
        // what is missing is missed behind the last word, not behind the empty lines
        let end = last.range.end
        return lexer.tokens + [Token(kind: .end, range: SourceRange(start: end, end: end))]
    }

    private func peek(_ distance: Int = 0) -> UInt8? {
        position + distance < bytes.count ? bytes[position + distance] : nil
    }

    private func starts(with text: StaticString) -> Bool {
        bytes[position...].starts(with: text.description.utf8)
    }

    private func range(from start: Int) -> SourceRange { SourceRange(start: start, end: position) }

    private mutating func next() throws(EQLError) -> Token? {
        try skipSpaceAndComments()
        guard let byte = peek() else { return nil }
        let start = position
        let kind: Token.Kind
        switch byte {
        case UInt8(ascii: "\""): kind = .string(try lexString())
        case UInt8(ascii: "`"): kind = .quotedName(try lexQuotedName())
        case UInt8(ascii: "'"):
            position = bytes[(position + 1)...].firstIndex(of: byte).map { $0 + 1 } ?? bytes.count
            throw EQLError(.singleQuotes, at: range(from: start))
        case _ where Lexer.startsWord(byte):
            while let byte = peek(), Lexer.startsWord(byte) || Lexer.isDigit(byte) { position += 1 }
            kind = .word(text(start..<position))
        case _ where Lexer.isDigit(byte):
            kind = try lexNumber()
        case UInt8(ascii: ".") where peek(1).map(Lexer.isDigit) == true && !followsName:
            kind = try lexNumber()
        default: kind = .symbol(try lexSymbol())
        }
        return Token(kind: kind, range: range(from: start))
    }

    /// Whether the byte before is the end of a name, so that `a.5` is not `a`, `.5`.
    private var followsName: Bool {
        guard let last = tokens.last, last.range.end == position else { return false }
        switch last.kind {
        case .word, .quotedName: return true
        default: return false
        }
    }

    // comment := "//" to the end of the line | "/*" … "*/"
    private mutating func skipSpaceAndComments() throws(EQLError) {
        while let byte = peek() {
            let start = position
            if byte == 0x20 || (0x09...0x0d).contains(byte) {
                position += 1
            } else if starts(with: "//") {
                while let byte = peek(), byte != 0x0a, byte != 0x0d { position += 1 }
            } else if starts(with: "/*") {
                position += 2
                while position < bytes.count, !starts(with: "*/") { position += 1 }
                guard position < bytes.count else {
                    throw EQLError(.unterminatedComment, at: SourceRange(start: start, end: start + 2))
                }
                position += 2
            } else {
                return
            }
        }
    }

    private mutating func lexSymbol() throws(EQLError) -> Token.Symbol {
        for length in [2, 1] where position + length <= bytes.count {
            if let symbol = Token.Symbol(rawValue: text(position..<(position + length))) {
                position += length
                return symbol
            }
        }
        let rest = String(decoding: bytes[position...].prefix(4), as: UTF8.self)
        let scalar = rest.unicodeScalars.first ?? "\u{fffd}"
        throw EQLError(
            .unexpectedCharacter(scalar),
            at: SourceRange(start: position, end: position + UTF8.width(scalar)))
    }

    // number := digits ["." digits] [("e" | "E") ["+" | "-"] digits]
    private mutating func lexNumber() throws(EQLError) -> Token.Kind {
        let start = position
        var isInteger = true
        while let byte = peek(), Lexer.isDigit(byte) { position += 1 }
        if peek() == UInt8(ascii: ".") {
            isInteger = false
            position += 1
            while let byte = peek(), Lexer.isDigit(byte) { position += 1 }
        }
        if let byte = peek(), byte | 0x20 == UInt8(ascii: "e") {
            let signed = peek(1) == UInt8(ascii: "+") || peek(1) == UInt8(ascii: "-")
            if let digit = peek(signed ? 2 : 1), Lexer.isDigit(digit) {
                isInteger = false
                position += signed ? 2 : 1
                while let byte = peek(), Lexer.isDigit(byte) { position += 1 }
            }
        }
        var digits = text(start..<position)
        if isInteger {
            guard let value = UInt64(digits) else {
                throw EQLError(.numberOutOfRange, at: range(from: start))
            }
            return .integer(value)
        }
        // Swift wants digits on both sides of the point
        if digits.hasPrefix(".") { digits = "0" + digits }
        digits = digits.split(separator: ".", omittingEmptySubsequences: false)
            .map {
                $0.isEmpty ? "0" : $0.first.map { $0 == "e" || $0 == "E" } == true ? "0\($0)" : String($0)
            }
            .joined(separator: ".")
        guard let value = Double(digits), value.isFinite else {
            throw EQLError(.numberOutOfRange, at: range(from: start))
        }
        return .decimal(value)
    }

    // segment := "`" { character | "``" } "`"
    private mutating func lexQuotedName() throws(EQLError) -> String {
        let start = position
        let quote = UInt8(ascii: "`")
        var name: [UInt8] = []
        position += 1
        while let byte = peek() {
            position += 1
            guard byte == quote else {
                name.append(byte)
                continue
            }
            guard peek() == quote else {
                guard !name.isEmpty else { throw EQLError(.emptyName, at: range(from: start)) }
                return String(decoding: name, as: UTF8.self)
            }
            name.append(quote)
            position += 1
        }
        throw EQLError(.unterminatedName, at: SourceRange(start: start, end: start + 1))
    }

    // string := '"' { character | escape } '"' | '"""' { character } '"""'
    private mutating func lexString() throws(EQLError) -> String {
        let start = position
        if let before = tokens.last, before.kind == .symbol(.question), before.range.end == start {
            throw EQLError(.oldRawString, at: SourceRange(start: start - 1, end: start + 1))
        }
        if starts(with: "\"\"\"") { return try lexRawString() }
        position += 1
        var value: [UInt8] = []
        while let byte = peek() {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return String(decoding: value, as: UTF8.self)
            case UInt8(ascii: "\\"): value.append(contentsOf: try lexEscape(in: start).utf8)
            case 0x0a, 0x0d:
                throw EQLError(.lineBreakInString, at: SourceRange(start: start, end: position))
            default:
                value.append(byte)
                position += 1
            }
        }
        throw EQLError(.unterminatedString, at: SourceRange(start: start, end: start + 1))
    }

    /// As in Elasticsearch, up to two quotes before the closing three belong
    /// to the value.
    private mutating func lexRawString() throws(EQLError) -> String {
        let start = position
        position += 3
        while position < bytes.count, !starts(with: "\"\"\"") {
            if bytes[position] == 0x0a || bytes[position] == 0x0d {
                throw EQLError(.lineBreakInString, at: range(from: start))
            }
            position += 1
        }
        guard position < bytes.count else {
            throw EQLError(.unterminatedString, at: SourceRange(start: start, end: start + 3))
        }
        var end = position
        position += 3
        for _ in 0..<2 where peek() == UInt8(ascii: "\"") {
            end += 1
            position += 1
        }
        return text((start + 3)..<end)
    }

    // escape := "\" ("n" | "r" | "t" | "b" | "f" | "\" | '"' | "'" | "u{" hex "}")
    private mutating func lexEscape(in string: Int) throws(EQLError) -> String {
        let start = position
        position += 1
        let rest = String(decoding: bytes[position...].prefix(4), as: UTF8.self)
        guard let scalar = rest.unicodeScalars.first else {
            throw EQLError(.unterminatedString, at: SourceRange(start: string, end: string + 1))
        }
        position += UTF8.width(scalar)
        switch scalar {
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "b": return "\u{8}"
        case "f": return "\u{c}"
        case "\\", "\"", "'": return String(scalar)
        case "u": return try lexUnicodeEscape(from: start)
        case "*", "?": throw EQLError(.escapedWildcard(scalar), at: range(from: start))
        default: throw EQLError(.unknownEscape(scalar), at: range(from: start))
        }
    }

    private mutating func lexUnicodeEscape(from start: Int) throws(EQLError) -> String {
        guard peek() == UInt8(ascii: "{") else {
            throw EQLError(.invalidUnicodeEscape, at: range(from: start))
        }
        position += 1
        let digits = position
        while let byte = peek(), byte != UInt8(ascii: "}"), byte != UInt8(ascii: "\"") { position += 1 }
        let hex = text(digits..<position)
        guard peek() == UInt8(ascii: "}"), (1...8).contains(hex.utf8.count), !hex.hasPrefix("+"),
            let code = UInt32(hex, radix: 16), let scalar = Unicode.Scalar(code)
        else { throw EQLError(.invalidUnicodeEscape, at: range(from: start)) }
        position += 1
        return String(scalar)
    }

    private func text(_ range: Range<Int>) -> String {
        String(decoding: bytes[range], as: UTF8.self)
    }

    private static func startsWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "_"), UInt8(ascii: "@"):
            true
        default: false
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
