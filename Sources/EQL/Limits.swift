/// How large a query may be. Text beyond a limit is refused at load, so that
/// neither compiling nor running it can be made expensive.
public enum Limits {
    /// UTF-8 bytes of a query.
    public static let queryLength = 256 * 1024
    /// Parentheses, calls and operators inside one another.
    public static let depth = 100
    /// Values of one list, arguments of one call.
    public static let listLength = 4096
    /// UTF-8 bytes of one string that is a pattern.
    public static let patternLength = 4096
    /// Tests in one condition.
    public static let conditions = 16_384
    /// Stages of a sequence, `with runs` written out.
    public static let stages = 256
    /// `with runs=` of one item.
    public static let runs = 100
    /// Keys of one item, common ones included.
    public static let keys = 16
    /// States of one regular expression.
    public static let regexStates = 511
    /// States that a regular expression passes through while it is built:
    /// written-out repetitions, complements and intersections.
    public static let regexWork = 2_000
    /// Different fields inside one test on the result of a function.
    public static let fieldsPerCall = 8
    /// Arguments of `concat`.
    public static let concatArguments = 64
    /// Bytes of a text that a function makes; of a longer one there is none.
    public static let resultLength = 1 << 20
}
