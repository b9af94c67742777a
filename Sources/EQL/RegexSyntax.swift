/// A regular expression as it was written, in Lucene's syntax.
indirect enum RegexSyntax: Sendable {
    /// The empty text.
    case empty
    /// `#`: no text at all.
    case nothing
    /// One of these characters.
    case characters(RangeSet<UInt32>)
    case concatenation([RegexSyntax])
    case union([RegexSyntax])
    case repetition(RegexSyntax, atLeast: Int, atMost: Int?)
    case intersection([RegexSyntax])
    case complement(RegexSyntax)

    /// A character is a Unicode scalar, or, where bytes are not UTF-8, one
    /// byte, which counts from here.
    static let firstInvalidByte: UInt32 = 0x11_0000
    static let lastCharacter: UInt32 = firstInvalidByte + 0xff
    static let anyCharacter = RangeSet<UInt32>([0...lastCharacter])
}

/// Reads Lucene's syntax with all its optional operators.
struct RegexParser {
    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var depth = 0
    private let folds: Bool

    typealias Problem = EQLError.RegexProblem

    static func parse(_ pattern: String, folds: Bool) throws(Problem) -> RegexSyntax {
        guard !pattern.isEmpty else { return .empty }
        var parser = RegexParser(scalars: Array(pattern.unicodeScalars), folds: folds)
        let syntax = try parser.parseUnion()
        if let scalar = parser.peek { throw .unexpected(scalar) }
        return syntax
    }

    private init(scalars: [Unicode.Scalar], folds: Bool) {
        self.scalars = scalars
        self.folds = folds
    }

    private var peek: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private mutating func takes(_ scalar: Unicode.Scalar) -> Bool {
        guard peek == scalar else { return false }
        position += 1
        return true
    }

    private mutating func next() throws(Problem) -> Unicode.Scalar {
        guard let scalar = peek else { throw .endsEarly }
        position += 1
        return scalar
    }

    private mutating func descend() throws(Problem) {
        depth += 1
        guard depth <= Limits.depth else { throw .nestedTooDeeply(limit: Limits.depth) }
    }

    // union := intersection { "|" intersection }
    private mutating func parseUnion() throws(Problem) -> RegexSyntax {
        try descend()
        defer { depth -= 1 }
        var branches = [try parseIntersection()]
        while takes("|") { branches.append(try parseIntersection()) }
        return branches.count == 1 ? branches[0] : .union(branches)
    }

    // intersection := concatenation { "&" concatenation }
    private mutating func parseIntersection() throws(Problem) -> RegexSyntax {
        var branches = [try parseConcatenation()]
        while takes("&") { branches.append(try parseConcatenation()) }
        return branches.count == 1 ? branches[0] : .intersection(branches)
    }

    // concatenation := repetition { repetition }
    private mutating func parseConcatenation() throws(Problem) -> RegexSyntax {
        var pieces = [try parseRepetition()]
        while let scalar = peek, scalar != ")", scalar != "|", scalar != "&" {
            pieces.append(try parseRepetition())
        }
        return pieces.count == 1 ? pieces[0] : .concatenation(pieces)
    }

    // repetition := complement { "?" | "*" | "+" | "{" n "}" | "{" n ",}" | "{" n "," m "}" }
    private mutating func parseRepetition() throws(Problem) -> RegexSyntax {
        var operand = try parseComplement()
        let outer = depth
        defer { depth = outer }
        while let scalar = peek {
            switch scalar {
            case "?": operand = .repetition(operand, atLeast: 0, atMost: 1)
            case "*": operand = .repetition(operand, atLeast: 0, atMost: nil)
            case "+": operand = .repetition(operand, atLeast: 1, atMost: nil)
            case "{":
                position += 1
                let least = try parseCount()
                var most: Int? = least
                if takes(",") { most = peek == "}" ? nil : try parseCount() }
                guard peek == "}" else { throw .missing("}") }
                if let most, most < least { throw .invalidRepetition }
                operand = .repetition(operand, atLeast: least, atMost: most)
            default: return operand
            }
            position += 1
            try descend()
        }
        return operand
    }

