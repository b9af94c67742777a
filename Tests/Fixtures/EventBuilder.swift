public import Events

/// A value for a field of a test event, written as a literal where possible:
/// `"curl"`, `["curl", "-s"]`, `80`, `true`, `.unknown`, `.cut("head…tail")`.
///
/// Text becomes what the field's type asks for: an address for an `ip` field.
public struct FieldValue: Sendable {
    enum Content: Sendable {
        case texts([[UInt8]])
        case integers([Int64])
        case identity(ProcessIdentity)
        case unknown
        case missing
    }

    var content: Content
    var traits: Slot.Traits = []

    /// The value exists but could not be read.
    public static let unknown = FieldValue(content: .unknown)
    /// No value: takes one away that the kind of event would have.
    public static let missing = FieldValue(content: .missing)

    public static func text(_ bytes: [UInt8]) -> FieldValue { FieldValue(content: .texts([bytes])) }

    public static func texts(_ values: [String], traits: Slot.Traits = []) -> FieldValue {
        FieldValue(content: .texts(values.map { Array($0.utf8) }), traits: traits)
    }

    /// A text or list of which a part, where U+2026 stands, was left out.
    public static func cut(_ values: String...) -> FieldValue { .texts(values, traits: .cut) }

    public static func integers(_ values: [Int64], traits: Slot.Traits = []) -> FieldValue {
        FieldValue(content: .integers(values), traits: traits)
    }

    public static func identity(_ pid: UInt32, _ start: UInt64) -> FieldValue {
        FieldValue(content: .identity(ProcessIdentity(pid: pid, start: start)))
    }

    /// Values of which the further ones are what a caller chose to say.
    public static func untrusted(_ values: String...) -> FieldValue {
        .texts(values, traits: [.untrustedSecond, .untrustedThird])
    }
}

extension FieldValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral
{
    public init(stringLiteral text: String) { self = .texts([text]) }
    public init(integerLiteral number: Int64) { self = .integers([number]) }
    public init(booleanLiteral boolean: Bool) { self = .integers([boolean ? 1 : 0]) }
    public init(arrayLiteral values: String...) { self = .texts(values) }
}

extension Event {
    /// An event made of the values given.
    ///
    /// A live kind brings `event.category`, `event.type`, `event.action` and
    /// `host.os.type` as the sensor sets them; a document has nothing else.
    public static func made(
        _ kind: EventKind = .document, at time: Int64 = 0, position: UInt64 = 0,
        _ fields: [Field: FieldValue] = [:]
    ) -> Event {
        var event = Event()
        event.header.kind = kind
        event.header.time = time
        event.header.timestamp = time
        event.header.position = position
        for (field, value) in liveValues(kind) { event.set(field, value) }
        for (field, value) in fields { event.set(field, value) }
        return event
    }

    private static func liveValues(_ kind: EventKind) -> [Field: FieldValue] {
        let (category, type, action): (FieldValue, FieldValue, FieldValue)
        switch kind {
        case .document: return [:]
        case .exec: (category, type, action) = ("process", "start", "exec")
        case .fork: (category, type, action) = ("process", "start", "fork")
        case .exit: (category, type, action) = ("process", "end", "end")
        case .connect: (category, type, action) = ("network", "start", "connection_attempted")
        }
        return [.eventCategory: category, .eventType: type, .eventAction: action, .hostOSType: "linux"]
    }

    /// Gives a field the value of a test.
    public mutating func set(_ field: Field, _ value: FieldValue) {
        switch value.content {
        case .missing: remove(field)
        case .unknown: setUnknown(field, traits: value.traits)
        case .identity(let identity): set(field, identity: identity, traits: value.traits)
        case .integers(let integers): set(field, integers: integers, value.traits)
        case .texts(let texts):
            if texts.isEmpty {
                remove(field)
            } else if field.info.type == .ip {
                set(field, addresses: texts, value.traits)
            } else {
                set(field, bytes: Array(texts.joined(separator: [0])), count: texts.count, value.traits)
            }
        }
    }

    private mutating func set(_ field: Field, integers: [Int64], _ traits: Slot.Traits) {
        set(field, integers: integers.span)
        mark(field, traits)
    }

    private mutating func set(_ field: Field, bytes: [UInt8], count: Int, _ traits: Slot.Traits) {
        guard let range = append(bytes.span) else { return }
        set(field, text: range, count: count, traits: traits)
    }

    private mutating func set(_ field: Field, addresses texts: [[UInt8]], _ traits: Slot.Traits) {
        let addresses = texts.compactMap { IPAddress(String(decoding: $0, as: UTF8.self)) }
        precondition(addresses.count == texts.count, "not an address: \(texts)")
        let octets = addresses.flatMap(\.octets)
        guard let range = append(octets.span) else { return }
        set(
            field,
            Slot(
                kind: .address, payload: Int64(range.lowerBound), length: UInt32(range.count),
                count: UInt16(texts.count), traits: traits))
    }
}
