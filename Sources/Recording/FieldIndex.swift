internal import Events

/// Finds fields by their dotted name while a document is being read, without
/// making strings: open addressing over a hash that grows with the path.
struct FieldIndex: Sendable {
    /// What a path means.
    enum Entry: Sendable {
        case field(Field)
        /// The exact bytes of a field, as base64: `imdswatch.raw.<field>`.
        case raw(Field)
        /// Some field's name begins with it.
        case prefix
        /// Search hits wrap the document in it.
        case source
    }

    private struct Row: Sendable {
        var hash: UInt64
        var name: Range<Int>
        var entry: Entry
    }

    /// All names, one after the other: rows hold ranges of it.
    private var names: [UInt8] = []

    static let emptyHash: UInt64 = 0xcbf2_9ce4_8422_2325
    private static let multiplier: UInt64 = 0x0000_0100_0000_01b3

    /// Number of the row in `rows` plus one; 0 is free.
    private var buckets: [UInt16]
    private var rows: [Row] = []

    init() {
        buckets = [UInt16](repeating: 0, count: 2048)
        for info in FieldInfo.table {
            insert(info.name, .field(info.field))
            if info.type == .keyword { insert("imdswatch.raw." + info.name, .raw(info.field)) }
        }
        insert("_source", .source)
    }

    static func hash(_ hash: UInt64, adding byte: UInt8) -> UInt64 {
        (hash ^ UInt64(byte)) &* multiplier
    }

    private mutating func insert(_ name: String, _ entry: Entry) {
        let bytes = Array(name.utf8)
        for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: ".") {
            add(Array(bytes[..<index]), .prefix)
        }
        add(bytes, entry)
    }

    private mutating func add(_ name: [UInt8], _ entry: Entry) {
        let hash = name.reduce(FieldIndex.emptyHash, FieldIndex.hash(_:adding:))
        var bucket = Int(truncatingIfNeeded: hash) & (buckets.count - 1)
        while buckets[bucket] != 0 {
            let row = Int(buckets[bucket]) - 1
            if names[rows[row].name].elementsEqual(name) {
                // a field that is also the beginning of others stays a field
                if case .prefix = rows[row].entry { rows[row].entry = entry }
                return
            }
            bucket = (bucket + 1) & (buckets.count - 1)
        }
        rows.append(Row(hash: hash, name: names.count..<(names.count + name.count), entry: entry))
        names += name
        buckets[bucket] = UInt16(rows.count)
    }

    /// What a path means, or nil if no field is there or below.
    func entry(hash: UInt64, path: borrowing Span<UInt8>) -> Entry? {
        var bucket = Int(truncatingIfNeeded: hash) & (buckets.count - 1)
        while buckets[bucket] != 0 {
            let row = Int(buckets[bucket]) - 1
            if rows[row].hash == hash, isEqual(rows[row].name, path) { return rows[row].entry }
            bucket = (bucket + 1) & (buckets.count - 1)
        }
        return nil
    }

    private func isEqual(_ range: Range<Int>, _ path: borrowing Span<UInt8>) -> Bool {
        guard range.count == path.count else { return false }
        let names = names.span
        for index in path.indices where names[range.lowerBound + index] != path[index] { return false }
        return true
    }
}
