internal import CBPF
internal import Events

/// Names of control groups as each program told them last, on each processor: where
/// the next record is of the same group, the kernel leaves the name out.
struct ToldGroups: ~Copyable {
    /// Bytes of one name at most, as in the kernel's directory entries.
    private static let room = 255
    private static let programs = 3

    private var names: ByteArena
    /// Nil as long as nothing was told.
    private var lengths: [UInt8?]
    /// Of the groups: what does not fit was lost on the way.
    private var ids: [UInt64]

    /// - Parameter processors: one more than the highest number of one.
    init(processors: Int) {
        let places = processors * Self.programs
        ids = [UInt64](repeating: 0, count: places)
        names = ByteArena(capacity: places * Self.room, limit: places * Self.room)
        _ = names.extend(by: places * Self.room)
        lengths = [UInt8?](repeating: nil, count: places)
    }

    /// Where a record's program on its processor has its name; nil if records of
    /// this kind leave none out.
    @inline(__always)
    func place(of record: record) -> Int? {
        let program: Int
        switch RecordKind(rawValue: record.header.kind) {
        case .exec: program = 0
        case .connect: program = record.connect.family == addressFamilyIPv4 ? 1 : 2
        default: return nil
        }
        let place = Int(record.header.cpu) * Self.programs + program
        return place < lengths.count ? place : nil
    }

    /// Keeps a name that was told.
    @inline(__always)
    mutating func keep(_ name: borrowing Span<UInt8>, of id: UInt64, at place: Int) {
        guard name.count <= Self.room else {
            lengths[place] = nil
            return
        }
        names.replace(at: place * Self.room, with: name)
        lengths[place] = UInt8(name.count)
        ids[place] = id
    }

    /// Sets the name that was left out; it is unknown if it was never told.
    @inline(__always)
    func set(_ field: Field, _ id: UInt64, at place: Int?, of event: inout Event) {
        guard let place, let length = lengths[place], ids[place] == id else {
            return event.setUnknown(field)
        }
        let start = place * Self.room
        event.set(field, text: names.bytes.span.extracting(start..<(start + Int(length))))
    }
}

/// AF_INET, which is the same everywhere.
private let addressFamilyIPv4: UInt16 = 2
