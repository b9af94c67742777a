internal import EQL
internal import TOMLKit

/// A TOML file: its values, and where each of them stands.
struct TOMLDocument {
    let file: String
    let source: SourceText
    let positions: TOMLPositions
    private let table: TOMLTable

    /// No rule, exception or configuration file is larger.
    static let byteLimit = 4 << 20

    init(_ bytes: [UInt8], file: String) throws(RuleFileError) {
        self.file = file
        source = SourceText(bytes)
        guard bytes.count <= TOMLDocument.byteLimit else {
            throw RuleFileError(file: file, reason: .file(.tooLarge(limit: TOMLDocument.byteLimit)))
        }
        try source.checkText(file: file)
        do {
            table = try TOMLTable(string: String(decoding: bytes, as: UTF8.self))
        } catch let error as TOMLParseError {
            let begin = FilePosition(line: error.source.begin.line, column: error.source.begin.column)
            let offset = source.offset(of: begin)
            throw source.error(.syntax(error.description), at: offset..<(offset + 1), file: file)
        } catch {
            throw RuleFileError(file: file, reason: .syntax("\(error)"))
        }
        positions = TOMLPositions(bytes)
    }

    var root: TOMLSection { TOMLSection(document: self, table: table, path: "") }

    /// The range that an error about a path marks: its key, or that of what
    /// it is in.
    func range(of path: String) -> Range<Int>? {
        var path = path[...]
        while true {
            if let range = positions.keys[String(path)] { return range }
            guard let end = path.lastIndex(where: { $0 == "." || $0 == "[" }) else { return nil }
            path = path[..<end]
        }
    }

    func error(_ reason: RuleFileError.Reason, at path: String) -> RuleFileError {
        guard let range = range(of: path) else { return RuleFileError(file: file, reason: reason) }
        return source.error(reason, at: range, file: file)
    }

    /// Moves an error in the text that is the value of a path to where it
    /// stands in the file.
    func error(_ error: EQLError, inTextAt path: String) -> RuleFileError {
        guard let text = positions.text(path) else { return self.error(.query(error), at: path) }
        let last = text.offsets.count - 1
        let start = text.offsets[min(max(error.range.start, 0), last)]
        let end = text.offsets[min(max(error.range.end, 0), last)]
        return source.error(.query(error), at: start..<max(start, end), file: file)
    }
}

extension SourceText {
    /// - Throws: if there are bytes that no text has.
    func checkText(file: String) throws(RuleFileError) {
        // a NUL would end the file for the TOML reader, unnoticed
        if let offset = controlOffset {
            throw error(.controlCharacter, at: offset..<(offset + 1), file: file)
        }
        if let offset = invalidOffset { throw error(.notText, at: offset..<(offset + 1), file: file) }
    }

    func error(_ reason: RuleFileError.Reason, at range: Range<Int>, file: String) -> RuleFileError {
        RuleFileError(
            file: file, position: position(of: range.lowerBound), reason: reason,
            excerpt: excerpt(of: range))
    }
}

/// A table of a TOML document, read by key.
struct TOMLSection {
    let document: TOMLDocument
    let table: TOMLTable
    /// Path of the table; empty for the root.
    let path: String

