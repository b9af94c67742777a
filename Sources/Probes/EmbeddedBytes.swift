/// Turns the hex of an embedded file back into bytes; nil if it is not hex.
func decodeHex(_ text: StaticString) -> [UInt8]? {
    let length = text.utf8CodeUnitCount
    guard text.hasPointerRepresentation, length.isMultiple(of: 2) else { return nil }
    // SAFETY: a static string with a pointer representation has that many bytes
    // and lives as long as the process.
    let digits = unsafe UnsafeBufferPointer(start: text.utf8Start, count: length)
    var bytes = [UInt8](repeating: 0, count: length / 2)
    var wrong: UInt8 = 0
    for index in bytes.indices {
        let high = unsafe value(ofDigit: digits[2 * index])
        let low = unsafe value(ofDigit: digits[2 * index + 1])
        wrong |= high | low
        bytes[index] = high << 4 | low & 15
    }
    return wrong & 0xf0 == 0 ? bytes : nil
}

/// 0 to 15, or more for what is not a digit of lower-case hex.
private func value(ofDigit byte: UInt8) -> UInt8 {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x61...0x66: byte - 0x61 + 10
    default: 0xff
    }
}
