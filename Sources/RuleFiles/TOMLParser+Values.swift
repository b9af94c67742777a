extension TOMLParser {
    // value := text | array | inline-table | boolean | number | moment
    mutating func readValue(depth: Int) throws(TOMLError) -> Int {
        let start = index
        guard depth < TOMLParser.depthLimit else { throw tooDeep(start) }
        switch byte() {
        case UInt8(ascii: "\""), UInt8(ascii: "'"):
            let text = String(decoding: try readText().bytes, as: UTF8.self)
            return addNode(.text(text), at: start)
        case UInt8(ascii: "["): return try readArray(depth: depth)
        case UInt8(ascii: "{"): return try readInlineTable(depth: depth)
        default: return addNode(try readScalarValue(), at: start)
        }
    }

    // array := "[" [ value { "," value } [ "," ] ] "]"
    private mutating func readArray(depth: Int) throws(TOMLError) -> Int {
        let start = index
        var elements: [Int] = []
        index += 1
        while true {
            try skipLines()
            if byte() == UInt8(ascii: "]") { break }
            elements.append(try readValue(depth: depth + 1))
            try skipLines()
            if byte() == UInt8(ascii: "]") { break }
            guard byte() == UInt8(ascii: ",") else { throw unexpected("“,” or “]”") }
            index += 1
        }
        index += 1
        return addNode(.array(elements), at: start)
    }

    // inline-table := "{" [ pair { "," pair } ] "}", in one line
    private mutating func readInlineTable(depth: Int) throws(TOMLError) -> Int {
        let start = index
        let table = tree.tables.count
        tree.tables.append(TOMLTree.Table(.inline, start..<(start + 1)))
        index += 1
        skipBlanks()
        if byte() != UInt8(ascii: "}") {
            while true {
                try readPair(into: table, depth: depth + 1)
                skipBlanks()
                if byte() == UInt8(ascii: "}") { break }
                guard byte() == UInt8(ascii: ",") else { throw unexpected("“,” or “}”") }
                index += 1
            }
        }
        index += 1
        return addNode(.table(table), at: start)
    }

    /// Reads what ends at a blank, a line end, a comment or a bracket.
    private mutating func readScalarValue() throws(TOMLError) -> TOMLTree.Value {
        let start = index
        while let next = byte(), !" \t\r\n,]}#".utf8.contains(next) { index += 1 }
        // a space may stand between a date and a time
        if index - start == 10, bytes[start + 4] == UInt8(ascii: "-"), byte() == UInt8(ascii: " "),
            let next = byte(1), (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(next)
        {
            index += 1
            while let next = byte(), !" \t\r\n,]}#".utf8.contains(next) { index += 1 }
        }
        guard index > start else { throw unexpected("a value") }
        let token = bytes[start..<index]
        if let value = TOMLParser.value(of: token) { return value }
        let text = String(decoding: token.prefix(40), as: UTF8.self)
        var reason = "is not a value; text stands between quotes"
        if token.count == 10, token[start + 4] == UInt8(ascii: "-") {
            reason = "is no day of the calendar"
        } else if Self.plainDigits(token, radix: 10) != nil {
            reason = "is too large a number"
        }
        throw TOMLError(message: "“\(text)” \(reason)", range: start..<index)
    }

    private static func value(of token: ArraySlice<UInt8>) -> TOMLTree.Value? {
        let text = String(decoding: token, as: UTF8.self)
        switch text {
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        case "inf", "+inf": return .float(.infinity)
        case "-inf": return .float(-.infinity)
        case "nan", "+nan", "-nan": return .float(.nan)
        default: break
        }
        if let moment = TOMLMoment(token) { return .moment(moment) }
        for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where text.hasPrefix(prefix) {
            return plainDigits(token.dropFirst(2), radix: radix).flatMap { Int64($0, radix: radix) }
                .map { .integer($0) }
        }
        return number(token)
    }

    // number := [ "+" | "-" ] digits [ "." digits ] [ "e" [ "+" | "-" ] digits ]
    private static func number(_ token: ArraySlice<UInt8>) -> TOMLTree.Value? {
        var rest = token
        var text = ""
        func take(_ letters: StaticString) -> UInt8? {
            guard let first = rest.first, letters.description.utf8.contains(first) else { return nil }
            rest = rest.dropFirst()
            return first
        }
        func takeDigits() -> Bool {
            let run = rest.prefix { $0 != UInt8(ascii: ".") && $0 | 0x20 != UInt8(ascii: "e") }
            guard let digits = plainDigits(run, radix: 10) else { return false }
            text += digits
            rest = rest.dropFirst(run.count)
            return true
        }
        if take("-") != nil { text = "-" } else { _ = take("+") }
        if rest.first == UInt8(ascii: "0"), let second = rest.dropFirst().first,
            second != UInt8(ascii: "."), second | 0x20 != UInt8(ascii: "e")
        {
            return nil  // no leading zeros
        }
        guard takeDigits() else { return nil }
        if rest.isEmpty { return Int64(text).map { .integer($0) } }
        if take(".") != nil {
            text += "."
            guard takeDigits() else { return nil }
        }
        if take("eE") != nil {
            text += "e"
            if let sign = take("+-") { text.unicodeScalars.append(Unicode.Scalar(sign)) }
            guard takeDigits() else { return nil }
        }
        return rest.isEmpty ? Double(text).map { .float($0) } : nil
    }

    /// Digits without the underscores that may stand between them.
    private static func plainDigits(_ token: ArraySlice<UInt8>, radix: Int) -> String? {
        var digits = ""
        var isAfterDigit = false
        for byte in token {
            let scalar = Unicode.Scalar(byte)
            if byte == UInt8(ascii: "_"), isAfterDigit {
                isAfterDigit = false
            } else if byte < 0x80, let value = Character(scalar).hexDigitValue, value < radix {
                digits.unicodeScalars.append(scalar)
                isAfterDigit = true
            } else {
                return nil
            }
        }
        return isAfterDigit ? digits : nil
    }
}

extension TOMLMoment {
    /// Reads `2027-01-31`, `07:32:00.5` or both, joined by `T` or a space and
    /// maybe followed by `Z` or an offset such as `+01:00`.
    init?(_ token: ArraySlice<UInt8>) {
        var rest = token
        func take(_ byte: UInt8) -> Bool {
            guard rest.first == byte else { return false }
            rest = rest.dropFirst()
            return true
        }
        func number(_ digits: Int) -> Int? {
            let part = rest.prefix(digits)
            guard part.count == digits, part.allSatisfy({ (48...57).contains($0) }) else { return nil }
            rest = rest.dropFirst(digits)
            return part.reduce(0) { 10 * $0 + Int($1) - 48 }
        }
        func clock(seconds: Bool) -> Int64? {
            guard let hour = number(2), hour < 24, take(UInt8(ascii: ":")), let minute = number(2),
                minute < 60
            else { return nil }
            guard seconds else { return Int64(60 * hour + minute) }
            guard take(UInt8(ascii: ":")), let second = number(2), second <= 60 else { return nil }
            var time = Int64(3_600 * hour + 60 * minute + second) * 1_000_000_000
            if take(UInt8(ascii: ".")) {
                guard rest.first.map({ (48...57).contains($0) }) ?? false else { return nil }
                var scale: Int64 = 100_000_000
                while let digit = rest.first, (48...57).contains(digit) {
                    time += Int64(digit - 48) * scale
                    scale /= 10
                    rest = rest.dropFirst()
                }
            }
            return time
        }
        self.init()
        if rest.count >= 10, rest[rest.startIndex + 4] == UInt8(ascii: "-") {
            guard let year = number(4), take(UInt8(ascii: "-")), let month = number(2),
                take(UInt8(ascii: "-")), let date = number(2)
            else { return nil }
            let day = Day(year: year, month: month, day: date)
            guard day.isValid else { return nil }
            self.day = day
            guard !rest.isEmpty else { return }
            guard take(UInt8(ascii: "T")) || take(UInt8(ascii: "t")) || take(UInt8(ascii: " ")) else {
                return nil
            }
        }
        guard let time = clock(seconds: true) else { return nil }
        self.time = time
        if day != nil, !rest.isEmpty {
            if take(UInt8(ascii: "Z")) || take(UInt8(ascii: "z")) {
                offset = 0
            } else {
                let isWest = rest.first == UInt8(ascii: "-")
                guard take(UInt8(ascii: "-")) || take(UInt8(ascii: "+")), let minutes = clock(seconds: false)
                else {
                    return nil
                }
                offset = Int(isWest ? -minutes : minutes)
            }
        }
        guard rest.isEmpty else { return nil }
    }
}