    func path(of key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    func has(_ key: String) -> Bool { table[key] != nil }

    func error(_ reason: RuleFileError.Reason, at key: String) -> RuleFileError {
        document.error(reason, at: path(of: key))
    }

    private func wrongType(_ key: String, _ expected: String) -> RuleFileError {
        error(.wrongType(key: key, expected: expected), at: key)
    }

    /// A text; nil if the key is missing.
    func text(_ key: String) throws(RuleFileError) -> String? {
        guard let value = table[key] else { return nil }
        guard let text = value.string else { throw wrongType(key, "a text") }
        // the TOML reader ends a text at an escaped NUL
        if let whole = document.positions.text(path(of: key)), whole.bytes.contains(0) {
            throw error(.controlCharacter, at: key)
        }
        return text
    }

    /// A text that is not empty.
    func requiredText(_ key: String) throws(RuleFileError) -> String {
        guard let text = try text(key) else {
            throw document.error(.missingKey(key), at: path)
        }
        guard !text.isEmpty else { throw error(.invalidValue(key: key, expected: "a text"), at: key) }
        return text
    }

    /// A text, or a number as text: what a version can be.
    func textOrNumber(_ key: String) throws(RuleFileError) -> String? {
        guard let value = table[key] else { return nil }
        if let number = value.int { return "\(number)" }
        if let number = value.double { return "\(number)" }
        guard value.string != nil else { throw wrongType(key, "a text or a number") }
        return try text(key)
    }

    /// A text or a list of texts.
    func texts(_ key: String) throws(RuleFileError) -> [String]? {
        guard let value = table[key] else { return nil }
        if value.string != nil { return try text(key).map { [$0] } }
        guard let array = value.array else { throw wrongType(key, "a text or a list of texts") }
        var texts: [String] = []
        for element in array {
            guard let text = element.string else { throw wrongType(key, "a list of texts") }
            texts.append(text)
        }
        return texts
    }

    func integer(_ key: String) throws(RuleFileError) -> Int? {
        guard let value = table[key] else { return nil }
        guard let number = value.int else { throw wrongType(key, "a whole number") }
        return number
    }

    func boolean(_ key: String) throws(RuleFileError) -> Bool? {
        guard let value = table[key] else { return nil }
        guard let boolean = value.bool else { throw wrongType(key, "true or false") }
        return boolean
    }

    func section(_ key: String) throws(RuleFileError) -> TOMLSection? {
        guard let value = table[key] else { return nil }
        guard let inner = value.table else { throw wrongType(key, "a table") }
        return TOMLSection(document: document, table: inner, path: path(of: key))
    }

    /// The tables of an array of tables; none if the key is missing.
    func sections(_ key: String) throws(RuleFileError) -> [TOMLSection] {
        guard let value = table[key] else { return [] }
        if let inner = value.table {
            return [TOMLSection(document: document, table: inner, path: path(of: key))]
        }
        guard let array = value.array else { throw wrongType(key, "a list of tables") }
        var sections: [TOMLSection] = []
        for (number, element) in array.enumerated() {
            guard let inner = element.table else { throw wrongType(key, "a list of tables") }
            sections.append(
                TOMLSection(document: document, table: inner, path: "\(path(of: key))[\(number)]"))
        }
        return sections
    }

    /// A moment in nanoseconds since 1970, UTC. A date alone means the end of
    /// that day; a time without an offset is UTC.
    func moment(_ key: String) throws(RuleFileError) -> Int64? {
        guard let value = table[key] else { return nil }
        let expected = "a date such as 2027-01-31, or a date and time"
        let seconds: Int
        var nanoseconds = 0
        if let date = value.date {
            seconds = 86_400 * (daysSince1970(date) + 1)
        } else if let moment = value.dateTime {
            let time = moment.time
            seconds =
                86_400 * daysSince1970(moment.date) + 3_600 * time.hour + 60 * time.minute + time.second
                - 60 * (moment.offset?.offset ?? 0)
            nanoseconds = time.nanoSecond
        } else {
            throw wrongType(key, expected)
        }
        let (product, overflow) = Int64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return .max }
        return product + Int64(nanoseconds)
    }

    /// Days from 1970-01-01 to a date of the Gregorian calendar.
    private func daysSince1970(_ date: TOMLDate) -> Int {
        // years that begin in March end with the day that leaps
        let year = date.month <= 2 ? date.year - 1 : date.year
        let month = (date.month + 9) % 12
        let leaps = year / 4 - year / 100 + year / 400
        return 365 * year + leaps + (153 * month + 2) / 5 + date.day - 1 - 719_468
    }

    /// - Throws: for the first key, in the order of the file, that is not known.
    func checkKeys(_ known: [String]) throws(RuleFileError) {
        let unknown = table.keys.filter { !known.contains($0) }
        guard !unknown.isEmpty else { return }
        let first =
            unknown.min {
                let one = document.positions.keys[path(of: $0)]?.lowerBound ?? .max
                let other = document.positions.keys[path(of: $1)]?.lowerBound ?? .max
                return (one, $0) < (other, $1)
            } ?? unknown[0]
        throw error(.unknownKey(first, known: known.sorted()), at: first)
    }
}
