/// Writes bytes in the base64 alphabet of RFC 4648, padded.
enum Base64 {
    /// Bytes that `count` bytes become.
    static func size(_ count: Int) -> Int { (count + 2) / 3 * 4 }

    static func append(_ bytes: borrowing Span<UInt8>, to target: inout [UInt8]) {
        var index = 0
        while index < bytes.count {
            let left = bytes.count - index
            let group =
                UInt32(bytes[index]) << 16 | (left > 1 ? UInt32(bytes[index + 1]) << 8 : 0)
                | (left > 2 ? UInt32(bytes[index + 2]) : 0)
            target.append(digit(group >> 18))
            target.append(digit(group >> 12))
            target.append(left > 1 ? digit(group >> 6) : UInt8(ascii: "="))
            target.append(left > 2 ? digit(group) : UInt8(ascii: "="))
            index += 3
        }
    }

    private static func digit(_ bits: UInt32) -> UInt8 {
        switch UInt8(bits & 63) {
        case let value where value < 26: 65 + value
        case let value where value < 52: 71 + value
        case let value where value < 62: value - 4
        case 62: UInt8(ascii: "+")
        default: UInt8(ascii: "/")
        }
    }
}
