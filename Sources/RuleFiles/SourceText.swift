/// A place in a file, counted from 1; columns count characters.
public struct FilePosition: Sendable, Equatable {
    public var line: Int
    public var column: Int

    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}

/// A line of a file with a part of it marked, for people to look at.
public struct SourceExcerpt: Sendable, Equatable {
    public var text: String
    /// Characters before the marked part.
    public var indent: Int
    /// Characters of the marked part, at least one.
    public var length: Int
}

/// The content of a file, with its lines.
struct SourceText {
    let bytes: [UInt8]
    private let lineStarts: [Int]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        var starts = [0]
        for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: "\n") { starts.append(index + 1) }
        lineStarts = starts
    }

    /// The position of a byte.
    func position(of offset: Int) -> FilePosition {
        let line = index(ofLineAt: offset)
        let column = characters(lineStarts[line]..<min(offset, bytes.count))
        return FilePosition(line: line + 1, column: column + 1)
    }

    /// The byte at a position, or the end of what there is.
    func offset(of position: FilePosition) -> Int {
        guard position.line >= 1, position.line <= lineStarts.count else { return bytes.count }
        var offset = lineStarts[position.line - 1]
        var left = position.column - 1
        while offset < bytes.count, bytes[offset] != UInt8(ascii: "\n") {
            if !isContinuation(bytes[offset]) {
                if left == 0 { break }
                left -= 1
            }
            offset += 1
        }
        return offset
    }

    /// The line of a range, the range marked as far as it lies in the line.
    /// Long lines are shown around it.
    func excerpt(of range: Range<Int>) -> SourceExcerpt {
        let line = index(ofLineAt: range.lowerBound)
        let lineStart = lineStarts[line]
        var lineEnd = line + 1 < lineStarts.count ? lineStarts[line + 1] - 1 : bytes.count
        if lineEnd > lineStart, bytes[lineEnd - 1] == UInt8(ascii: "\r") { lineEnd -= 1 }
        let markStart = min(max(range.lowerBound, lineStart), lineEnd)
        let markEnd = min(max(range.upperBound, markStart), lineEnd)

        var start = max(lineStart, markStart - 80)
        while start > lineStart, isContinuation(bytes[start]) { start -= 1 }
        var end = min(lineEnd, start + 160)
        while end < lineEnd, isContinuation(bytes[end]) { end += 1 }
        let scalars = String(decoding: bytes[start..<end], as: UTF8.self).unicodeScalars.map { scalar in
            // one printable character each, so that the mark stands below its text
            let isPlain =
                scalar.value >= 0x20 && scalar.value != 0x7f && !(0x80..<0xa0).contains(scalar.value)
            return isPlain ? Character(scalar) : scalar == "\t" ? " " : "\u{fffd}"
        }
        return SourceExcerpt(
            text: String(scalars), indent: characters(start..<markStart),
            length: max(1, characters(markStart..<min(markEnd, max(markStart, end)))))
    }

    private func index(ofLineAt offset: Int) -> Int {
        var low = 0
        var high = lineStarts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if lineStarts[middle] <= offset { low = middle } else { high = middle }
        }
        return low
    }

    private func characters(_ range: Range<Int>) -> Int {
        bytes[range].reduce(0) { isContinuation($1) ? $0 : $0 + 1 }
    }

    private func isContinuation(_ byte: UInt8) -> Bool { byte & 0xc0 == 0x80 }

    /// The offset of the first byte that is not valid UTF-8, or nil.
    var invalidOffset: Int? {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var offset = 0
        while true {
            switch decoder.decode(&iterator) {
            case .scalarValue(let scalar): offset += UTF8.width(scalar)
            case .emptyInput: return nil
            case .error: return offset
            }
        }
    }

    /// The offset of the first byte that no text has: a control character
    /// other than tab and line end, or nil.
    var controlOffset: Int? {
        bytes.firstIndex { $0 < 0x20 && $0 != 9 && $0 != 10 && $0 != 13 || $0 == 0x7f }
    }
}
