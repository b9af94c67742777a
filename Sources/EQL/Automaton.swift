/// A regular expression as an automaton without empty moves: a set of
/// positions, each of which consumes one character.
struct Automaton: Sendable {
    /// What each position consumes.
    private(set) var characters: [RangeSet<UInt32>] = []
    /// The positions that may come after each; `accept` if the text may end.
    private(set) var followers: [[Int]] = []
    /// The positions that may come first.
    private(set) var first: [Int] = []
    /// Whether the expression begins with ^ or ends with $, which stand for themselves.
    private(set) var hasAnchors = false

    /// Stands for the end among followers: one more than the positions.
    var accept: Int { characters.count }

    init(_ syntax: RegexSyntax) throws(EQLError.RegexProblem) {
        var builder = AutomatonBuilder()
        let end = try builder.state()
        let start = try builder.add(syntax, to: end)
        let moves = builder.moves
        guard moves.count <= Limits.regexStates else {
            throw .tooManyStates(limit: Limits.regexStates)
        }
        characters = moves.map(\.characters)
        let outgoing = builder.outgoing
        func positions(from state: Int) -> [Int] {
            let reached = builder.closure(of: [state])
            return reached.flatMap { outgoing[$0] ?? [] } + (reached.contains(end) ? [moves.count] : [])
        }
        var known: [Int: [Int]] = [:]
        for move in moves {
            let next = known[move.target] ?? positions(from: move.target)
            known[move.target] = next
            followers.append(next)
        }
        first = positions(from: start)
    }

    init(_ pattern: String, folds: Bool) throws(EQLError.RegexProblem) {
        try self.init(RegexParser.parse(pattern, folds: folds))
        hasAnchors = pattern.hasPrefix("^") || pattern.hasSuffix("$") && !pattern.hasSuffix("\\$")
    }
}

/// States with empty moves and moves on characters, built from syntax.
private struct AutomatonBuilder {
    struct Move {
        var source: Int
        var characters: RangeSet<UInt32>
        var target: Int
    }

    private(set) var moves: [Move] = []
    private var emptyMoves: [[Int]] = []

    mutating func state() throws(EQLError.RegexProblem) -> Int {
        guard emptyMoves.count < Limits.regexWork else {
            throw .tooManyStates(limit: Limits.regexStates)
        }
        emptyMoves.append([])
        return emptyMoves.count - 1
    }

    /// The moves that leave each state.
    var outgoing: [Int: [Int]] {
        Dictionary(grouping: moves.indices, by: { moves[$0].source })
    }

    /// The states reached from these by empty moves, these included.
    func closure(of states: [Int]) -> Set<Int> {
        var reached = Set(states)
        var pending = states
        while let state = pending.popLast() {
            for target in emptyMoves[state] where reached.insert(target).inserted {
                pending.append(target)
            }
        }
        return reached
    }

    /// Adds what matches the syntax and then goes to `end`; returns its start.
    mutating func add(_ syntax: RegexSyntax, to end: Int) throws(EQLError.RegexProblem) -> Int {
        switch syntax {
        case .empty: return end
        case .nothing: return try state()
        case .characters(let set):
            let start = try state()
            if !set.ranges.isEmpty { moves.append(Move(source: start, characters: set, target: end)) }
            return start
        case .concatenation(let pieces):
            var next = end
            for piece in pieces.reversed() { next = try add(piece, to: next) }
            return next
        case .union(let branches):
            let start = try state()
            for branch in branches { emptyMoves[start].append(try add(branch, to: end)) }
            return start
        case .repetition(let operand, let least, let most):
            return try add(operand, from: least, to: most, end: end)
        case .complement(let operand):
            return try add(Determinized(operand).complement, to: end)
        case .intersection(let operands):
            var product = try Determinized(operands[0])
            for operand in operands.dropFirst() {
                product = try product.intersection(Determinized(operand))
            }
            return try add(product, to: end)
        }
    }

    private mutating func add(
        _ operand: RegexSyntax, from least: Int, to most: Int?, end: Int
    ) throws(EQLError.RegexProblem) -> Int {
        var next = end
        if let most {
            // optional copies, each of which may be the last
            for _ in 0..<(most - least) {
                let choice = try state()
                let copy = try add(operand, to: next)
                emptyMoves[choice] = [copy, end]
                next = choice
            }
        } else {
            let loop = try state()
            let copy = try add(operand, to: loop)
            emptyMoves[loop] = [copy, end]
            next = loop
        }
        for _ in 0..<least { next = try add(operand, to: next) }
        return next
    }

