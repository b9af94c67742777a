internal import Events

/// The names that mean something in a document, as a tree: finds what a key
/// means below an object without making strings.
///
/// A key may hold several steps at once (`process.parent.name`), so for each
/// node every name below it is in the table, whole.
struct NameTree: Sendable {
    /// What stands at a name.
    enum Meaning: UInt8, Sendable {
        /// Nothing itself; names below it mean something.
        case prefix
        case field
        /// The exact bytes of a field, as base64: `imdswatch.raw.<field>`.
        case raw
        /// Values of a field beyond the first: `imdswatch.further.<field>`.
        case further
        /// Where the value of a field came from: `imdswatch.origin.<field>`.
        case origin
        /// Search hits wrap the document in it.
        case source
        /// What search hits are called, beside it.
        case hitID
        case hook, bootTime, degraded
        /// Names of fields whose values are special.
        case truncated, unknown, mutable, untrusted, redacted
    }

    struct Node: Sendable {
        var meaning = Meaning.prefix
        /// Of `field`, `raw`, `further` and `origin`.
        var field = Field.timestamp
        var type = FieldType.keyword
        /// Something at or below it is wanted although not everything is.
        var isWanted = false
    }

    private struct Bucket: Sendable {
        /// The first eight bytes of the key, or all of it and zeros.
        var first: UInt64 = 0
        var start: UInt32 = 0
        var count: UInt16 = 0
        var parent: UInt16 = 0
        /// 0 is the root, which is nobody's child: free.
        var node: UInt16 = 0
    }

    static let root = 0

    private(set) var nodes = [Node()]
    /// All keys, one after the other.
    private var names: [UInt8] = []
    private var buckets: [Bucket] = []

    /// - Parameter wanted: fields to be read where not everything is.
    init(wanted: FieldSet) {
        var builder = Builder()
        for info in FieldInfo.table {
            let isWanted = wanted.contains(info.field)
            func add(_ prefix: String, _ meaning: Meaning, wanted: Bool) {
                builder.add(
                    prefix + info.name,
                    Node(meaning: meaning, field: info.field, type: info.type, isWanted: wanted))
            }
            add("", .field, wanted: isWanted)
            add("imdswatch.origin.", .origin, wanted: false)
            guard info.type == .keyword else { continue }
            add("imdswatch.raw.", .raw, wanted: isWanted)
            if info.isMany { add("imdswatch.further.", .further, wanted: isWanted) }
        }
        let others: [(String, Meaning)] = [
            ("_source", .source), ("imdswatch.hook", .hook), ("imdswatch.time_since_boot", .bootTime),
            ("imdswatch.degraded", .degraded), ("imdswatch.truncated", .truncated),
            ("imdswatch.unknown", .unknown), ("imdswatch.mutable", .mutable),
            ("imdswatch.untrusted", .untrusted), ("imdswatch.redacted", .redacted),
        ]
        for (name, meaning) in others {
            builder.add(name, Node(meaning: meaning, isWanted: meaning != .redacted))
        }
        builder.add("_id", Node(meaning: .hitID, isWanted: wanted.contains(.eventID)))
        nodes = builder.nodes
        fill(builder.children)
    }

    // MARK: Looking up

    /// The node that a key leads to, or the root if nothing there means
    /// anything; and the hash of the key, which has nothing to do with that.
    func child(
        of parent: Int, _ key: borrowing Span<UInt8>, _ range: Range<Int>
    ) -> (node: Int, hash: UInt64) {
        let ends = NameTree.ends(of: key, range)
        let hash = NameTree.hash(parent, range.count, ends)
        let buckets = self.buckets.span
        var index = Int(truncatingIfNeeded: hash) & (buckets.count - 1)
        while true {
            let bucket = buckets[index]
            if bucket.node == 0 { return (NameTree.root, hash) }
            if bucket.first == ends.first, Int(bucket.parent) == parent, Int(bucket.count) == range.count,
                range.count <= 8 || isEqual(Int(bucket.start), key, range)
            {
                return (Int(bucket.node), hash)
            }
            index = (index + 1) & (buckets.count - 1)
        }
    }

