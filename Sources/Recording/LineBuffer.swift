internal import Events

/// Cuts a stream of bytes into lines. Holds one block, or as much as the
/// longest line needs, and copies no line.
public struct LineBuffer: ~Copyable {
    public enum Next: Sendable, Equatable {
        /// A line, without its end, as a range of `bytes`.
        case line(Range<Int>)
        /// A line was left out because it is too long.
        case tooLong
        /// More bytes are needed.
        case empty
    }

    /// Lines are ranges of it until the next `fill`.
    public private(set) var bytes: [UInt8]
    /// Where in the stream the line that `next` returned last begins.
    public private(set) var lineStart = 0

    private var start = 0
    private var end = 0
    /// No line ends before this.
    private var searched = 0
    /// Where in the stream `bytes` begins.
    private var origin = 0
    /// The rest of the line at hand is left out.
    private var isSkipping = false
    private let blockSize: Int
    private let limit: Int

    /// - Parameters:
    ///   - blockSize: bytes that are asked for at once.
    ///   - longestLine: longer lines are left out.
    public init(blockSize: Int = 256 << 10, longestLine: Int = 4 << 20) {
        self.blockSize = max(blockSize, 16)
        limit = max(longestLine, 1)
        bytes = [UInt8](repeating: 0, count: 2 * self.blockSize)
    }

    /// Takes more of the stream.
    ///
    /// - Parameter read: writes into the range of the array, from its start,
    ///   and returns how many bytes that were.
    /// - Returns: what `read` returned.
    public mutating func fill<Failure: Error>(
        _ read: (inout [UInt8], Range<Int>) throws(Failure) -> Int
    ) throws(Failure) -> Int {
        if start > 0 { moveToFront() }
        if bytes.count - end < blockSize {
            bytes.append(contentsOf: repeatElement(0, count: max(blockSize, bytes.count)))
        }
        let count = try read(&bytes, end..<(end + blockSize))
        end += min(max(count, 0), blockSize)
        return count
    }

    private mutating func moveToFront() {
        origin += start
        // in place: the rest of one line
        for index in 0..<(end - start) { bytes[index] = bytes[start + index] }
        searched -= start
        end -= start
        start = 0
    }

    /// The next line that ends.
    public mutating func next() -> Next {
        while true {
            let found = LineBuffer.newline(in: bytes.span, searched..<end)
            guard let found else {
                searched = end
                guard end - start > limit || isSkipping else { return .empty }
                // the beginning of a line that is too long
                isSkipping = true
                start = end
                return .empty
            }
            let line = start..<found
            lineStart = origin + start
            start = found + 1
            searched = start
            if isSkipping || line.count > limit {
                isSkipping = false
                return .tooLong
            }
            return .line(line)
        }
    }

    /// What is left when the stream has ended: a line without an end.
    public mutating func rest() -> Next {
        defer {
            start = end
            searched = end
            isSkipping = false
        }
        lineStart = origin + start
        if isSkipping || end - start > limit { return .tooLong }
        return start == end ? .empty : .line(start..<end)
    }

    private static func newline(in bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> Int? {
        let ones: UInt64 = 0x0101_0101_0101_0101
        var index = range.lowerBound
        // eight words at once, until there is one in them
        while index <= range.upperBound - 64, let first = bytes.words(at: index),
            let second = bytes.words(at: index + 32)
        {
            let one = first ^ SIMD4(repeating: ones &* 0x0a)
            let two = second ^ SIMD4(repeating: ones &* 0x0a)
            let found =
                (one &- SIMD4(repeating: ones)) & ~one | (two &- SIMD4(repeating: ones)) & ~two
            if (found[0] | found[1] | found[2] | found[3]) & (ones &* 0x80) != 0 { break }
            index += 64
        }
        while index + 8 <= range.upperBound, let word: UInt64 = bytes.integer(at: index) {
            let difference = UInt64(littleEndian: word) ^ (ones &* 0x0a)
            let found = (difference &- ones) & ~difference & (ones &* 0x80)
            if found != 0 { return index + found.trailingZeroBitCount >> 3 }
            index += 8
        }
        while index < range.upperBound {
            if bytes[index] == 0x0a { return index }
            index += 1
        }
        return nil
    }
}
