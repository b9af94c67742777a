public import Events

/// Compiles EQL text.
public enum Query {
    /// Whose condition it is: decides how values that a caller can forge, and
    /// values that are cut, count (`EQL.md` §4).
    public enum Role: Sendable {
        /// A detection rule: doubtful values count in positive tests.
        case rule
        /// An exception: doubtful values satisfy nothing.
        case exception
    }

    /// Where the events come from that the query will see.
    public enum Source: Sendable {
        /// The sensor: a field that it does not produce is an error.
        case live
        /// Documents of `replay`: they can have every field of the table.
        case documents
    }

    /// - Parameter disregarded: fields whose tests shall all have come out as the
    ///   condition wants them: what is left is what the other fields must satisfy.
    /// - Throws: the first error, with its position in `text`.
    public static func compile(
        _ text: String, role: Role = .rule, source: Source = .live,
        disregarding disregarded: FieldSet = FieldSet()
    ) throws(EQLError) -> CompiledQuery {
        let tokens = try Lexer.tokens(of: text)
        var parser = Parser(tokens: tokens)
        let syntax = try parser.parseQuery()
        var analyzer = Analyzer(role: role, source: source)
        var analyzed = try analyzer.analyze(syntax)
        if !disregarded.isEmpty {
            for index in analyzed.stages.indices { analyzed.stages[index].condition.disregard(disregarded) }
        }
        return try Compiler(role: role).compile(analyzed)
    }
}

/// A range of UTF-8 offsets in a query.
public struct SourceRange: Sendable, Hashable {
    public var start: Int
    public var end: Int

    public init(start: Int, end: Int) {
        self.start = start
        self.end = end
    }

    /// From the start of this range to the end of another.
    func through(_ other: SourceRange) -> SourceRange { SourceRange(start: start, end: other.end) }
}