    private mutating func parseCount() throws(Problem) -> Int {
        let start = position
        while let scalar = peek, ("0"..."9").contains(scalar) { position += 1 }
        guard let count = Int(text(start..<position)), count <= Limits.regexWork else {
            throw .invalidRepetition
        }
        return count
    }

    // complement := "~" complement | class
    private mutating func parseComplement() throws(Problem) -> RegexSyntax {
        guard takes("~") else { return try parseClass() }
        try descend()
        defer { depth -= 1 }
        return .complement(try parseComplement())
    }

    // class := "[" ["^"] member { member } "]" | simple
    private mutating func parseClass() throws(Problem) -> RegexSyntax {
        guard takes("[") else { return try parseSimple() }
        let isNegated = takes("^")
        var set = try parseMember()
        while let scalar = peek, scalar != "]" { set = set.union(try parseMember()) }
        guard takes("]") else { throw .missing("]") }
        guard isNegated else { return .characters(set) }
        return .characters(RangeSet(set.complement.ranges.compactMap(RegexParser.clip)))
    }

    // member := predefined | character ["-" character]
    //
    // Of letters in ranges Lucene does not ignore the case (apache/lucene issue 14378).
    private mutating func parseMember() throws(Problem) -> RangeSet<UInt32> {
        if let set = try takePredefined() { return set }
        let first = try parseCharacter()
        guard takes("-") else { return folding(RangeSet(first)) }
        let last = try parseCharacter()
        guard first <= last else { throw .invalidRange }
        return RangeSet([first...last])
    }

    // simple := "." | "#" | "@" | '"' text '"' | "(" [ union ] ")" | "<" n "-" m ">"
    //         | predefined | character
    private mutating func parseSimple() throws(Problem) -> RegexSyntax {
        if takes(".") { return .characters(RegexSyntax.anyCharacter) }
        if takes("#") { return .nothing }
        if takes("@") {
            return .repetition(.characters(RegexSyntax.anyCharacter), atLeast: 0, atMost: nil)
        }
        if takes("\"") { return try parseQuoted() }
        if takes("(") {
            if takes(")") { return .empty }
            let inner = try parseUnion()
            guard takes(")") else { throw peek == nil ? .missing(")") : .unexpected(try next()) }
            return inner
        }
        if takes("<") { return try parseInterval() }
        if let set = try takePredefined() { return .characters(set) }
        return .characters(folding(RangeSet(try parseCharacter())))
    }

    private mutating func parseQuoted() throws(Problem) -> RegexSyntax {
        var pieces: [RegexSyntax] = []
        while let scalar = peek, scalar != "\"" {
            pieces.append(.characters(folding(RangeSet(scalar.value))))
            position += 1
        }
        guard takes("\"") else { throw .missing("\"") }
        return pieces.isEmpty ? .empty : .concatenation(pieces)
    }

    // predefined := "\d" | "\D" | "\s" | "\S" | "\w" | "\W"; no other letter may follow "\" here
    private mutating func takePredefined() throws(Problem) -> RangeSet<UInt32>? {
        guard peek == "\\", position + 1 < scalars.count else { return nil }
        let digits: [ClosedRange<UInt32>] = [0x30...0x39]
        let spaces: [ClosedRange<UInt32>] = [0x09...0x0a, 0x0d...0x0d, 0x20...0x20]
        let words: [ClosedRange<UInt32>] = [0x30...0x39, 0x41...0x5a, 0x5f...0x5f, 0x61...0x7a]
        let set: RangeSet<UInt32>
        switch scalars[position + 1] {
        case "d": set = RangeSet(digits)
        case "s": set = RangeSet(spaces)
        case "w": set = RangeSet(words)
        case "D": set = RangeSet(RangeSet(digits).complement.ranges.compactMap(RegexParser.clip))
        case "S": set = RangeSet(RangeSet(spaces).complement.ranges.compactMap(RegexParser.clip))
        case "W": set = RangeSet(RangeSet(words).complement.ranges.compactMap(RegexParser.clip))
        case "a"..."z", "A"..."Z": throw .unknownEscape(scalars[position + 1])
        default: return nil
        }
        position += 2
        return set
    }

    // character := any scalar | "\" any scalar
    private mutating func parseCharacter() throws(Problem) -> UInt32 {
        let scalar = try next()
        return scalar == "\\" ? try next().value : scalar.value
    }