    /// Adds a copy of a deterministic automaton.
    private mutating func add(_ automaton: Determinized, to end: Int) throws(EQLError.RegexProblem) -> Int {
        let base = emptyMoves.count
        for _ in automaton.targets { _ = try state() }
        for (source, targets) in automaton.targets.enumerated() {
            if automaton.accepts[source] { emptyMoves[base + source].append(end) }
            let byTarget = Dictionary(grouping: targets.indices, by: { targets[$0] })
            for target in byTarget.keys.sorted() where automaton.isUseful(target) {
                let ranges = (byTarget[target] ?? []).map { automaton.alphabet[$0] }
                moves.append(
                    Move(source: base + source, characters: RangeSet(ranges), target: base + target))
            }
        }
        return base
    }
}

/// A deterministic automaton that is complete: state 0 is the start, each
/// state has one target per range of the alphabet.
private struct Determinized {
    var alphabet: [ClosedRange<UInt32>]
    var targets: [[Int]] = []
    var accepts: [Bool] = []
    private var useful: [Bool] = []

    init(_ syntax: RegexSyntax) throws(EQLError.RegexProblem) {
        var builder = AutomatonBuilder()
        let end = try builder.state()
        let start = try builder.add(syntax, to: end)
        let moves = builder.moves
        let outgoing = builder.outgoing
        alphabet = Determinized.partition(moves.flatMap(\.characters.ranges))

        var numbers: [Set<Int>: Int] = [:]
        var pending: [Set<Int>] = []
        var work = 0
        func number(_ states: Set<Int>) -> Int {
            if let known = numbers[states] { return known }
            numbers[states] = numbers.count
            pending.append(states)
            return numbers.count - 1
        }
        _ = number(builder.closure(of: [start]))
        var next = 0
        while next < pending.count {
            let states = pending[next]
            next += 1
            accepts.append(states.contains(end))
            let leaving = states.flatMap { outgoing[$0] ?? [] }
            var row: [Int] = []
            for range in alphabet {
                let reached = leaving.filter { moves[$0].characters.contains(range.lowerBound) }
                let closure = builder.closure(of: reached.map { moves[$0].target })
                row.append(number(closure))
                work += 1 + leaving.count + closure.count
                guard numbers.count <= Limits.regexWork, work <= 100 * Limits.regexWork else {
                    throw .tooManyStates(limit: Limits.regexStates)
                }
            }
            targets.append(row)
        }
        findUseful()
    }

    private init(alphabet: [ClosedRange<UInt32>]) {
        self.alphabet = alphabet
    }

    /// All characters, cut wherever one of the ranges begins or ends.
    private static func partition(_ ranges: [ClosedRange<UInt32>]) -> [ClosedRange<UInt32>] {
        var starts: Set<UInt32> = [0]
        for range in ranges {
            starts.insert(range.lowerBound)
            if range.upperBound < RegexSyntax.lastCharacter { starts.insert(range.upperBound + 1) }
        }
        let sorted = starts.sorted()
        return sorted.indices.map { index in
            sorted[index]...(index + 1 < sorted.count ? sorted[index + 1] - 1 : RegexSyntax.lastCharacter)
        }
    }

    /// Whether a state can still lead to the end.
    func isUseful(_ state: Int) -> Bool { useful[state] }

    private mutating func findUseful() {
        useful = accepts
        var sources: [[Int]] = Array(repeating: [], count: targets.count)
        for (source, row) in targets.enumerated() {
            for target in Set(row) { sources[target].append(source) }
        }
        var pending = useful.indices.filter { useful[$0] }
        while let state = pending.popLast() {
            for source in sources[state] where !useful[source] {
                useful[source] = true
                pending.append(source)
            }
        }
    }

    var complement: Determinized {
        var other = self
        other.accepts = accepts.map { !$0 }
        other.findUseful()
        return other
    }

    func intersection(_ other: Determinized) throws(EQLError.RegexProblem) -> Determinized {
        var product = Determinized(alphabet: Determinized.partition(alphabet + other.alphabet))
        func column(_ alphabet: [ClosedRange<UInt32>]) -> [Int] {
            var index = 0
            return product.alphabet.map { range in
                while alphabet[index].upperBound < range.lowerBound { index += 1 }
                return index
            }
        }
        let (mine, theirs) = (column(alphabet), column(other.alphabet))
        var numbers = [[0, 0]: 0]
        var pending = [[0, 0]]
        var next = 0
        while next < pending.count {
            let pair = pending[next]
            next += 1
            product.accepts.append(accepts[pair[0]] && other.accepts[pair[1]])
            var row: [Int] = []
            for index in product.alphabet.indices {
                let target = [targets[pair[0]][mine[index]], other.targets[pair[1]][theirs[index]]]
                if numbers[target] == nil {
                    numbers[target] = numbers.count
                    pending.append(target)
                }
                row.append(numbers[target] ?? 0)
            }
            product.targets.append(row)
            guard numbers.count <= Limits.regexWork,
                numbers.count * product.alphabet.count <= 100 * Limits.regexWork
            else { throw .tooManyStates(limit: Limits.regexStates) }
        }
        product.findUseful()
        return product
    }
}
