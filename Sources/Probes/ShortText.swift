internal import Events

/// A few bytes of text, made in place: numbers and addresses.
struct ShortText {
    private(set) var bytes = InlineArray<48, UInt8>(repeating: 0)
    private(set) var count = 0

    init() {}

    mutating func append(_ byte: UInt8) {
        guard count < bytes.count else { return }
        bytes[count] = byte
        count += 1
    }

    mutating func append(decimal value: UInt32) {
        if value >= 10 { append(decimal: value / 10) }
        append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value % 10))
    }

    mutating func append(hex value: UInt16) {
        if value >= 16 { append(hex: value / 16) }
        let digit = UInt8(truncatingIfNeeded: value % 16)
        append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
    }
}

extension ShortText {
    /// The canonical text of an address: what `IPAddress.description` says,
    /// without its allocations.
    init(_ address: IPAddress) {
        if address.isV4 {
            appendV4(address.v4Bits)
        } else {
            appendV6(address)
        }
    }

    private mutating func appendV4(_ bits: UInt32) {
        append(decimal: bits >> 24)
        append(UInt8(ascii: "."))
        append(decimal: bits >> 16 & 255)
        append(UInt8(ascii: "."))
        append(decimal: bits >> 8 & 255)
        append(UInt8(ascii: "."))
        append(decimal: bits & 255)
    }

    /// RFC 5952: the first of the longest runs of two or more zero groups is "::".
    private mutating func appendV6(_ address: IPAddress) {
        var run = 0..<0
        var index = 0
        while index < 8 {
            var end = index
            while end < 8, address.group(end) == 0 { end += 1 }
            if end - index > max(1, run.count) { run = index..<end }
            index = max(end, index + 1)
        }
        index = 0
        while index < 8 {
            if index == run.lowerBound, !run.isEmpty {
                append(UInt8(ascii: ":"))
                append(UInt8(ascii: ":"))
                index = run.upperBound
                continue
            }
            if index > 0, index != run.upperBound || run.isEmpty { append(UInt8(ascii: ":")) }
            append(hex: address.group(index))
            index += 1
        }
    }
}

extension IPAddress {
    /// One of the eight groups of an IPv6 address.
    fileprivate func group(_ index: Int) -> UInt16 {
        let word = index < 4 ? high : low
        return UInt16(truncatingIfNeeded: word >> UInt64(48 - 16 * (index % 4)))
    }
}
