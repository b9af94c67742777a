internal import EQL

/// A TOML file: its values, and where each of them stands.
struct TOMLDocument {
    let file: String
    let source: SourceText
    let tree: TOMLTree

    /// No rule, exception or configuration file is larger.
    static let byteLimit = 2 << 20

    init(_ bytes: [UInt8], file: String) throws(RuleFileError) {
        self.file = file
        guard bytes.count <= TOMLDocument.byteLimit else {
            throw RuleFileError(file: file, reason: .file(.tooLarge(limit: TOMLDocument.byteLimit)))
        }
        source = SourceText(bytes)
        try source.checkText(file: file)
        do throws(TOMLError) {
            tree = try TOMLParser.parse(bytes)
        } catch {
            throw source.error(.syntax(error.message), at: error.range, file: file)
        }
    }

    var root: TOMLSection { TOMLSection(document: self, table: 0, range: nil) }

    func error(_ reason: RuleFileError.Reason, at range: Range<Int>?) -> RuleFileError {
        guard let range else { return RuleFileError(file: file, reason: reason) }
        return source.error(reason, at: range, file: file)
    }
}

extension SourceText {
    /// - Throws: if there are bytes that no text has.
    func checkText(file: String) throws(RuleFileError) {
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
    /// Index of the table.
    let table: Int
    /// The header or key of the table; nil for the root.
    let range: Range<Int>?

    private func value(_ key: String) -> TOMLTree.Value? {
        document.tree.tables[table][key].map { document.tree.nodes[$0.node].value }
    }

    private func range(of key: String) -> Range<Int>? {
        document.tree.tables[table][key]?.range ?? range
    }

    func has(_ key: String) -> Bool { document.tree.tables[table][key] != nil }

    func error(_ reason: RuleFileError.Reason, at key: String) -> RuleFileError {
        document.error(reason, at: range(of: key))
    }

    /// Moves an error in the text that is the value of a key to where it
    /// stands in the file.
    func error(_ error: EQLError, inTextAt key: String) -> RuleFileError {
        guard let entry = document.tree.tables[table][key] else { return self.error(.query(error), at: key) }
        var parser = TOMLParser(document.source.bytes)
        parser.index = document.tree.nodes[entry.node].start
        do throws(TOMLError) {
            let offsets = try parser.readText().offsets
            let start = offsets[min(max(error.range.start, 0), offsets.count - 1)]
            let end = offsets[min(max(error.range.end, 0), offsets.count - 1)]
            return document.error(.query(error), at: start..<max(start, end))
        } catch {
            return self.error(.syntax(error.message), at: key)
        }
    }

    private func wrongType(_ key: String, _ expected: String) -> RuleFileError {
        error(.wrongType(key: key, expected: expected), at: key)
    }

    /// A text; nil if the key is missing.
    func text(_ key: String) throws(RuleFileError) -> String? {
        switch value(key) {
        case nil: return nil
        case .text(let text): return text
        default: throw wrongType(key, "a text")
        }
    }

    /// A text that is not empty.
    func requiredText(_ key: String) throws(RuleFileError) -> String {
        guard let text = try text(key) else { throw document.error(.missingKey(key), at: range) }
        guard !text.isEmpty else { throw error(.invalidValue(key: key, expected: "a text"), at: key) }
        return text
    }

    /// A text, or a number as text: what a version can be.
    func textOrNumber(_ key: String) throws(RuleFileError) -> String? {
        switch value(key) {
        case nil: return nil
        case .text(let text): return text
        case .integer(let number): return "\(number)"
        case .float(let number): return "\(number)"
        default: throw wrongType(key, "a text or a number")
        }
    }

    /// A text or a list of texts.
    func texts(_ key: String) throws(RuleFileError) -> [String]? {
        switch value(key) {
        case nil: return nil
        case .text(let text): return [text]
        case .array(let elements):
            var texts: [String] = []
            for element in elements {
                guard case .text(let text) = document.tree.nodes[element].value else {
                    throw wrongType(key, "a list of texts")
                }
                texts.append(text)
            }
            return texts
        default: throw wrongType(key, "a text or a list of texts")
        }
    }

    func integer(_ key: String) throws(RuleFileError) -> Int? {
        switch value(key) {
        case nil: return nil
        case .integer(let number): return Int(number)
        default: throw wrongType(key, "a whole number")
        }
    }

    /// A list of lists of whole numbers; nil if the key is missing.
    func integerLists(_ key: String) throws(RuleFileError) -> [[Int]]? {
        let expected = "a list of lists of whole numbers, such as [[1, 2]]"
        guard let value = value(key) else { return nil }
        guard case .array(let lists) = value else { throw wrongType(key, expected) }
        var found: [[Int]] = []
        for list in lists {
            guard case .array(let elements) = document.tree.nodes[list].value else {
                throw wrongType(key, expected)
            }
            var numbers: [Int] = []
            for element in elements {
                guard case .integer(let number) = document.tree.nodes[element].value else {
                    throw wrongType(key, expected)
                }
                numbers.append(Int(number))
            }
            found.append(numbers)
        }
        return found
    }

    func boolean(_ key: String) throws(RuleFileError) -> Bool? {
        switch value(key) {
        case nil: return nil
        case .boolean(let boolean): return boolean
        default: throw wrongType(key, "true or false")
        }
    }

    /// A moment in nanoseconds since 1970, UTC. A date alone means the end of
    /// that day; a time without an offset is UTC.
    func moment(_ key: String) throws(RuleFileError) -> Int64? {
        guard let value = value(key) else { return nil }
        guard case .moment(let moment) = value, let end = moment.end else {
            throw wrongType(key, "a date such as 2027-01-31, or a date and time")
        }
        return end
    }

    func section(_ key: String) throws(RuleFileError) -> TOMLSection? {
        switch value(key) {
        case nil: return nil
        case .table(let inner): return TOMLSection(document: document, table: inner, range: range(of: key))
        default: throw wrongType(key, "a table")
        }
    }

    /// The tables of a list, or one that stands alone; none if the key is
    /// missing.
    func sections(_ key: String) throws(RuleFileError) -> [TOMLSection] {
        let elements: [Int]
        switch value(key) {
        case nil: return []
        case .table: return try section(key).map { [$0] } ?? []
        case .array(let list), .arrayOfTables(let list): elements = list
        default: throw wrongType(key, "a list of tables")
        }
        var sections: [TOMLSection] = []
        for element in elements {
            guard case .table(let inner) = document.tree.nodes[element].value else {
                throw wrongType(key, "a list of tables")
            }
            let range = document.tree.tables[inner].range
            sections.append(TOMLSection(document: document, table: inner, range: range))
        }
        return sections
    }

    /// - Throws: for the first key that is not known.
    func checkKeys(_ known: [String]) throws(RuleFileError) {
        for entry in document.tree.tables[table].entries where !known.contains(entry.name) {
            throw error(.unknownKey(entry.name, known: known.sorted()), at: entry.name)
        }
    }
}
