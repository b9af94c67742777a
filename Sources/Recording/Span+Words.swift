internal import Events

extension Span<UInt8> {
    /// The 32 bytes from there on, the first lowest; nil if there are fewer.
    @inline(__always)
    func words(at start: Int) -> SIMD4<UInt64>? {
        guard start <= count - 32, let first: UInt64 = integer(at: start),
            let second: UInt64 = integer(at: start + 8), let third: UInt64 = integer(at: start + 16),
            let fourth: UInt64 = integer(at: start + 24)
        else { return nil }
        return SIMD4(
            UInt64(littleEndian: first), UInt64(littleEndian: second), UInt64(littleEndian: third),
            UInt64(littleEndian: fourth))
    }

    /// The same where there may be fewer: behind the end there are zeros. Nil
    /// for less than a word.
    @inline(never)
    func lastWords(at start: Int) -> SIMD4<UInt64>? {
        guard start >= 0, count >= 8 else { return nil }
        var words = SIMD4<UInt64>()
        for word in 0..<4 {
            // a word that ends too late is the upper part of the last one
            let missing = start + 8 * word + 8 - count
            guard missing < 8 else { break }
            let bytes: UInt64? = integer(at: missing <= 0 ? start + 8 * word : count - 8)
            words[word] = UInt64(littleEndian: bytes ?? 0) >> UInt64(8 * max(missing, 0))
        }
        return words
    }
}
