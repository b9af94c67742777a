/// A place in a text as people count: both from 1, columns in characters.
public struct SourcePosition: Sendable, Hashable {
    public var line: Int
    public var column: Int

    /// - Parameter offset: in UTF-8, from the start of the text.
    public init(_ offset: Int, in text: String) {
        var line = 1
        var column = 1
        var passed = 0
        for scalar in text.unicodeScalars {
            guard passed < offset else { break }
            passed += UTF8.width(scalar)
            if scalar == "\n" {
                line += 1
                column = 1
            } else {
                column += 1
            }
        }
        self.line = line
        self.column = column
    }
}

extension EQLError {
    /// Where the error begins.
    ///
    /// - Parameter text: the query.
    public func position(in text: String) -> SourcePosition { SourcePosition(range.start, in: text) }

    /// The error as a compiler prints it: place and reason, the line, and
    /// carets under what is meant.
    ///
    ///     rule.eql:2:15: error: unknown field “process.nam”; did you mean “process.name”?
    ///     process where process.nam : "curl"
    ///                   ^~~~~~~~~~~
    ///
    /// - Parameters:
    ///   - source: the query.
    ///   - file: what to call it.
    ///   - firstLine: number of the query's first line in the file.
    public func rendered(in source: String, file: String, firstLine: Int = 1) -> String {
        let position = position(in: source)
        let place = "\(file):\(position.line + firstLine - 1):\(position.column): error: \(message)"
        let lines = source.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
        guard position.line <= lines.count else { return place }
        let line = lines[position.line - 1].filter { $0 != "\r" }

        let end = SourcePosition(range.end, in: source)
        let last = end.line == position.line ? end.column : line.count + 1
        let width = max(1, min(last, line.count + 1) - position.column)
        // tabs stay, so that the caret stands where the terminal puts the text
        let indent = line.prefix(position.column - 1).map { $0 == "\t" ? "\t" : " " }.joined()
        let shown = line.map { EQLError.isPrintable($0) ? String($0) : "\u{fffd}" }.joined()
        guard shown.utf8.count <= 400 else { return place }
        return place + "\n" + shown + "\n" + indent + "^" + String(repeating: "~", count: width - 1)
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "\t" || scalar.value >= 0x20 && !(0x7f...0x9f).contains(scalar.value)
    }
}
