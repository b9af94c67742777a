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

    /// - Throws: the first error, with its position in `text`.
    public static func compile(_ text: String, role: Role = .rule) throws(EQLError) -> CompiledQuery {
        throw EQLError(reason: .empty, range: SourceRange(start: 0, end: 0))
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
}

/// Why a query was refused, and where.
public struct EQLError: Error, Sendable {
    public enum Reason: Sendable, Equatable {
        case empty
    }

    public var reason: Reason
    public var range: SourceRange

    public init(reason: Reason, range: SourceRange) {
        self.reason = reason
        self.range = range
    }
}
