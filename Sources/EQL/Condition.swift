import Events

/// A query whose names are known and whose types agree.
struct AnalyzedQuery: Sendable {
    var shape: CompiledQuery.Shape
    var stages: [AnalyzedStage]
    var maxspan: Int64?
    var until: AnalyzedStage?
}

struct AnalyzedStage: Sendable {
    var condition: Condition
    var keys: [JoinKey]
    var isMissing = false
    /// Equal stages that this one stands for.
    var runs = 1
}

/// What the compiler translates: tests joined by `and`, `or` and `not`.
indirect enum Condition: Sendable {
    case constant(Bool)
    case category(String)
    case isPresent(Field)
    case field(Field, FieldTest)
    case call(CallTest)
    case not(Condition)
    case all([Condition])
    case any([Condition])
}

extension Condition {
    /// Takes tests for ones that help the whole to hold.
    ///
    /// - Parameter granted: asked of each test of fields, and whether that helps if it holds.
    mutating func grant(_ granted: (Condition, Bool) -> Bool) { self = granting(granted, as: true) }

    /// - Parameter helpful: what this condition should be for the whole to hold.
    private func granting(_ granted: (Condition, Bool) -> Bool, as helpful: Bool) -> Condition {
        switch self {
        case .constant, .category: self
        case .isPresent, .field, .call: granted(self, helpful) ? .constant(helpful) : self
        case .not(let operand): .not(operand.granting(granted, as: !helpful))
        case .all(let branches): .all(branches.map { $0.granting(granted, as: helpful) })
        case .any(let branches): .any(branches.map { $0.granting(granted, as: helpful) })
        }
    }
}

/// A test on each value of a field; holds if it does for one of them.
enum FieldTest: Sendable {
    /// Matches one of these.
    case patterns([WildcardPattern])
    case order(Order, [UInt8])
    case regexes([Automaton])
    case integers(RangeSet<Int64>)
    /// User and group ids: numbers live, text in documents.
    case identifiers([WildcardPattern], RangeSet<Int64>)
    case addresses(RangeSet<UInt128>)
}

/// How a value stands to a literal.
enum Order: UInt8, Sendable {
    case less, lessOrEqual, greater, greaterOrEqual, equal

    /// Whether it holds, given that the value is less (-1), equal or greater (1).
    @inline(__always)
    func holds(_ sign: Int) -> Bool {
        switch self {
        case .less: sign < 0
        case .lessOrEqual: sign <= 0
        case .greater: sign > 0
        case .greaterOrEqual: sign >= 0
        case .equal: sign == 0
        }
    }
}

/// A test on the result of a function or of arithmetic.
struct CallTest: Sendable {
    var root: ValueNode
    /// What the variables of `root` stand for.
    var variables: [Variable]
    var test: ResultTest
    /// Written with `!=`: holds if there is a result and no value gives one
    /// that the test accepts.
    var isNegated: Bool

    struct Variable: Sendable, Hashable {
        var field: Field
        /// Executables and names: a result is that of value 1 alone.
        var firstOnly: Bool
    }
}

enum ResultTest: Sendable {
    case patterns([WildcardPattern])
    case order(Order, [UInt8])
    case regexes([Automaton])
    case numbers(Order, [Number])
    case boolean(Bool)
    /// There is a result.
    case exists
}

/// An expression that has a value.
indirect enum ValueNode: Sendable {
    case text([UInt8])
    case number(Number)
    case boolean(Bool)
    case variable(Int)
    case call(Function, folds: Bool, [ValueNode])
}

/// A number of a query or of a result.
enum Number: Sendable, Equatable {
    case integer(Int64)
    case decimal(Double)

    var double: Double {
        switch self {
        case .integer(let value): Double(value)
        case .decimal(let value): value
        }
    }

    /// -1, 0 or 1: less, equal or greater. nil for what is not a number.
    func compare(_ other: Number) -> Int? {
        switch (self, other) {
        case (.integer(let left), .integer(let right)):
            return left < right ? -1 : left == right ? 0 : 1
        default:
            let (left, right) = (double, other.double)
            guard !left.isNaN, !right.isNaN else { return nil }
            return left < right ? -1 : left == right ? 0 : 1
        }
    }
}
