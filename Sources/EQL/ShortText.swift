import Events

/// The text of a number or an address, made without memory from the heap.
struct ShortText {
    private(set) var bytes = InlineArray<48, UInt8>(repeating: 0)
    private(set) var count = 0

    private mutating func append(_ byte: UInt8) {
        bytes[count] = byte
        count += 1
    }

    /// At most 20 bytes.
    mutating func append(decimal value: Int64) {
        if value < 0 { append(UInt8(ascii: "-")) }
        var rest = value.magnitude
        let start = count
        repeat {
            append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        var (low, high) = (start, count - 1)
        while low < high {
            bytes.swapAt(low, high)
            low += 1
            high -= 1
        }
    }

    /// The canonical form, as `IPAddress.description` gives it.
    mutating func append(_ address: IPAddress) {
        if address.isV4 {
            for index in UInt32(0)..<4 {
                if index > 0 { append(UInt8(ascii: ".")) }
                append(decimal: Int64(address.v4Bits >> (24 - 8 * index) & 255))
            }
            return
        }
        // the longest run of zero groups, the first of equals
        var best = 0..<0
        var start = 0
        while start < 8 {
            var end = start
            while end < 8, ShortText.group(end, of: address) == 0 { end += 1 }
            if end - start > max(1, best.count) { best = start..<end }
            start = max(end, start + 1)
        }
        var index = 0
        while index < 8 {
            if index == best.lowerBound, !best.isEmpty {
                append(UInt8(ascii: ":"))
                append(UInt8(ascii: ":"))
                index = best.upperBound
                continue
            }
            if index > 0, index != best.upperBound || best.isEmpty { append(UInt8(ascii: ":")) }
            append(hexadecimal: ShortText.group(index, of: address))
            index += 1
        }
    }

    private static func group(_ index: Int, of address: IPAddress) -> UInt16 {
        let word = index < 4 ? address.high : address.low
        return UInt16(truncatingIfNeeded: word >> UInt64(48 - 16 * (index % 4)))
    }

    private mutating func append(hexadecimal value: UInt16) {
        var shift: UInt16 = 12
        while shift > 0, value >> shift == 0 { shift -= 4 }
        while true {
            let digit = UInt8(value >> shift & 15)
            append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
            guard shift > 0 else { return }
            shift -= 4
        }
    }
}
