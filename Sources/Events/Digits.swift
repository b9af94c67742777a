extension [UInt8] {
    /// Appends a number in decimal.
    public mutating func append(decimal number: UInt64) {
        var digits = InlineArray<20, UInt8>(repeating: 0)
        var start = digits.count
        var rest = number
        repeat {
            start -= 1
            digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        append(copying: digits.span.extracting(start..<digits.count))
    }

    /// Appends a number in hex, in lower case.
    public mutating func append(hex number: UInt64) {
        var digits = InlineArray<16, UInt8>(repeating: 0)
        var start = digits.count
        var rest = number
        repeat {
            start -= 1
            let digit = UInt8(truncatingIfNeeded: rest & 15)
            digits[start] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit
            rest >>= 4
        } while rest > 0
        append(copying: digits.span.extracting(start..<digits.count))
    }
}
