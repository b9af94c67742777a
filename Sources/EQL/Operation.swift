import Events

/// One test of a program, and where to go on when it holds or fails.
struct Operation: Sendable {
    enum Code: UInt8, Sendable {
        /// `extra`: kinds of live events; `a`: pattern set for documents.
        case category
        case isPresent
        /// One text of at most eight bytes: `word`, `extra` bytes long.
        case shortText, shortTextFolded
        /// `a`: pattern set.
        case text
        /// `extra`: order; `a`..<`b`: bytes of the literal.
        case order
        /// `a`..<`b`: automata.
        case regex
        /// `a`..<`b`: ranges of integers.
        case integer
        /// `a`: pattern set; `b`: number of a run of integer ranges.
        case identifier
        /// `a`..<`b`: ranges of addresses.
        case address
        /// `a`: number of a call test.
        case call
    }

    /// How a doubtful value counts: unknown, cut, or chosen by a caller.
    enum Doubt: UInt8, Sendable {
        /// In a positive test of a rule: all values count, a cut one by the
        /// bytes that are kept; an unknown one fails.
        case counts
        /// Under an odd number of `not`: such a value satisfies nothing.
        case fails
        /// Under an odd number of `not` in an exception: such a value must not
        /// make the `not` hold, so that it satisfies everything.
        case holds
    }

    /// Targets that are not operations.
    static let accept: UInt16 = .max
    static let reject: UInt16 = .max - 1

    var code: Code
    var field: Field
    var doubt: Doubt
    var extra: UInt8 = 0
    var onTrue: UInt16 = reject
    var onFalse: UInt16 = reject
    var a: UInt32 = 0
    var b: UInt32 = 0
    var word: UInt64 = 0
}
