/// Makes a syntax tree of tokens. Expressions are in `Parser+Expressions.swift`.
struct Parser {
    typealias Item = SyntaxTree.Item
    typealias FieldName = SyntaxTree.FieldName

    private let tokens: [Token]
    private var position = 0
    var depth = 0

    /// - Parameter tokens: the last is `end`.
    init(tokens: [Token]) {
        self.tokens = tokens
    }

    // MARK: Queries

    // query := (sequence | sample | event) { "|" pipe }
    mutating func parseQuery() throws(EQLError) -> SyntaxTree.Query {
        let query: SyntaxTree.Query
        if isWord("sequence") {
            query = .sequence(try parseSequence())
        } else if isWord("sample") {
            throw error(.unsupported(.sample))
        } else if isWord("join") {
            throw error(.unsupported(.join))
        } else {
            query = .event(try parseEvent())
        }
        if takes(.pipe) {
            if case .word(let name) = token.kind { throw error(.unsupported(.pipe(name))) }
            throw error(.unexpected(found: token.description, expected: "the name of a pipe"))
        }
        guard token.kind == .end else {
            throw unexpected("“and”, “or” or the end of the query")
        }
        return query
    }

    /// Words before `of` that ask for the relatives of an event.
    static let lineages: Set<String> = ["child", "descendant", "event"]

    // event := ("any" | ident | string) "where" expr
    mutating func parseEvent() throws(EQLError) -> SyntaxTree.EventFilter {
        let start = token.range
        let category: String?
        switch token.kind {
        case .word("any"): category = nil
        case .word(let word) where Parser.reserved.contains(word):
            throw unexpected("an event category")
        case .word(let word):
            if Parser.lineages.contains(word), following.kind == .word("of") {
                throw error(.unsupported(.lineage(word)))
            }
            category = word
        case .quotedName(let name): category = name
        case .string(let text): category = text
        default: throw unexpected("an event category")
        }
        advance()
        // most likely a condition alone
        if case .symbol = token.kind {
            throw unexpected("“where” after a kind of events, as in “any where …”")
        }
        try expect(word: "where")
        let condition = try parseExpression()
        return SyntaxTree.EventFilter(
            category: category, condition: condition, range: start.through(condition.range))
    }

    // MARK: Sequences

    // sequence := "sequence" [ "by" keys ] [ "with" "maxspan" "=" span ]
    //             item { item } [ "until" "[" event "]" [ "by" keys ] ]
    private mutating func parseSequence() throws(EQLError) -> SyntaxTree.Sequence {
        let start = token.range
        advance()
        let keys = try parseKeys()
        let maxspan = try parseMaxspan()
        if isWord("by"), maxspan != nil { throw error(.byAfterSpan) }

        var items: [Item] = []
        while token.kind == .symbol(.openBracket) || token.kind == .symbol(.exclamation) {
            items.append(try parseItem())
            guard items.count <= Limits.stages else { throw error(.tooManyStages(limit: Limits.stages)) }
        }
        guard !items.isEmpty else { throw unexpected("“[”") }
        let end = items[items.count - 1].range

        var until: Item?
        if takes(word: "until") {
            guard token.kind == .symbol(.openBracket) else { throw unexpected("“[”") }
            let item = try parseItem()
            if let range = item.runsRange {
                throw EQLError(.unexpected(found: "“with”", expected: "the end of the query"), at: range)
            }
            until = item
        }
        return SyntaxTree.Sequence(
            keys: keys, maxspan: maxspan, items: items, until: until, range: start.through(end))
    }

    // item := ["!"] "[" event "]" [ "by" keys ] [ "with" "runs" "=" integer ]
    private mutating func parseItem() throws(EQLError) -> Item {
        let start = token.range
        let isMissing = takes(.exclamation)
        try expect(.openBracket)
        let event = try parseEvent()
        if token.kind != .symbol(.closeBracket) { throw unexpected("“and”, “or” or “]”") }
        let end = token.range
        advance()
        let keys = try parseKeys()
        var runs = 1
        var runsRange: SourceRange?
        if isWord("with") {
            let with = token.range
            advance()
            try expect(word: "runs")
            try expectAssignment()
            guard case .integer(let number) = token.kind else { throw unexpected("a whole number") }
            guard (1...UInt64(Limits.runs)).contains(number) else {
                throw error(.runsOutOfRange(limit: Limits.runs))
            }
            runs = Int(number)
            runsRange = with.through(token.range)
            advance()
            if isWord("by") { throw error(.byAfterRuns) }
        }
        if isWord("as") { throw error(.unsupported(.alias)) }
        return Item(
            isMissing: isMissing, event: event, keys: keys, runs: runs, runsRange: runsRange,
            range: start.through(end))
    }

