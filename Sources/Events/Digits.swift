extension [UInt8] {
    /// Appends a number in decimal.
    public mutating func append(decimal number: UInt64) { append(number, radix: 10) }

    /// Appends a number in hex, in lower case.
    public mutating func append(hex number: UInt64) { append(number, radix: 16) }

    @inline(__always)
    private mutating func append(_ number: UInt64, radix: UInt64) {
        var digits = InlineArray<20, UInt8>(repeating: 0)
        var start = digits.count
        var rest = number
        repeat {
            start -= 1
            digits[start] = hexDigit(UInt8(truncatingIfNeeded: rest % radix))
            rest /= radix
        } while rest > 0
        append(copying: digits.span.extracting(start..<digits.count))
    }
}

/// A hex digit in lower case.
public func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 48 + value : 87 + value }
