// An event as one run of bytes, to be kept, queued and handed to another
// thread. Layout, in native byte order since it never leaves the process:
//
//     UInt32 size of the image, UInt32 number of slots
//     header: kind, hook, flags, pad (1 byte each), UInt32 evidence,
//             time, timestamp, position, then five identities (pid, start)
//     a slot each: payload 8, length 4, count 2, kind 1, traits 1, field 1
//     the event's bytes; offsets in slots count from their start

private let fixedSize = 8 + 8 + 24 + 5 * 12
private let slotSize = 17

extension Event {
    /// Appends the image of this event and returns where it lies, or nil if
    /// the arena's limit is reached (then nothing is appended).
    public func appendImage(to target: inout ByteArena) -> Range<Int>? {
        let start = target.count
        let size = fixedSize + slotSize * present.count + arena.count
        guard size <= target.limit - start else { return nil }

        let header = self.header
        let present = self.present
        let slots = self.slots.span
        _ = target.append(count: size - arena.count) { bytes, start in
            bytes.storeBytes(of: UInt32(size), toByteOffset: start, as: UInt32.self)
            bytes.storeBytes(of: UInt32(present.count), toByteOffset: start + 4, as: UInt32.self)
            header.store(in: &bytes, at: start + 8)
            var rest = present
            var offset = start + fixedSize
            while let number = rest.popFirstNumber() {
                let slot = slots[number]
                bytes.storeBytes(of: slot.payload, toByteOffset: offset, as: Int64.self)
                bytes.storeBytes(of: slot.rest, toByteOffset: offset + 8, as: UInt64.self)
                bytes.storeBytes(of: UInt8(number), toByteOffset: offset + 16, as: UInt8.self)
                offset += slotSize
            }
        }
        _ = target.append(arena.bytes.span.extracting(0..<arena.count))
        return start..<target.count
    }
}

extension Slot {
    /// All but the payload, in the order of an image: one store instead of four.
    fileprivate var rest: UInt64 {
        let (length, count) = (UInt64(length), UInt64(count) << 32)
        return (length | count | UInt64(kind.rawValue) << 48 | UInt64(traits.rawValue) << 56).littleEndian
    }
}

extension EventHeader {
    fileprivate func store(in bytes: inout MutableRawSpan, at start: Int) {
        bytes.storeBytes(of: kind.rawValue, toByteOffset: start, as: UInt8.self)
        bytes.storeBytes(of: hook.rawValue, toByteOffset: start + 1, as: UInt8.self)
        let flags: UInt8 = (degraded ? 1 : 0) | (wanted ? 2 : 0)
        bytes.storeBytes(of: flags, toByteOffset: start + 2, as: UInt8.self)
        bytes.storeBytes(of: 0, toByteOffset: start + 3, as: UInt8.self)
        bytes.storeBytes(of: evidence, toByteOffset: start + 4, as: UInt32.self)
        bytes.storeBytes(of: time, toByteOffset: start + 8, as: Int64.self)
        bytes.storeBytes(of: timestamp, toByteOffset: start + 16, as: Int64.self)
        bytes.storeBytes(of: position, toByteOffset: start + 24, as: UInt64.self)
        var offset = start + 32
        func store(_ identity: ProcessIdentity, in bytes: inout MutableRawSpan) {
            bytes.storeBytes(of: identity.pid, toByteOffset: offset, as: UInt32.self)
            bytes.storeBytes(of: identity.start, toByteOffset: offset + 4, as: UInt64.self)
            offset += 12
        }
        store(process, in: &bytes)
        store(parent, in: &bytes)
        store(sessionLeader, in: &bytes)
        store(groupLeader, in: &bytes)
        store(entryLeader, in: &bytes)
    }
}

/// The fixed part of an image, read and checked.
private struct ImageHead {
    let header: EventHeader
    let slots: Int
    let size: Int

    /// Where the event's bytes begin.
    var bytesStart: Int { fixedSize + slotSize * slots }

    init?(_ image: borrowing Span<UInt8>) {
        guard let size = image.integer(UInt32.self, at: 0), Int(size) <= image.count,
            let number = image.integer(UInt32.self, at: 4),
            fixedSize + slotSize * Int(number) <= Int(size),
            let kind = EventKind(rawValue: image[8]), let hook = Hook(rawValue: image[9])
        else { return nil }

        func identity(_ index: Int) -> ProcessIdentity {
            let offset = 40 + 12 * index
            return ProcessIdentity(
                pid: image.integer(at: offset) ?? 0, start: image.integer(at: offset + 4) ?? 0)
        }
        var header = EventHeader()
        header.kind = kind
        header.hook = hook
        header.degraded = image[10] & 1 != 0
        header.wanted = image[10] & 2 != 0
        header.evidence = image.integer(at: 12) ?? 0
        header.time = image.integer(at: 16) ?? 0
        header.timestamp = image.integer(at: 24) ?? 0
        header.position = image.integer(at: 32) ?? 0
        header.process = identity(0)
        header.parent = identity(1)
        header.sessionLeader = identity(2)
        header.groupLeader = identity(3)
        header.entryLeader = identity(4)
        self.header = header
        self.slots = Int(number)
        self.size = Int(size)
    }

