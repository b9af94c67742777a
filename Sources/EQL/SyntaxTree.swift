/// A query as it was written: names not yet looked up, types not yet checked.
struct SyntaxTree: Sendable {
    enum Query: Sendable {
        case event(EventFilter)
        case sequence(Sequence)
    }

    /// `category where condition`
    struct EventFilter: Sendable {
        /// nil for `any`.
        var category: String?
        var condition: Expression
        var range: SourceRange
    }

    struct Sequence: Sendable {
        var keys: [FieldName]
        var maxspan: Maxspan?
        var items: [Item]
        var until: Item?
        var range: SourceRange
    }

    struct Maxspan: Sendable {
        var nanoseconds: Int64
        var range: SourceRange
    }

    /// `[event] by keys with runs=n`
    struct Item: Sendable {
        var isMissing: Bool
        var event: EventFilter
        var keys: [FieldName]
        var runs: Int
        var runsRange: SourceRange?
        var range: SourceRange
    }

    /// `?a.b.c`
    struct FieldName: Sendable {
        var name: String
        var isOptional: Bool
        var range: SourceRange
    }

    struct Literal: Sendable {
        enum Value: Sendable, Equatable {
            case string(String)
            case integer(Int64)
            case decimal(Double)
            case boolean(Bool)
            case null
        }

        var value: Value
        var range: SourceRange
    }

    enum Comparison: String, Sendable {
        case equal = "=="
        case notEqual = "!="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
    }

    enum Arithmetic: String, Sendable {
        case plus = "+"
        case minus = "-"
        case times = "*"
        case over = "/"
        case modulo = "%"
    }

    /// The operators whose right side is one string or a list of strings.
    enum Matching: String, Sendable {
        case colon = ":"
        case like
        case likeFolded = "like~"
        case regex
        case regexFolded = "regex~"

        var folds: Bool { self == .colon || self == .likeFolded || self == .regexFolded }
        var isRegex: Bool { self == .regex || self == .regexFolded }
    }

    struct Expression: Sendable {
        indirect enum Kind: Sendable {
            case literal(Literal.Value)
            case field(FieldName)
            case call(name: String, folds: Bool, arguments: [Expression])
            case minus(Expression)
            case arithmetic(Arithmetic, Expression, Expression)
            case comparison(Comparison, Expression, Expression)
            case membership(Expression, [Literal], folds: Bool)
            case matching(Matching, Expression, [Literal])
            case not(Expression)
            case all([Expression])
            case any([Expression])
        }

        var kind: Kind
        var range: SourceRange
    }
}
