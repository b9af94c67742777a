/// A set of fields as bits: what an event has, what a rule set needs.
public struct FieldSet: Sendable, Equatable {
    @usableFromInline var low: UInt64 = 0
    @usableFromInline var middle: UInt64 = 0
    @usableFromInline var high: UInt64 = 0

    /// Fields have numbers below this.
    public static let capacity = 192

    @inlinable
    public init() {}

    public init(_ fields: some Sequence<Field>) {
        for field in fields { insert(field) }
    }

    @inlinable @inline(__always)
    public func contains(_ field: Field) -> Bool {
        let number = field.rawValue
        let word = number < 64 ? low : number < 128 ? middle : high
        return word & (1 << UInt64(number & 63)) != 0
    }

    @inlinable @inline(__always)
    public mutating func insert(_ field: Field) {
        let number = field.rawValue
        let bit = UInt64(1) << UInt64(number & 63)
        if number < 64 { low |= bit } else if number < 128 { middle |= bit } else { high |= bit }
    }

    @inlinable @inline(__always)
    public mutating func remove(_ field: Field) {
        let number = field.rawValue
        let bit = UInt64(1) << UInt64(number & 63)
        if number < 64 { low &= ~bit } else if number < 128 { middle &= ~bit } else { high &= ~bit }
    }

    @inlinable
    public mutating func formUnion(_ other: FieldSet) {
        low |= other.low
        middle |= other.middle
        high |= other.high
    }

    public func isDisjoint(with other: FieldSet) -> Bool {
        low & other.low == 0 && middle & other.middle == 0 && high & other.high == 0
    }

    public func union(_ other: FieldSet) -> FieldSet {
        var union = self
        union.formUnion(other)
        return union
    }

    public func isSubset(of other: FieldSet) -> Bool {
        low & ~other.low == 0 && middle & ~other.middle == 0 && high & ~other.high == 0
    }

    public var count: Int { low.nonzeroBitCount + middle.nonzeroBitCount + high.nonzeroBitCount }

    public var isEmpty: Bool { low | middle | high == 0 }

    /// Removes and returns the field with the lowest number.
    public mutating func popFirst() -> Field? {
        guard let number = popFirstNumber() else { return nil }
        return Field(rawValue: UInt8(number))
    }

    /// Removes and returns the lowest number of a field.
    mutating func popFirstNumber() -> Int? {
        let number: Int
        if low != 0 {
            number = low.trailingZeroBitCount
            low &= low - 1
        } else if middle != 0 {
            number = 64 + middle.trailingZeroBitCount
            middle &= middle - 1
        } else if high != 0 {
            number = 128 + high.trailingZeroBitCount
            high &= high - 1
        } else {
            return nil
        }
        return number
    }

    /// The fields in the order of their numbers. Allocates; not for the hot path.
    public var fields: [Field] {
        var rest = self
        var fields: [Field] = []
        while let field = rest.popFirst() { fields.append(field) }
        return fields
    }
}