    /// One slot, whose range lies within the event's bytes.
    func slot(_ index: Int, of image: borrowing Span<UInt8>) -> (field: Field, slot: Slot)? {
        let offset = fixedSize + slotSize * index
        guard let field = Field(rawValue: image[offset + 16]),
            let kind = Slot.Kind(rawValue: image[offset + 14]),
            let payload: Int64 = image.integer(at: offset),
            let length: UInt32 = image.integer(at: offset + 8),
            let count: UInt16 = image.integer(at: offset + 12)
        else { return nil }
        let slot = Slot(
            kind: kind, payload: payload, length: length, count: count,
            traits: Slot.Traits(rawValue: image[offset + 15]))
        if kind == .text || kind == .address || (kind == .integer && count > 1) {
            guard payload >= 0, payload <= Int64(size - bytesStart) - Int64(length) else { return nil }
        }
        return (field, slot)
    }
}

/// A finished event as a value: what the encoders and tests read.
public struct EventSnapshot: Sendable {
    public let header: EventHeader
    /// The bytes that slots point into.
    public let bytes: [UInt8]
    /// The fields that the event has.
    public let present: FieldSet
    private let slots: [Slot]
    /// By the number of a field: the place of its slot.
    private let places: [UInt8]

    /// Reads an image made by `Event.appendImage`; nil if it is malformed.
    public init?(image: borrowing Span<UInt8>) {
        guard let head = ImageHead(image) else { return nil }
        var present = FieldSet()
        var slots: [Slot] = []
        slots.reserveCapacity(head.slots)
        var places = [UInt8](repeating: 0, count: FieldSet.capacity)
        for index in 0..<head.slots {
            guard let (field, slot) = head.slot(index, of: image), !present.contains(field)
            else { return nil }
            present.insert(field)
            places[Int(field.rawValue)] = UInt8(truncatingIfNeeded: index)
            slots.append(slot)
        }
        header = head.header
        self.present = present
        self.slots = slots
        self.places = places
        bytes = Array(copying: image.extracting(head.bytesStart..<head.size))
    }

    public func slot(_ field: Field) -> Slot? {
        has(field) ? slots[Int(places[Int(field.rawValue)])] : nil
    }

    public func has(_ field: Field) -> Bool { present.contains(field) }

    /// The first text value of a field, or nil if it has none.
    public func firstText(_ field: Field) -> ArraySlice<UInt8>? {
        guard let slot = slot(field), slot.kind == .text, !slot.isUnknown else { return nil }
        let all = bytes[slot.range]
        return slot.count > 1 ? all.prefix { $0 != 0 } : all
    }

    /// All text values of a field.
    public func texts(_ field: Field) -> [ArraySlice<UInt8>] {
        guard let slot = slot(field), slot.kind == .text, !slot.isUnknown else { return [] }
        guard slot.count > 1 else { return [bytes[slot.range]] }
        return bytes[slot.range].split(
            separator: 0, maxSplits: Int(slot.count) - 1, omittingEmptySubsequences: false)
    }

    /// All numbers of a field: integers, booleans (0, 1) or dates.
    public func integers(_ field: Field) -> [Int64] {
        guard let slot = slot(field), slot.kind == .integer, !slot.isUnknown else { return [] }
        guard slot.count > 1 else { return [slot.payload] }
        return (0..<Int(slot.count)).map {
            bytes.span.integer(at: Int(slot.payload) + 8 * $0) ?? 0
        }
    }

    public func addresses(_ field: Field) -> [IPAddress] {
        guard let slot = slot(field), slot.kind == .address, !slot.isUnknown else { return [] }
        return (0..<Int(slot.count)).compactMap {
            IPAddress(bytes: bytes[slot.range].span.extracting(16 * $0..<16 * $0 + 16))
        }
    }
}

extension Event {
    /// A copy as a value. Allocates; for encoders and tests.
    public func snapshot() -> EventSnapshot? {
        var image = ByteArena(capacity: 4096, limit: 4 * Event.byteLimit)
        guard let range = appendImage(to: &image) else { return nil }
        return EventSnapshot(image: image.bytes.span.extracting(range))
    }
}

extension Event {
    /// Makes this event the one of an image; false if it is malformed. The
    /// constants of this event give way to what the image holds. Allocates
    /// nothing once the event's bytes have grown.
    public mutating func load(image: borrowing Span<UInt8>) -> Bool {
        clear()
        guard let head = ImageHead(image),
            append(image.extracting(head.bytesStart..<head.size)) != nil
        else { return false }
        header = head.header
        for index in 0..<head.slots {
            guard let (field, slot) = head.slot(index, of: image) else { return false }
            set(field, slot)
        }
        return true
    }
}
