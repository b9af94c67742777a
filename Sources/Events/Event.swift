internal import Synchronization

/// What happened, as far as the engine tells kinds apart.
public enum EventKind: UInt8, Sendable {
    /// From a document: category, type and action say what it is.
    case document
    case exec, fork, exit, connect
}

/// Which kernel hook saw an event.
public enum Hook: UInt8, Sendable {
    case none, tracepoint, fexit, kprobe

    /// The name used by `--hook` and in `imdswatch.hook`.
    public var name: String {
        switch self {
        case .none: "none"
        case .tracepoint: "tracepoint"
        case .fexit: "fexit"
        case .kprobe: "kprobe"
        }
    }
}

/// Facts about an event that are not fields of it.
public struct EventHeader: Sendable {
    public var kind: EventKind = .document
    public var hook: Hook = .none
    /// Evidence was shed in the kernel because the ring was nearly full.
    public var degraded = false
    /// The connection goes to an address that a loaded rule names.
    public var wanted = false
    /// Live: the kernel says that the process has started a program since it
    /// was forked. False where it says nothing.
    public var hasExeced = false
    /// Order and span time in nanoseconds: since boot live, since 1970 in `replay`.
    public var time: Int64 = 0
    /// `@timestamp` in nanoseconds since 1970, UTC.
    public var timestamp: Int64 = 0
    /// Place in the order of arrival: grows by one with each event.
    public var position: UInt64 = 0
    /// Live only: the process that acted, and its parent as EQL defines it.
    public var process: ProcessIdentity = .none
    public var parent: ProcessIdentity = .none
    /// Live only: how many programs had been started in their lines, modulo 2^32;
    /// 0 is not known.
    public var execs: UInt32 = 0
    public var parentExecs: UInt32 = 0
    /// Live only: of the process; on a fork, of the one that forked.
    public var directory = DirectoryIdentity.unknown
    /// Live only: a fork by another child of the parent (`CLONE_PARENT`).
    public var isBySibling = false
    public var sessionLeader: ProcessIdentity = .none
    public var groupLeader: ProcessIdentity = .none
    public var entryLeader: ProcessIdentity = .none
    /// Live only, not 0: the event is not complete yet; under this number its
    /// evidence is held.
    public var evidence: UInt32 = 0

    public init() {}
}

/// One event: a header, and a value for each field that it has.
///
/// An `Event` is filled, evaluated and emptied over and over; nothing is
/// allocated once its bytes have grown to the largest event seen. Whoever
/// reads it holds `event.arena.bytes.span` and asks for slots.
public struct Event: ~Copyable {
    public var header = EventHeader()

    /// The bytes that text, lists and addresses lie in.
    public private(set) var arena: ByteArena

    /// The fields that have a value or are known to be unreadable.
    @inlinable
    public var present: FieldSet { fields }

    // setting a number is a store and a bit: worth inlining into other modules
    @usableFromInline var fields = FieldSet()
    @usableFromInline var slots: InlineArray<192, Slot>

    /// Values that every event has, set once by `fixConstants`.
    private var constants = FieldSet()
    private var constantBytes = 0

    // Without a member that cannot be moved into registers, the compiler copies
    // the whole event, 3 KB, to hand it to any function that only reads it.
    private let anchor = Atomic<UInt8>(0)

    /// No event holds more text than this many bytes; what goes beyond is cut.
    public static let byteLimit = 1 << 20

    public init() {
        arena = ByteArena(capacity: 64 * 1024, limit: Event.byteLimit)
        slots = InlineArray(repeating: Slot(kind: .integer, payload: 0))
    }

    /// Makes what is set now part of every later event (`host.id`, say).
    public mutating func fixConstants() {
        constants = fields
        constantBytes = arena.count
    }

    /// Empties the event, except for the constants.
    public mutating func reset() {
        arena.truncate(to: constantBytes)
        fields = constants
        header = EventHeader()
    }

    /// Empties the event whole: constants too.
    mutating func clear() {
        constants = FieldSet()
        constantBytes = 0
        reset()
    }

    @inlinable @inline(__always)
    public func has(_ field: Field) -> Bool { fields.contains(field) }

    /// The value of a field, or nil if it is missing.
    @inlinable @inline(__always)
    public func slot(_ field: Field) -> Slot? {
        fields.contains(field) ? slots[Int(field.rawValue)] : nil
    }

    @inlinable @inline(__always)
    public mutating func set(_ field: Field, _ slot: Slot) {
        slots[Int(field.rawValue)] = slot
        fields.insert(field)
    }

    @inlinable
    public mutating func remove(_ field: Field) {
        fields.remove(field)
    }

    /// Adds traits to a value that is there.
    public mutating func mark(_ field: Field, _ traits: Slot.Traits) {
        guard fields.contains(field) else { return }
        slots[Int(field.rawValue)].traits.formUnion(traits)
    }

    // MARK: Setting values

