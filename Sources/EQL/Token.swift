/// The smallest piece of a query that means something.
struct Token: Sendable {
    enum Kind: Sendable, Equatable {
        /// A keyword, a segment of a field's name, a function's name.
        case word(String)
        /// A name in backquotes: never a keyword.
        case quotedName(String)
        case string(String)
        case integer(UInt64)
        case decimal(Double)
        case symbol(Symbol)
        case end
    }

    enum Symbol: String, Sendable {
        case equal = "=="
        case notEqual = "!="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        case assign = "="
        case colon = ":"
        case plus = "+"
        case minus = "-"
        case times = "*"
        case over = "/"
        case percent = "%"
        case tilde = "~"
        case question = "?"
        case exclamation = "!"
        case dot = "."
        case comma = ","
        case pipe = "|"
        case openParenthesis = "("
        case closeParenthesis = ")"
        case openBracket = "["
        case closeBracket = "]"
    }

    var kind: Kind
    var range: SourceRange

    /// How an error names it.
    var description: String {
        switch kind {
        case .word(let word): "“\(word)”"
        case .quotedName(let name): "“`\(name)`”"
        case .string: "a string"
        case .integer, .decimal: "a number"
        case .symbol(let symbol): "“\(symbol.rawValue)”"
        case .end: "the end of the query"
        }
    }
}
