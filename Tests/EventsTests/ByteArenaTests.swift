import Events
import Fixtures
import Testing

@Suite("Bytes")
struct ByteArenaTests {
    @Test("the first NUL is found wherever it is")
    func firstNUL() {
        for length in 0..<40 {
            for end in 0...length {
                var text = [UInt8](repeating: 1, count: length)
                if end < length { text[end] = 0 }
                #expect(text.span.firstNUL() == end)
                #expect(text.span.firstNUL(to: max(0, end - 1)) == max(0, end - 1))
                if end > 0 { #expect(text.span.firstNUL(from: 1, to: length) == end) }
            }
        }
    }

    @Test("a copy with one byte replaced says how many were", arguments: [UInt8(0), 0x20, 0x80, 0xff])
    func replacingCopy(old: UInt8) throws {
        var random = SplitMixer(state: 9)
        for length in 0..<70 {
            // few values, so that bytes that differ from `old` by little are among them
            let bytes = (0..<length).map { _ in old &+ UInt8(random.next() % 3) &- 1 }
            var arena = ByteArena(capacity: 8, limit: 1 << 12)
            _ = arena.append([7, old, 7].span)
            _ = arena.append(bytes.span)
            let copied = arena.appendCopy(of: 3..<(3 + length), replacing: old, with: 0x2c)
            let copy = try #require(copied)
            #expect(copy.replaced == bytes.count { $0 == old })
            #expect(
                Array(arena.bytes[copy.offset..<arena.count]) == bytes.map { $0 == old ? 0x2c : $0 })
            #expect(Array(arena.bytes[0..<copy.offset]) == [7, old, 7] + bytes)
        }
    }

    @Test("as many are counted as there can be", arguments: [4079, 4080, 4081, 4095, 4096, 4097, 8160, 8175])
    func manyReplaced(length: Int) throws {
        var arena = ByteArena(capacity: 8, limit: 1 << 16)
        _ = arena.append([UInt8](repeating: 0, count: length).span)
        #expect(arena.occurrences(of: 0, in: 0..<length) == length)
        let copied = arena.appendCopy(of: 0..<length, replacing: 0, with: 0x20)
        let copy = try #require(copied)
        #expect(copy.replaced == length)
        #expect(arena.occurrences(of: 0x20, in: copy.offset..<arena.count) == length)
    }

    @Test("the head of a text is its first eight bytes, and nothing behind it", arguments: 0...12)
    func head(end: Int) {
        let text: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
        for start in 0...end {
            let expected = text[start..<min(end, start + 8)].reversed().reduce(0) { $0 << 8 | UInt64($1) }
            #expect(headWord(text.span, start, end) == expected)
        }
    }
}