    @inlinable @inline(__always)
    public mutating func set(_ field: Field, integer: Int64, traits: Slot.Traits = []) {
        set(field, Slot(kind: .integer, payload: integer, traits: traits))
    }

    @inlinable @inline(__always)
    public mutating func set(_ field: Field, boolean: Bool) {
        set(field, Slot(kind: .integer, payload: boolean ? 1 : 0))
    }

    @inlinable
    public mutating func set(_ field: Field, identity: ProcessIdentity, traits: Slot.Traits = []) {
        set(
            field,
            Slot(
                kind: .identity, payload: Int64(bitPattern: identity.start), length: identity.pid,
                traits: traits))
    }

    /// Notes that a value exists which could not be read.
    public mutating func setUnknown(_ field: Field, traits: Slot.Traits = []) {
        set(field, Slot(kind: .text, payload: 0, count: 0, traits: traits.union(.unknown)))
    }

    /// Copies text in as the only value of a field.
    public mutating func set(_ field: Field, text: borrowing Span<UInt8>, traits: Slot.Traits = []) {
        guard let range = append(text) else { return setUnknown(field, traits: traits.union(.cut)) }
        set(field, text: range, traits: traits)
    }

    /// Copies a text of up to sixteen bytes in, which are the low ones of two words.
    public mutating func set(_ field: Field, shortText length: Int, _ low: UInt64, _ high: UInt64) {
        guard let offset = arena.append(length, of: low, high) else {
            return setUnknown(field, traits: .cut)
        }
        set(field, Slot(kind: .text, payload: Int64(offset), length: UInt32(length)))
    }

    /// Copies a part of a text in as the only value of a field; false, and
    /// nothing is set, if there is no room.
    public mutating func setText(
        _ field: Field, _ text: borrowing Span<UInt8>, _ range: Range<Int>
    ) -> Bool {
        guard let offset = arena.append(text.extracting(range)) else { return false }
        set(field, Slot(kind: .text, payload: Int64(offset), length: UInt32(range.count)))
        return true
    }

    public mutating func set(_ field: Field, text: StaticString) {
        guard let offset = arena.append(text) else { return setUnknown(field, traits: .cut) }
        set(field, text: offset..<(offset + text.utf8CodeUnitCount))
    }

    /// Makes bytes that are already in the arena the value, or the
    /// NUL-separated values, of a field.
    @inlinable
    public mutating func set(
        _ field: Field, text range: Range<Int>, count: Int = 1, traits: Slot.Traits = []
    ) {
        set(
            field,
            Slot(
                kind: .text, payload: Int64(range.lowerBound), length: UInt32(range.count),
                count: UInt16(clamping: count), traits: traits))
    }

    public mutating func set(_ field: Field, address: IPAddress) {
        let start = arena.count
        guard arena.append(integer: address.high.bigEndian) != nil,
            arena.append(integer: address.low.bigEndian) != nil
        else { return setUnknown(field, traits: .cut) }
        set(field, Slot(kind: .address, payload: Int64(start), length: 16))
    }

    /// Several integers, booleans or dates. An empty list is a missing value.
    public mutating func set(_ field: Field, integers: borrowing Span<Int64>) {
        guard !integers.isEmpty else { return remove(field) }
        guard integers.count > 1 else { return set(field, integer: integers[0]) }
        let start = arena.count
        for index in integers.indices where arena.append(integer: integers[index]) == nil {
            return setUnknown(field, traits: .cut)
        }
        set(
            field,
            Slot(
                kind: .integer, payload: Int64(start), length: UInt32(8 * integers.count),
                count: UInt16(clamping: integers.count)))
    }

    // MARK: Building text in place

    /// Copies bytes in without giving them to a field yet.
    public mutating func append(_ text: borrowing Span<UInt8>) -> Range<Int>? {
        guard let offset = arena.append(text) else { return nil }
        return offset..<(offset + text.count)
    }

    public mutating func append(byte: UInt8) -> Int? { arena.append(byte) }

    /// Copies a range that is here already, with one byte value replaced.
    public mutating func appendCopy(of range: Range<Int>, replacing old: UInt8, with new: UInt8)
        -> Range<Int>?
    {
        guard let offset = arena.appendCopy(of: range, replacing: old, with: new)?.offset else { return nil }
        return offset..<(offset + range.count)
    }

    /// Makes one text of NUL-separated values, with another byte between them:
    /// a copy, unless there is but one value.
    ///
    /// - Returns: where it is, nil if there is no room; and how many values.
    mutating func joinValues(in range: Range<Int>, by separator: UInt8) -> (text: Range<Int>?, count: Int) {
        guard let copy = arena.appendCopy(of: range, replacing: 0, with: separator) else {
            let count = 1 + arena.occurrences(of: 0, in: range)
            return (count == 1 ? range : nil, count)
        }
        guard copy.replaced > 0 else {
            arena.truncate(to: copy.offset)
            return (range, 1)
        }
        return (copy.offset..<(copy.offset + range.count), 1 + copy.replaced)
    }
}
