/// Where the keys and texts of a TOML document stand, which the TOML reader
/// does not tell.
///
/// Reads documents that have been found valid; of anything else it knows less,
/// never something wrong to trap on. Paths are keys joined by dots, elements
/// of arrays and arrays of tables numbered: `rule.threat[0].tactic.id`.
struct TOMLPositions {
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

    /// The range of each key, by path.
    private(set) var keys: [String: Range<Int>] = [:]
    /// Paths in the order of the file.
    private(set) var paths: [String] = []
    /// Where the value of each path begins.
    private(set) var values: [String: Int] = [:]

    private let bytes: [UInt8]
    private var index = 0
    private var table = ""
    private var counts: [String: Int] = [:]
    private static let depthLimit = 64

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        while skipBlanks(lines: true), index < bytes.count {
            let start = index
            let isFine = byte() == UInt8(ascii: "[") ? readHeader() : readPair(under: table, depth: 0)
            guard isFine, index > start else { return }
        }
    }

    // header := "[" key "]" | "[[" key "]]"
    private mutating func readHeader() -> Bool {
        index += 1
        let isArray = byte() == UInt8(ascii: "[")
        if isArray { index += 1 }
        _ = skipBlanks(lines: false)
        let start = index
        guard let segments = readKey() else { return false }
        let end = index
        var path = ""
        for (number, segment) in segments.enumerated() {
            path += path.isEmpty ? segment : ".\(segment)"
            if number < segments.count - 1 || !isArray, let count = counts[path] { path += "[\(count - 1)]" }
        }
        if isArray {
            counts[path, default: 0] += 1
            path += "[\((counts[path] ?? 1) - 1)]"
        }
        table = path
        note(path, start..<end)
        while byte() == UInt8(ascii: "]") { index += 1 }
        return true
    }

    // pair := key "=" value
    private mutating func readPair(under table: String, depth: Int) -> Bool {
        let start = index
        guard let segments = readKey() else { return false }
        let end = index
        var path = table
        for segment in segments { path += path.isEmpty ? segment : ".\(segment)" }
        note(path, start..<end)
        guard skipBlanks(lines: false), byte() == UInt8(ascii: "=") else { return false }
        index += 1
        return skipBlanks(lines: false) && readValue(path, depth: depth)
    }

    private mutating func note(_ path: String, _ range: Range<Int>) {
        if keys.updateValue(range, forKey: path) == nil { paths.append(path) }
    }

    // key := part { "." part };  part := bare | "quoted" | 'literal'
    private mutating func readKey() -> [String]? {
        var segments: [String] = []
        while true {
            _ = skipBlanks(lines: false)
            guard let first = byte() else { return nil }
            if first == UInt8(ascii: "\"") || first == UInt8(ascii: "'") {
                guard let text = readText() else { return nil }
                segments.append(String(decoding: text.bytes, as: UTF8.self))
            } else {
                let start = index
                while let next = byte(), isBare(next) { index += 1 }
                guard index > start else { return nil }
                segments.append(String(decoding: bytes[start..<index], as: UTF8.self))
            }
            let end = index
            _ = skipBlanks(lines: false)
            guard byte() == UInt8(ascii: ".") else {
                index = end
                return segments
            }
            index += 1
        }
    }

    private func isBare(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), 0x80...:
            true
        default: false
        }
    }

    private mutating func readValue(_ path: String, depth: Int) -> Bool {
        guard depth < TOMLPositions.depthLimit, let first = byte() else { return false }
        values[path] = index
        switch first {
        case UInt8(ascii: "\""), UInt8(ascii: "'"): return readText() != nil
        case UInt8(ascii: "["): return readArray(path, depth: depth + 1)
        case UInt8(ascii: "{"): return readInlineTable(path, depth: depth + 1)
        default:
            while let next = byte(), !",]}#\n".utf8.contains(next) { index += 1 }
            return true
        }
    }

    private mutating func readArray(_ path: String, depth: Int) -> Bool {
        index += 1
        var number = 0
        while skipBlanks(lines: true), let next = byte() {
            if next == UInt8(ascii: "]") {
                index += 1
                return true
            }
            guard readValue("\(path)[\(number)]", depth: depth) else { return false }
            number += 1
            guard skipBlanks(lines: true) else { return false }
            if byte() == UInt8(ascii: ",") { index += 1 }
        }
        return false
    }

    private mutating func readInlineTable(_ path: String, depth: Int) -> Bool {
        index += 1
        while skipBlanks(lines: true), let next = byte() {
            if next == UInt8(ascii: "}") {
                index += 1
                return true
            }
            guard readPair(under: path, depth: depth), skipBlanks(lines: true) else { return false }
            if byte() == UInt8(ascii: ",") { index += 1 }
        }
        return false
    }

    private func byte(_ ahead: Int = 0) -> UInt8? {
        index + ahead < bytes.count ? bytes[index + ahead] : nil
    }

    /// Skips spaces, and with `lines` also line ends and comments.
    private mutating func skipBlanks(lines: Bool) -> Bool {
        while let next = byte() {
            switch next {
            case UInt8(ascii: " "), UInt8(ascii: "\t"): index += 1
            case UInt8(ascii: "\n") where lines, UInt8(ascii: "\r") where lines: index += 1
            case UInt8(ascii: "#") where lines:
                while let skipped = byte(), skipped != UInt8(ascii: "\n") { index += 1 }
            default: return true
            }
        }
        return true
    }

    // MARK: Texts

    /// The text that is the value of a path, or nil if there is none.
    func text(_ path: String) -> Text? {
        guard let start = values[path] else { return nil }
        var reader = self
        reader.index = start
        return reader.readText()
    }

    private mutating func readText() -> Text? {
        guard let quote = byte(), quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
            return nil
        }
        let isLiteral = quote == UInt8(ascii: "'")
        let isLong = byte(1) == quote && byte(2) == quote
        index += isLong ? 3 : 1
        if isLong {
            if byte() == UInt8(ascii: "\r"), byte(1) == UInt8(ascii: "\n") { index += 1 }
            if byte() == UInt8(ascii: "\n") { index += 1 }
        }
        var text = Text()
        while let next = byte() {
            if next == quote {
                guard isLong else {
                    text.offsets.append(index)
                    index += 1
                    return text
                }
                var run = 0
                while byte(run) == quote { run += 1 }
                // up to two quotes may stand right before the closing three
                let inside = run >= 3 ? min(run - 3, 2) : run
                for _ in 0..<inside {
                    text.append(quote, from: index)
                    index += 1
                }
                if run >= 3 {
                    text.offsets.append(index)
                    index += 3
                    return text
                }
            } else if next == UInt8(ascii: "\\"), !isLiteral {
                guard readEscape(into: &text, isLong: isLong) else { return nil }
            } else {
                text.append(next, from: index)
                index += 1
            }
        }
        return nil
    }

    private mutating func readEscape(into text: inout Text, isLong: Bool) -> Bool {
        let start = index
        guard let letter = byte(1) else { return false }
        index += 2
        switch letter {
        case UInt8(ascii: "b"): text.append(8, from: start)
        case UInt8(ascii: "t"): text.append(9, from: start)
        case UInt8(ascii: "n"): text.append(10, from: start)
        case UInt8(ascii: "f"): text.append(12, from: start)
        case UInt8(ascii: "r"): text.append(13, from: start)
        case UInt8(ascii: "e"): text.append(27, from: start)
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): text.append(letter, from: start)
        case UInt8(ascii: "x"): return readScalar(digits: 2, from: start, into: &text)
        case UInt8(ascii: "u"): return readScalar(digits: 4, from: start, into: &text)
        case UInt8(ascii: "U"): return readScalar(digits: 8, from: start, into: &text)
        case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n"):
            guard isLong else { return false }
            while let blank = byte(), blank == 32 || blank == 9 || blank == 10 || blank == 13 { index += 1 }
        default: return false
        }
        return true
    }

    private mutating func readScalar(digits: Int, from start: Int, into text: inout Text) -> Bool {
        guard index + digits <= bytes.count,
            let value = UInt32(String(decoding: bytes[index..<(index + digits)], as: UTF8.self), radix: 16),
            let scalar = Unicode.Scalar(value)
        else { return false }
        index += digits
        for byte in UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter { text.append(byte, from: start) }
        return true
    }
}
