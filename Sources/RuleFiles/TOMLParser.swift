/// Reads TOML 1.0. The bytes must be valid UTF-8 without control characters
/// other than tab and line end.
///
/// An own reader, because every value's place in the file is needed to show an
/// error of a rule where it stands, and rule files can come from anywhere: one
/// must not be able to crash the sensor.
struct TOMLParser {
    let bytes: [UInt8]
    var index = 0
    var tree = TOMLTree()
    /// The table that keys are added to.
    private var table = 0

    /// Arrays and inline tables within each other; parts of a dotted key.
    static let depthLimit = 64

    struct Key {
        var name: String
        var range: Range<Int>
    }

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    static func parse(_ bytes: [UInt8]) throws(TOMLError) -> TOMLTree {
        var parser = TOMLParser(bytes)
        try parser.readDocument()
        return parser.tree
    }

    // document := { ( header | pair ) line-end }
    private mutating func readDocument() throws(TOMLError) {
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) { index = 3 }
        while true {
            try skipLines()
            guard let next = byte() else { return }
            if next == UInt8(ascii: "[") {
                try readHeader()
            } else {
                try readPair(into: table, depth: 0)
            }
            skipBlanks()
            guard byte() == nil || isLineEnd || byte() == UInt8(ascii: "#") else {
                throw unexpected("the end of the line")
            }
        }
    }

    // header := "[" key "]" | "[[" key "]]"
    private mutating func readHeader() throws(TOMLError) {
        let isArray = byte(1) == UInt8(ascii: "[")
        index += isArray ? 2 : 1
        let keys = try readKey()
        try take(UInt8(ascii: "]"), "“]”")
        if isArray {
            guard byte() == UInt8(ascii: "]") else { throw unexpected("“]]”") }
            index += 1
        }
        guard let last = keys.last else { return }
        var parent = 0
        for key in keys.dropLast() { parent = try descend(from: parent, to: key) }
        table = try isArray ? appendTable(to: parent, last) : defineTable(in: parent, last)
    }

    /// The table of a part of a header, made if it is not there.
    private mutating func descend(from parent: Int, to key: Key) throws(TOMLError) -> Int {
        guard let entry = tree.tables[parent][key.name] else {
            return addTable(.parentOfHeader, to: parent, key)
        }
        switch tree.nodes[entry.node].value {
        case .table(let table) where tree.tables[table].origin != .inline: return table
        case .arrayOfTables(let elements):
            if let last = elements.last, case .table(let table) = tree.nodes[last].value { return table }
        default: break
        }
        throw TOMLError(message: "`\(key.name)` is not a table that can be added to", range: key.range)
    }

    private mutating func defineTable(in parent: Int, _ key: Key) throws(TOMLError) -> Int {
        guard let entry = tree.tables[parent][key.name] else { return addTable(.header, to: parent, key) }
        guard case .table(let table) = tree.nodes[entry.node].value,
            tree.tables[table].origin == .parentOfHeader
        else { throw duplicate(key) }
        tree.tables[table].origin = .header
        return table
    }

    private mutating func appendTable(to parent: Int, _ key: Key) throws(TOMLError) -> Int {
        let table = tree.tables.count
        tree.tables.append(TOMLTree.Table(.header, key.range))
        let element = addNode(.table(table), at: key.range.lowerBound)
        guard let entry = tree.tables[parent][key.name] else {
            let node = addNode(.arrayOfTables([element]), at: key.range.lowerBound)
            tree.tables[parent].append(.init(name: key.name, range: key.range, node: node))
            return table
        }
        guard case .arrayOfTables(var elements) = tree.nodes[entry.node].value else { throw duplicate(key) }
        tree.nodes[entry.node].value = .boolean(false)  // lets go of the list, so that it is not copied
        elements.append(element)
        tree.nodes[entry.node].value = .arrayOfTables(elements)
        return table
    }

    // pair := key "=" value
    mutating func readPair(into table: Int, depth: Int) throws(TOMLError) {
        let keys = try readKey()
        try take(UInt8(ascii: "="), "“=”")
        guard let last = keys.last else { return }
        var target = table
        for key in keys.dropLast() {
            guard let entry = tree.tables[target][key.name] else {
                target = addTable(.dottedKey, to: target, key)
                continue
            }
            guard case .table(let inner) = tree.nodes[entry.node].value,
                tree.tables[inner].origin == .dottedKey
            else { throw duplicate(key) }
            target = inner
        }
        guard tree.tables[target][last.name] == nil else { throw duplicate(last) }
        skipBlanks()
        let node = try readValue(depth: depth)
        // the value can be a table, but not one that has changed the target
        tree.tables[target].append(.init(name: last.name, range: last.range, node: node))
    }

    // key := part { "." part };  part := bare | "text" | 'text'
    private mutating func readKey() throws(TOMLError) -> [Key] {
        var keys: [Key] = []
        repeat {
            skipBlanks()
            let start = index
            let name: String
            if let quote = byte(), quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
                guard byte(1) != quote || byte(2) != quote else { throw unexpected("a key in one line") }
                name = String(decoding: try readText().bytes, as: UTF8.self)
            } else {
                while let next = byte(), isBare(next) { index += 1 }
                guard index > start else { throw unexpected("a key") }
                name = String(decoding: bytes[start..<index], as: UTF8.self)
            }
            keys.append(Key(name: name, range: start..<index))
            guard keys.count <= TOMLParser.depthLimit else { throw tooDeep(start) }
            skipBlanks()
        } while takeDot()
        return keys
    }

    private mutating func takeDot() -> Bool {
        guard byte() == UInt8(ascii: ".") else { return false }
        index += 1
        return true
    }

    private func isBare(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    // MARK: Building

    mutating func addNode(_ value: TOMLTree.Value, at start: Int) -> Int {
        tree.nodes.append(TOMLTree.Node(value: value, start: start))
        return tree.nodes.count - 1
    }

    private mutating func addTable(_ origin: TOMLTree.Table.Origin, to parent: Int, _ key: Key) -> Int {
        let table = tree.tables.count
        tree.tables.append(TOMLTree.Table(origin, key.range))
        let node = addNode(.table(table), at: key.range.lowerBound)
        tree.tables[parent].append(.init(name: key.name, range: key.range, node: node))
        return table
    }

    // MARK: Bytes

    func byte(_ ahead: Int = 0) -> UInt8? {
        index + ahead < bytes.count ? bytes[index + ahead] : nil
    }

    var isLineEnd: Bool {
        byte() == UInt8(ascii: "\n") || byte() == UInt8(ascii: "\r") && byte(1) == UInt8(ascii: "\n")
    }

    mutating func skipBlanks() {
        while let next = byte(), next == UInt8(ascii: " ") || next == UInt8(ascii: "\t") { index += 1 }
    }

    /// Skips blanks, line ends and comments.
    mutating func skipLines() throws(TOMLError) {
        while true {
            skipBlanks()
            if isLineEnd {
                index += byte() == UInt8(ascii: "\n") ? 1 : 2
            } else if byte() == UInt8(ascii: "#") {
                while byte() != nil, !isLineEnd {
                    guard byte() != UInt8(ascii: "\r") else { throw unexpected("the end of the line") }
                    index += 1
                }
            } else {
                return
            }
        }
    }

    private mutating func take(_ wanted: UInt8, _ name: String) throws(TOMLError) {
        skipBlanks()
        guard byte() == wanted else { throw unexpected(name) }
        index += 1
    }

    // MARK: Errors

    func unexpected(_ expected: String) -> TOMLError {
        guard let next = byte() else {
            return TOMLError(message: "the file ends where \(expected) is expected", range: index..<index)
        }
        if next == UInt8(ascii: "\n") || next == UInt8(ascii: "\r") {
            return TOMLError(message: "the line ends where \(expected) is expected", range: index..<index)
        }
        return TOMLError(message: "expected \(expected)", range: index..<(index + 1))
    }

    private func duplicate(_ key: Key) -> TOMLError {
        TOMLError(message: "`\(key.name)` is defined before", range: key.range)
    }

    func tooDeep(_ start: Int) -> TOMLError {
        TOMLError(message: "nested more than \(TOMLParser.depthLimit) deep", range: start..<(start + 1))
    }
}
