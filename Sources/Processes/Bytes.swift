internal import Events

/// A hash for tables of texts that strangers choose: without the seed nobody
/// can tell which texts collide.
struct SeededHash: Sendable {
    private let first: UInt64
    private let second: UInt64

    init(using generator: inout some RandomNumberGenerator) {
        first = generator.next() | 1
        second = generator.next() | 1
    }

    func callAsFunction(_ bytes: borrowing Span<UInt8>) -> UInt32 {
        let count = bytes.count
        var state = first ^ UInt64(truncatingIfNeeded: count)
        if count >= 8 {
            var offset = 0
            while offset < count - 8 {
                state = mix(state, bytes.word(at: offset))
                offset += 8
            }
            state = mix(state, bytes.word(at: count - 8))
        } else {
            var word: UInt64 = 0
            for index in 0..<count { word = word << 8 | UInt64(bytes[index]) }
            state = mix(state, word)
        }
        state = mix(state, first)
        return UInt32(truncatingIfNeeded: state ^ state >> 32)
    }

    @inline(__always)
    private func mix(_ state: UInt64, _ word: UInt64) -> UInt64 {
        let product = (state ^ word).multipliedFullWidth(by: second)
        return product.high ^ product.low
    }
}

extension Span<UInt8> {
    @inline(__always)
    func word(at offset: Int) -> UInt64 { integer(at: offset) ?? 0 }

    /// Where the last path component begins.
    var lastComponentStart: Int {
        var index = count
        while index > 0, self[index - 1] != UInt8(ascii: "/") { index -= 1 }
        return index
    }

    func equals(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        return hasPrefix(text)
    }

    func hasPrefix(_ text: StaticString) -> Bool { holds(text, at: 0) }

    func hasSuffix(_ text: StaticString) -> Bool { holds(text, at: count - text.utf8CodeUnitCount) }

    private func holds(_ text: StaticString, at offset: Int) -> Bool {
        let length = text.utf8CodeUnitCount
        guard offset >= 0, length <= count - offset else { return false }
        // SAFETY: a static string's bytes live as long as the program, and there
        // are as many as it says.
        return text.withUTF8Buffer { wanted in
            for index in 0..<length where unsafe self[offset + index] != wanted[index] { return false }
            return true
        }
    }
}