    /// Whether a key that is longer than a word is the one that begins there.
    @inline(__always)
    private func isEqual(_ start: Int, _ key: borrowing Span<UInt8>, _ range: Range<Int>) -> Bool {
        let names = self.names.span
        var offset = 8
        while offset + 8 < range.count {
            let one: UInt64? = names.integer(at: start + offset)
            guard one == key.integer(at: range.lowerBound + offset) else { return false }
            offset += 8
        }
        let one: UInt64? = names.integer(at: start + range.count - 8)
        return one == key.integer(at: range.upperBound - 8)
    }

    /// The first and the last eight bytes of a key; of a shorter one, all of
    /// it, and zeros.
    @inline(__always)
    private static func ends(
        of key: borrowing Span<UInt8>, _ range: Range<Int>
    ) -> (first: UInt64, last: UInt64) {
        if let word: UInt64 = key.integer(at: range.lowerBound) {
            let first = UInt64(littleEndian: word)
            guard range.count < 8 else {
                let last: UInt64? = key.integer(at: range.upperBound - 8)
                return (first, UInt64(littleEndian: last ?? 0))
            }
            return (first & (1 << UInt64(8 * range.count) &- 1), 0)
        }
        // the last bytes of a text
        var first: UInt64 = 0
        for index in range.reversed() { first = first << 8 | UInt64(key[index]) }
        return (first, 0)
    }

    @inline(__always)
    private static func hash(_ parent: Int, _ count: Int, _ ends: (first: UInt64, last: UInt64)) -> UInt64 {
        let word =
            ends.first ^ ends.last &* 0x9e37_79b9_7f4a_7c15
            ^ UInt64(truncatingIfNeeded: parent << 8 ^ count) &* 0xe703_7ed1_a0b4_28db
        let product = word.multipliedFullWidth(by: 0xa076_1d64_78bd_642f)
        return product.high ^ product.low
    }

    // MARK: Building

    private mutating func fill(_ children: [[String: Int]]) {
        var rows: [(parent: Int, name: [UInt8], node: Int)] = []
        for parent in children.indices {
            func visit(_ node: Int, _ name: String) {
                for (step, child) in children[node] {
                    let whole = name.isEmpty ? step : name + "." + step
                    rows.append((parent, Array(whole.utf8), child))
                    visit(child, whole)
                }
            }
            visit(parent, "")
        }
        var size = 64
        while size < 2 * rows.count { size *= 2 }
        buckets = [Bucket](repeating: Bucket(), count: size)
        for row in rows {
            let ends = NameTree.ends(of: row.name.span, 0..<row.name.count)
            let hash = NameTree.hash(row.parent, row.name.count, ends)
            var index = Int(truncatingIfNeeded: hash) & (size - 1)
            while buckets[index].node != 0 { index = (index + 1) & (size - 1) }
            buckets[index] = Bucket(
                first: ends.first, start: UInt32(names.count), count: UInt16(row.name.count),
                parent: UInt16(row.parent), node: UInt16(row.node))
            names += row.name
        }
    }

    private struct Builder {
        var nodes = [Node()]
        var children: [[String: Int]] = [[:]]

        mutating func add(_ name: String, _ new: Node) {
            var node = NameTree.root
            for step in name.split(separator: ".") {
                if let child = children[node][String(step)] {
                    node = child
                } else {
                    nodes.append(Node())
                    children.append([:])
                    children[node][String(step)] = nodes.count - 1
                    node = nodes.count - 1
                }
                if new.isWanted { nodes[node].isWanted = true }
            }
            let isWanted = nodes[node].isWanted
            nodes[node] = new
            nodes[node].isWanted = isWanted
        }
    }
}
