public import Events
internal import Platform

/// Names of users and groups, from /etc/passwd and /etc/group.
///
/// Other sources of names need libraries that a static executable cannot load.
public struct UserNames: ~Copyable {
    private let directory: String
    private var users = NameList()
    private var groups = NameList()
    private var buffer: [UInt8] = []
    private var nextLook: Int64 = 0

    /// - Parameter root: where the file system of the host is.
    public init(root: String = "") {
        directory = root + "/etc"
        refresh(at: .min)
    }

    /// Reads what has changed; looks at most once a second.
    ///
    /// - Parameter time: nanoseconds that only grow.
    public mutating func refresh(at time: Int64) {
        guard time == .min || time >= nextLook else { return }
        nextLook = time == .min ? 0 : time + 1_000_000_000
        users.refresh(from: directory + "/passwd", through: &buffer)
        groups.refresh(from: directory + "/group", through: &buffer)
    }

    /// Gives a field the name of a user; leaves it alone if there is none.
    public func setUser(_ field: Field, _ id: UInt32, of event: inout Event) {
        users.set(field, id, of: &event)
    }

    public func setGroup(_ field: Field, _ id: UInt32, of event: inout Event) {
        groups.set(field, id, of: &event)
    }
}

/// Names by number, from lines of `name:password:number:…`.
private struct NameList: Sendable {
    private struct Row {
        var id: UInt32
        var start: UInt32
        var length: UInt32
    }

    private var bytes: [UInt8] = []
    private var rows: [Row] = []
    private var version: FileMetadata?

    /// A file that is missing or too large changes nothing: an editor may be
    /// replacing it.
    mutating func refresh(from path: String, through buffer: inout [UInt8]) {
        guard let found = try? File.metadata(of: path), found != version,
            let read = try? File.read(path, into: &buffer, limit: 8 << 20)
        else { return }
        version = read
        bytes.removeAll(keepingCapacity: true)
        rows.removeAll(keepingCapacity: true)
        for line in buffer.split(separator: UInt8(ascii: "\n")) {
            let parts = line.split(
                separator: UInt8(ascii: ":"), maxSplits: 3, omittingEmptySubsequences: false)
            guard parts.count >= 3, !parts[0].isEmpty, line.first != UInt8(ascii: "#"),
                let id = UInt32(String(decoding: parts[2], as: UTF8.self))
            else { continue }
            rows.append(Row(id: id, start: UInt32(bytes.count), length: UInt32(parts[0].count)))
            bytes.append(contentsOf: parts[0])
        }
        // of several lines with one number the first counts, as in the C library
        rows.sort { ($0.id, $0.start) < ($1.id, $1.start) }
    }

    func set(_ field: Field, _ id: UInt32, of event: inout Event) {
        var low = 0
        var high = rows.count
        while low < high {
            let middle = (low + high) / 2
            if rows[middle].id < id { low = middle + 1 } else { high = middle }
        }
        guard low < rows.count, rows[low].id == id else { return }
        let start = Int(rows[low].start)
        event.set(field, text: bytes.span.extracting(start..<(start + Int(rows[low].length))))
    }
}
