/// Why a query was refused, and where.
public struct EQLError: Error, Sendable, Equatable {
    /// What is wrong, as data; `message` makes a sentence of it.
    public enum Reason: Sendable, Equatable {
        // Size
        case empty
        case queryTooLong(bytes: Int, limit: Int)
        case nestedTooDeeply(limit: Int)
        case listTooLong(limit: Int)
        case patternTooLong(bytes: Int, limit: Int)
        case tooManyConditions(limit: Int)
        case tooManyStages(limit: Int)
        case tooManyKeys(limit: Int)
        case tooManyFieldsInCall(limit: Int)

        // Characters
        case unexpectedCharacter(Unicode.Scalar)
        case unterminatedString
        case unterminatedComment
        case unterminatedName
        case emptyName
        case lineBreakInString
        case singleQuotes
        case oldRawString
        case unknownEscape(Unicode.Scalar)
        case escapedWildcard(Unicode.Scalar)
        case invalidUnicodeEscape
        case numberOutOfRange

        // Grammar
        case unexpected(found: String, expected: String)
        case singleEquals
        case chainedComparison
        case keywordCase(found: String, expected: String)
        case unsupported(Feature)

        // Sequences
        case byAfterSpan
        case unknownUnit(String)
        case spanOutOfRange
        case emptySpan
        case byAfterRuns
        case runsOutOfRange(limit: Int)
        case tooFewItems
        case missingEventWithoutSpan
        case missingEventWithRuns
        case onlyMissingEvents
        case keyCount(expected: Int, found: Int)
        case keyType(expected: ValueType, found: ValueType)

        // Names and types
        case unknownField(String, suggestion: String?)
        case notProduced(String)
        case unknownFunction(String, suggestion: String?)
        case argumentCount(function: String, expected: ClosedRange<Int>, found: Int)
        case caseNotApplicable(function: String)
        case wrongArgument(function: String, position: Int, expected: String)
        case severalLists(function: String)
        case wrongType(expected: String, found: ValueType)
        case notApplicable(operator: String, type: ValueType)
        case fieldComparedWithField
        /// A word without quotation marks where a value stands, which is no field.
        case unquoted(String)
        case literalOnLeft
        case notALiteral
        case mixedList
        case nullOutsideEquality
        case notAPredicate(ValueType)
        case predicateAsValue
        case notAnAddress(String)
        case notABlock(String)
        case notADate(String)
        case regex(RegexProblem)
        case constantWithoutValue
    }

    /// Parts of the language that are refused whole.
    public enum Feature: Sendable, Equatable {
        case sample
        case join
        case pipe(String)
        case alias
        case lineage(String)
        case arrayIndex
        case sequenceAsException
    }

    /// The types of values, as errors name them.
    public enum ValueType: String, Sendable {
        case text
        case identifier
        case number
        case boolean
        case address
        case date
        case null
        /// A field that is not in the table, written with `?`.
        case any
        /// Something that is true or false, such as a comparison.
        case predicate
    }

    /// What is wrong inside a regular expression.
    public enum RegexProblem: Error, Equatable {
        case endsEarly
        case unexpected(Unicode.Scalar)
        case missing(Unicode.Scalar)
        case invalidRange
        case invalidRepetition
        case invalidInterval
        case namedAutomaton(String)
        case unknownEscape(Unicode.Scalar)
        case nestedTooDeeply(limit: Int)
        case tooManyStates(limit: Int)
    }

    public var reason: Reason
    public var range: SourceRange

    public init(reason: Reason, range: SourceRange) {
        self.reason = reason
        self.range = range
    }

    init(_ reason: Reason, at range: SourceRange) {
        self.init(reason: reason, range: range)
    }
}