    // keys := [ "by" ["?"] field { "," ["?"] field } ]
    private mutating func parseKeys() throws(EQLError) -> [FieldName] {
        guard takes(word: "by") else { return [] }
        var keys = [try parseFieldName()]
        while takes(.comma) {
            keys.append(try parseFieldName())
            guard keys.count <= Limits.keys else { throw error(.tooManyKeys(limit: Limits.keys)) }
        }
        return keys
    }

    // span := "with" "maxspan" "=" integer ("ms" | "s" | "m" | "h" | "d")
    private mutating func parseMaxspan() throws(EQLError) -> SyntaxTree.Maxspan? {
        guard takes(word: "with") else { return nil }
        try expect(word: "maxspan")
        try expectAssignment()
        let start = token.range
        guard case .integer(let number) = token.kind else { throw unexpected("a whole number and a unit") }
        advance()
        guard case .word(let unit) = token.kind else { throw unexpected("a unit of time: ms, s, m, h or d") }
        let nanoseconds: Int64
        switch unit {
        case "ms": nanoseconds = 1_000_000
        case "s": nanoseconds = 1_000_000_000
        case "m": nanoseconds = 60_000_000_000
        case "h": nanoseconds = 3_600_000_000_000
        case "d": nanoseconds = 86_400_000_000_000
        default: throw error(.unknownUnit(unit))
        }
        let range = start.through(token.range)
        let (span, overflow) = Int64(clamping: number).multipliedReportingOverflow(by: nanoseconds)
        guard !overflow else { throw EQLError(.spanOutOfRange, at: range) }
        guard span > 0 else { throw EQLError(.emptySpan, at: range) }
        advance()
        return SyntaxTree.Maxspan(nanoseconds: span, range: range)
    }

    // MARK: Names

    // field := ["?"] segment { "." segment }
    mutating func parseFieldName() throws(EQLError) -> FieldName {
        let start = token.range
        let isOptional = takes(.question)
        if case .word(let word) = token.kind, Parser.reserved.contains(word) { throw unexpected("a field") }
        var (name, end) = try parseSegment()
        while takes(.dot) {
            let (segment, range) = try parseSegment()
            name += "." + segment
            end = range
        }
        if token.kind == .symbol(.openBracket), token.range.start == end.end, position + 1 < tokens.count,
            case .integer = tokens[position + 1].kind
        {
            throw error(.unsupported(.arrayIndex))
        }
        return FieldName(name: name, isOptional: isOptional, range: start.through(end))
    }

    private mutating func parseSegment() throws(EQLError) -> (String, SourceRange) {
        let range = token.range
        switch token.kind {
        case .word(let name), .quotedName(let name):
            advance()
            return (name, range)
        default: throw unexpected("the name of a field")
        }
    }

    /// Words that are no field and no category unless they are quoted.
    static let reserved: Set<String> = [
        "and", "any", "by", "false", "in", "join", "like", "maxspan", "not", "null", "of", "or",
        "regex", "sample", "sequence", "true", "until", "where", "with",
    ]

    // MARK: Tokens

    var token: Token { tokens[position] }

    /// The token after the current one.
    var following: Token { tokens[min(position + 1, tokens.count - 1)] }

    /// Where the token before the current one ends.
    var previousEnd: Int { position > 0 ? tokens[position - 1].range.end : 0 }

    mutating func advance() {
        if position < tokens.count - 1 { position += 1 }
    }

    func isWord(_ word: String) -> Bool { token.kind == .word(word) }

    mutating func takes(word: String) -> Bool {
        guard isWord(word) else { return false }
        advance()
        return true
    }

    mutating func takes(_ symbol: Token.Symbol) -> Bool {
        guard token.kind == .symbol(symbol) else { return false }
        advance()
        return true
    }

    mutating func expect(word: String) throws(EQLError) {
        guard takes(word: word) else { throw unexpected("“\(word)”") }
    }

    mutating func expect(_ symbol: Token.Symbol) throws(EQLError) {
        guard takes(symbol) else { throw unexpected("“\(symbol.rawValue)”") }
    }

    private mutating func expectAssignment() throws(EQLError) {
        guard takes(.assign) || takes(.equal) else { throw unexpected("“=”") }
    }

    func error(_ reason: EQLError.Reason) -> EQLError { EQLError(reason, at: token.range) }

    /// The current token is not what the grammar wants.
    func unexpected(_ expected: String) -> EQLError {
        if case .word(let word) = token.kind, word != word.lowercased(),
            Parser.reserved.contains(word.lowercased())
        {
            return error(.keywordCase(found: word, expected: word.lowercased()))
        }
        if token.kind == .symbol(.assign) { return error(.singleEquals) }
        return error(.unexpected(found: token.description, expected: expected))
    }
}
