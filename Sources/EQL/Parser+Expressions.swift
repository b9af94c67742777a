extension Parser {
    typealias Expression = SyntaxTree.Expression
    typealias Literal = SyntaxTree.Literal

    mutating func parseExpression() throws(EQLError) -> Expression { try parseDisjunction() }

    // expr := and { "or" and }
    private mutating func parseDisjunction() throws(EQLError) -> Expression {
        try descend()
        defer { depth -= 1 }
        let first = try parseConjunction()
        guard isWord("or") else { return first }
        var branches = [first]
        while takes(word: "or") { branches.append(try parseConjunction()) }
        return Expression(
            kind: .any(branches), range: first.range.through(branches[branches.count - 1].range))
    }

    // and := not { "and" not }
    private mutating func parseConjunction() throws(EQLError) -> Expression {
        let first = try parseNegation()
        guard isWord("and") else { return first }
        var branches = [first]
        while takes(word: "and") { branches.append(try parseNegation()) }
        return Expression(
            kind: .all(branches), range: first.range.through(branches[branches.count - 1].range))
    }

    // not := { "not" } comparison
    private mutating func parseNegation() throws(EQLError) -> Expression {
        let start = token.range
        var count = 0
        while takes(word: "not") { count += 1 }
        let operand = try parseComparison()
        guard count > 0 else { return operand }
        // a chain of any length is at most one `not` deep
        let isNegative = count % 2 == 1
        return Expression(
            kind: isNegative ? .not(operand) : operand.kind, range: start.through(operand.range))
    }

    // comparison := sum [ ("==" | "!=" | "<" | "<=" | ">" | ">=") sum
    //                   | ["not"] ("in" | "in~") "(" list ")"
    //                   | (":" | "like" | "like~" | "regex" | "regex~") (string | "(" strings ")") ]
    private mutating func parseComparison() throws(EQLError) -> Expression {
        let left = try parseSum()
        let result: Expression
        switch token.kind {
        case .symbol(.assign): throw error(.singleEquals)
        case .symbol(.colon):
            advance()
            result = try parseMatching(.colon, left)
        case .symbol(let symbol):
            guard let comparison = SyntaxTree.Comparison(rawValue: symbol.rawValue) else { return left }
            advance()
            let right = try parseSum()
            result = Expression(
                kind: .comparison(comparison, left, right), range: left.range.through(right.range))
        case .word("in"):
            result = try parseMembership(left)
        case .word("not") where following.kind == .word("in"):
            advance()
            let inner = try parseMembership(left)
            result = Expression(kind: .not(inner), range: inner.range)
        case .word("like"):
            advance()
            result = try parseMatching(takesTilde() ? .likeFolded : .like, left)
        case .word("regex"):
            advance()
            result = try parseMatching(takesTilde() ? .regexFolded : .regex, left)
        default: return left
        }
        switch token.kind {
        case .symbol(.assign): throw error(.singleEquals)
        case .symbol(.equal), .symbol(.notEqual), .symbol(.less), .symbol(.lessOrEqual),
            .symbol(.greater), .symbol(.greaterOrEqual), .symbol(.colon), .word("in"), .word("like"),
            .word("regex"):
            throw error(.chainedComparison)
        default: return result
        }
    }

    // ("in" | "in~") "(" literal { "," literal } ")"
    private mutating func parseMembership(_ left: Expression) throws(EQLError) -> Expression {
        advance()
        let folds = takesTilde()
        try expect(.openParenthesis)
        var values = [try parseListLiteral()]
        while takes(.comma) { values.append(try parseListLiteral(after: values.count)) }
        let end = token.range
        try expect(.closeParenthesis)
        return Expression(
            kind: .membership(left, values, folds: folds), range: left.range.through(end))
    }

    // literal := ["-"] number | string | "true" | "false" | "null"
    private mutating func parseListLiteral(after count: Int = 0) throws(EQLError) -> Literal {
        guard count < Limits.listLength else { throw error(.listTooLong(limit: Limits.listLength)) }
        let value = try parseSum()
        switch value.kind {
        case .literal(let literal): return Literal(value: literal, range: value.range)
        case .field: throw value.notConstant
        default: throw EQLError(.notALiteral, at: value.range)
        }
    }

    // (string | "(" string { "," string } ")")
    private mutating func parseMatching(
        _ matching: SyntaxTree.Matching, _ left: Expression
    ) throws(EQLError) -> Expression {
        let end: SourceRange
        var values: [Literal]
        if takes(.openParenthesis) {
            values = [try parseString()]
            while takes(.comma) { values.append(try parseString(after: values.count)) }
            end = token.range
            try expect(.closeParenthesis)
        } else {
            values = [try parseString()]
            end = values[0].range
        }
        return Expression(kind: .matching(matching, left, values), range: left.range.through(end))
    }

    private mutating func parseString(after count: Int = 0) throws(EQLError) -> Literal {
        guard count < Limits.listLength else { throw error(.listTooLong(limit: Limits.listLength)) }
        guard case .string(let text) = token.kind else { throw unexpected("a string") }
        let range = token.range
        advance()
        return Literal(value: .string(text), range: range)
    }

    // sum := term { ("+" | "-") term }
    private mutating func parseSum() throws(EQLError) -> Expression {
        var left = try parseTerm()
        let outer = depth
        defer { depth = outer }
        while true {
            let operation: SyntaxTree.Arithmetic
            switch token.kind {
            case .symbol(.plus): operation = .plus
            case .symbol(.minus): operation = .minus
            default: return left
            }
            try descend()
            advance()
            let right = try parseTerm()
            left = Expression(
                kind: .arithmetic(operation, left, right), range: left.range.through(right.range))
        }
    }

    // term := factor { ("*" | "/" | "%") factor }
    private mutating func parseTerm() throws(EQLError) -> Expression {
        var left = try parseFactor()
        let outer = depth
        defer { depth = outer }
        while true {
            let operation: SyntaxTree.Arithmetic
            switch token.kind {
            case .symbol(.times): operation = .times
            case .symbol(.over): operation = .over
            case .symbol(.percent): operation = .modulo
            default: return left
            }
            try descend()
            advance()
            let right = try parseFactor()
            left = Expression(
                kind: .arithmetic(operation, left, right), range: left.range.through(right.range))
        }
    }

    // factor := literal | name ["~"] "(" args ")" | ["?"] field | "(" expr ")" | "-" factor
    private mutating func parseFactor() throws(EQLError) -> Expression {
        let start = token.range
        switch token.kind {
        case .string(let text): return literal(.string(text))
        case .integer(let value):
            guard let integer = Int64(exactly: value) else { throw error(.numberOutOfRange) }
            return literal(.integer(integer))
        case .decimal(let value): return literal(.decimal(value))
        case .word("true"): return literal(.boolean(true))
        case .word("false"): return literal(.boolean(false))
        case .word("null"): return literal(.null)
        case .symbol(.minus): return try parseMinus()
        case .symbol(.openParenthesis):
            advance()
            let inner = try parseExpression()
            let end = token.range
            guard takes(.closeParenthesis) else { throw unexpected("“and”, “or” or “)”") }
            return Expression(kind: inner.kind, range: start.through(end))
        case .word(let name) where isCall: return try parseCall(name)
        case .word(let name) where Parser.reserved.contains(name): throw unexpected("a value")
        case .word(let name) where Parser.lineages.contains(name) && following.kind == .word("of"):
            throw error(.unsupported(.lineage(name)))
        case .word, .quotedName, .symbol(.question):
            let field = try parseFieldName()
            return Expression(kind: .field(field), range: field.range)
        default: throw unexpected("a value")
        }
    }

    private mutating func literal(_ value: Literal.Value) -> Expression {
        let range = token.range
        advance()
        return Expression(kind: .literal(value), range: range)
    }

    // "-" factor
    private mutating func parseMinus() throws(EQLError) -> Expression {
        let start = token.range
        try descend()
        defer { depth -= 1 }
        advance()
        if case .integer(let magnitude) = token.kind {
            guard magnitude <= UInt64(Int64.max) + 1 else { throw error(.numberOutOfRange) }
            let range = start.through(token.range)
            advance()
            let value = magnitude == UInt64(Int64.max) + 1 ? Int64.min : -Int64(magnitude)
            return Expression(kind: .literal(.integer(value)), range: range)
        }
        let operand = try parseFactor()
        let range = start.through(operand.range)
        if case .literal(.decimal(let value)) = operand.kind {
            return Expression(kind: .literal(.decimal(-value)), range: range)
        }
        return Expression(kind: .minus(operand), range: range)
    }

    private var isCall: Bool {
        if case .symbol(.openParenthesis) = following.kind { return !Parser.isOperator(token) }
        return following.kind == .symbol(.tilde) && following.range.start == token.range.end
            && !Parser.isOperator(token)
    }

    private static func isOperator(_ token: Token) -> Bool {
        guard case .word(let word) = token.kind else { return true }
        return reserved.contains(word)
    }

    // call := name ["~"] "(" [ expr { "," expr } ] ")"
    private mutating func parseCall(_ name: String) throws(EQLError) -> Expression {
        let start = token.range
        advance()
        let folds = takesTilde()
        try expect(.openParenthesis)
        var arguments: [Expression] = []
        if token.kind != .symbol(.closeParenthesis) {
            arguments.append(try parseExpression())
            while takes(.comma) {
                guard arguments.count < Limits.listLength else {
                    throw error(.listTooLong(limit: Limits.listLength))
                }
                arguments.append(try parseExpression())
            }
        }
        let end = token.range
        guard takes(.closeParenthesis) else { throw unexpected("“,” or “)”") }
        return Expression(
            kind: .call(name: name, folds: folds, arguments: arguments), range: start.through(end))
    }

    /// `~` only where it touches the word before it.
    private mutating func takesTilde() -> Bool {
        guard token.kind == .symbol(.tilde), previousEnd == token.range.start else { return false }
        advance()
        return true
    }

    private mutating func descend() throws(EQLError) {
        depth += 1
        guard depth <= Limits.depth else { throw error(.nestedTooDeeply(limit: Limits.depth)) }
    }
}
