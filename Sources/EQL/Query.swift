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

    /// - Parameter granted: which tests are taken to come out as the whole condition wants
    ///   them: what is left is what the others ask for.
    /// - Throws: the first error, with its position in `text`.
    public static func compile(
        _ text: String, role: Role = .rule, source: Source = .live,
        granting granted: (Test) -> Bool = { _ in false }
    ) throws(EQLError) -> CompiledQuery {
        let tokens = try Lexer.tokens(of: text)
        var parser = Parser(tokens: tokens)
        let syntax = try parser.parseQuery()
        var analyzer = Analyzer(role: role, source: source)
        var analyzed = try analyzer.analyze(syntax)
        for index in analyzed.stages.indices {
            analyzed.stages[index].condition.grant { granted(Test($0, role, isWanted: $1)) }
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
