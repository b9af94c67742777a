internal import Events

/// A text of at most sixteen bytes as two words: cheap to compare.
struct ShortText: Equatable, Sendable {
    private var low: UInt64 = 0
    private var high: UInt64 = 0
    private var count: Int

    /// Nil if the text is longer.
    @inline(__always)
    init?(_ text: borrowing Span<UInt8>, _ range: Range<Int>) {
        guard range.count <= 16 else { return nil }
        count = range.count
        if let low: UInt64 = text.integer(at: range.lowerBound),
            let high: UInt64 = text.integer(at: range.lowerBound + 8)
        {
            // what is behind the text does not count
            let bits = UInt64(8 * count)
            self.low = UInt64(littleEndian: low) & (1 << bits &- 1)
            self.high = UInt64(littleEndian: high) & (count > 8 ? 1 << (bits - 64) &- 1 : 0)
        } else {
            for index in range.reversed() {
                high = high << 8 | low >> 56
                low = low << 8 | UInt64(text[index])
            }
        }
    }

    /// - Parameter text: at most sixteen bytes.
    init(_ text: StaticString) {
        count = text.utf8CodeUnitCount
        precondition(count <= 16)
        for byte in text.description.utf8.reversed() {
            high = high << 8 | low >> 56
            low = low << 8 | UInt64(byte)
        }
    }
}