    /// `<n-m>`: a decimal number from n to m; with leading zeros to the same
    /// width if both are written with one width, else with any.
    private mutating func parseInterval() throws(Problem) -> RegexSyntax {
        let start = position
        while let scalar = peek, scalar != ">" { position += 1 }
        guard peek == ">" else { throw .missing(">") }
        let content = text(start..<position)
        position += 1
        let parts = content.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count > 1 else { throw .namedAutomaton(content) }
        guard parts.count == 2, let first = RegexParser.number(parts[0]),
            let second = RegexParser.number(parts[1])
        else { throw .invalidInterval }
        let width = parts[0].count == parts[1].count ? parts[0].count : nil
        return .decimals(min(first, second)...max(first, second), width: width)
    }

    private static func number(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int(text).flatMap { $0 <= Int(Int32.max) ? $0 : nil }
    }

    private func text(_ range: Range<Int>) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars[range])
        return String(text)
    }

    /// Both cases of ASCII letters, where case is ignored.
    private func folding(_ set: RangeSet<UInt32>) -> RangeSet<UInt32> {
        guard folds else { return set }
        var ranges = set.ranges
        for range in set.ranges {
            if let upper = RegexParser.overlap(range, 0x41...0x5a) {
                ranges.append((upper.lowerBound + 32)...(upper.upperBound + 32))
            }
            if let lower = RegexParser.overlap(range, 0x61...0x7a) {
                ranges.append((lower.lowerBound - 32)...(lower.upperBound - 32))
            }
        }
        return RangeSet(ranges)
    }

    private static func overlap(
        _ one: ClosedRange<UInt32>, _ other: ClosedRange<UInt32>
    ) -> ClosedRange<UInt32>? {
        one.overlaps(other) ? one.clamped(to: other) : nil
    }

    private static func clip(_ range: ClosedRange<UInt32>) -> ClosedRange<UInt32>? {
        overlap(range, 0...RegexSyntax.lastCharacter)
    }
}

extension RegexSyntax {
    /// Decimal numbers of a range.
    fileprivate static func decimals(_ range: ClosedRange<Int>, width: Int?) -> RegexSyntax {
        let zeros = RegexSyntax.repetition(digits(0...0), atLeast: 0, atMost: nil)
        guard let width else {
            // zeros, then the number as wide as it is
            var branches: [RegexSyntax] = []
            var power = 1
            for digitCount in 1...10 {
                let numbers = (digitCount == 1 ? 0 : power)...(power * 10 - 1)
                if range.overlaps(numbers) {
                    branches.append(fixed(range.clamped(to: numbers), width: digitCount))
                }
                power *= 10
            }
            return .concatenation([zeros, .union(branches)])
        }
        return fixed(range, width: width)
    }

    private static func digits(_ range: ClosedRange<Int>) -> RegexSyntax {
        .characters(RangeSet([UInt32(48 + range.lowerBound)...UInt32(48 + range.upperBound)]))
    }

    /// Numbers of a range written with exactly `width` digits.
    private static func fixed(_ range: ClosedRange<Int>, width: Int) -> RegexSyntax {
        guard width > 1 else { return digits(range) }
        guard width <= 10 else {
            let zeros = RegexSyntax.repetition(digits(0...0), atLeast: width - 10, atMost: width - 10)
            return .concatenation([zeros, fixed(range, width: 10)])
        }
        let power = (1..<width).reduce(1) { product, _ in product * 10 }
        let (first, last) = (range.lowerBound / power, range.upperBound / power)
        func branch(_ leading: ClosedRange<Int>, _ rest: ClosedRange<Int>) -> RegexSyntax {
            let all = 0...(power - 1)
            let tail: RegexSyntax =
                rest == all
                ? .repetition(digits(0...9), atLeast: width - 1, atMost: width - 1)
                : fixed(rest, width: width - 1)
            return .concatenation([digits(leading), tail])
        }
        let (low, high) = (range.lowerBound % power, range.upperBound % power)
        guard first < last else { return branch(first...first, low...high) }
        var branches = [
            branch(first...first, low...(power - 1)), branch(last...last, 0...high),
        ]
        if first + 1 < last { branches.append(branch((first + 1)...(last - 1), 0...(power - 1))) }
        return .union(branches)
    }
}
