internal import EQL
internal import Events

/// What came of reading the join keys of an event.
enum JoinKeyResult {
    case complete
    /// A key has no value and is not optional: the event takes no part.
    case missing
    /// A key has a value that could not be read: the event takes no part.
    case unknown
}

/// The fields of one stage's keys, as the engine reads them.
struct StageKey {
    let field: Field
    let isOptional: Bool
    /// User and group ids are numbers or their text: both make one key.
    let isIdentifier: Bool

    init(_ key: JoinKey) {
        field = key.field
        isOptional = key.isOptional
        isIdentifier = key.field.info.type == .identifier
    }
}

extension Event {
    /// Appends the canonical bytes of the first value of a field: equal for
    /// equal values, different for different ones, whatever stands next to them.
    func appendKey(_ key: StageKey, to target: inout ByteArena) -> JoinKeyResult {
        guard let slot = slot(key.field) else {
            guard key.isOptional else { return .missing }
            return target.append(UInt8(ascii: "-")) == nil ? .unknown : .complete
        }
        guard !slot.isUnknown else { return .unknown }
        let end: Int?
        switch slot.kind {
        case .text:
            let bytes = arena.bytes.span
            var range = slot.range
            if slot.count > 1, let separator = range.first(where: { bytes[$0] == 0 }) {
                range = range.lowerBound..<separator
            }
            _ = target.append(UInt8(ascii: "t"))
            _ = target.append(integer: UInt32(range.count))
            end = target.append(bytes.extracting(range))
        case .integer:
            let value =
                slot.count > 1 ? arena.bytes.span.integer(at: Int(slot.payload)) ?? 0 : slot.payload
            if key.isIdentifier {
                end = target.append(decimal: value)
            } else {
                _ = target.append(UInt8(ascii: "i"))
                end = target.append(integer: value)
            }
        case .address:
            _ = target.append(UInt8(ascii: "a"))
            let start = Int(slot.payload)
            end = target.append(arena.bytes.span.extracting(start..<(start + 16)))
        case .identity:
            _ = target.append(UInt8(ascii: "p"))
            _ = target.append(integer: slot.length)
            end = target.append(integer: slot.payload)
        }
        // a key beyond the arena's limit cannot be compared
        return end == nil ? .unknown : .complete
    }
}

extension ByteArena {
    /// Appends a number as the key of its decimal text.
    fileprivate mutating func append(decimal value: Int64) -> Int? {
        var digits: UInt32 = value < 0 ? 2 : 1
        var rest = value.magnitude
        var scale: UInt64 = 1
        while rest >= 10 {
            rest /= 10
            scale *= 10
            digits += 1
        }
        _ = append(UInt8(ascii: "t"))
        _ = append(integer: digits)
        if value < 0 { _ = append(UInt8(ascii: "-")) }
        rest = value.magnitude
        var end: Int?
        while scale > 0 {
            end = append(UInt8(ascii: "0") + UInt8(rest / scale))
            rest %= scale
            scale /= 10
        }
        return end
    }
}
