import Recording
import Testing

/// Cuts a text that comes in blocks into lines.
private func lines(_ text: String, block: Int, longest: Int = 1 << 20) -> [String] {
    let bytes = Array(text.utf8)
    var buffer = LineBuffer(blockSize: block, longestLine: longest)
    var lines: [String] = []
    var offset = 0
    while true {
        let count = buffer.fill { target, range in
            let count = min(block, bytes.count - offset, range.count)
            for index in 0..<count { target[range.lowerBound + index] = bytes[offset + index] }
            offset += count
            return count
        }
        while true {
            var next = buffer.next()
            if next == .empty, count == 0 { next = buffer.rest() }
            if case .line(let range) = next {
                lines.append(String(decoding: buffer.bytes[range], as: UTF8.self))
                #expect(bytes[buffer.lineStart...].starts(with: buffer.bytes[range]))
            } else if next == .tooLong {
                lines.append("too long")
            } else {
                break
            }
        }
        if count == 0 { return lines }
    }
}

@Suite("Lines of a stream")
struct LineBufferTests {
    @Test("are the same whatever the blocks", arguments: [16, 17, 23, 64, 4096])
    func blocks(size: Int) {
        let expected = (0..<200).map { String(repeating: "x", count: $0 * 7 % 61) + "\($0)" }
        #expect(lines(expected.joined(separator: "\n") + "\n", block: size) == expected)
    }

    @Test(
        "end with a line feed or with the stream",
        arguments: [
            ("", []), ("\n", [""]), ("a", ["a"]), ("a\n", ["a"]), ("a\nb", ["a", "b"]),
            ("\n\na", ["", "", "a"]),
            ("a\r\nb\r\n", ["a\r", "b\r"]),
        ] as [(String, [String])])
    func ends(text: String, expected: [String]) {
        #expect(lines(text, block: 16) == expected)
    }

    @Test("that are too long are left out, once, and the next ones are not", arguments: [16, 100, 4096])
    func tooLong(block: Int) {
        let long = String(repeating: "y", count: 300)
        let expected = ["a", "too long", "b", "too long", "c", "too long"]
        #expect(lines("a\n\(long)\nb\n\(long)\nc\n\(long)", block: block, longest: 50) == expected)
    }

    @Test("of exactly the longest length are kept")
    func longest() {
        let line = String(repeating: "z", count: 50)
        #expect(lines("\(line)\n\(line)z\n", block: 16, longest: 50) == [line, "too long"])
    }
}
