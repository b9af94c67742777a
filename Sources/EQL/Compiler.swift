import Events

/// Translates analyzed conditions to flat programs.
struct Compiler {
    let role: Query.Role

    init(role: Query.Role) {
        self.role = role
    }

    func compile(_ query: AnalyzedQuery) throws(EQLError) -> CompiledQuery {
        let analysis = RequirementAnalysis()
        var stages: [Stage] = []
        for stage in query.stages {
            let compiled = compile(stage, analysis)
            for _ in 0..<stage.runs { stages.append(compiled) }
        }
        var result = CompiledQuery(shape: query.shape, stages: stages, maxspan: query.maxspan)
        if let until = query.until { result.until = compile(until, analysis) }
        result.runs = query.stages.map(\.runs)
        return result
    }

    private func compile(_ stage: AnalyzedStage, _ analysis: borrowing RequirementAnalysis) -> Stage {
        let condition = stage.condition.simplified
        return Stage(
            program: Program(condition, role: role), keys: stage.keys, isMissing: stage.isMissing,
            requirement: analysis.requirement(of: condition, keys: stage.keys),
            needs: NeedAnalysis.needs(of: condition))
    }

    /// The value of an expression without fields; nil if it has none.
    static func value(of node: ValueNode) -> SyntaxTree.Literal.Value? {
        var calls = CallPool()
        let root = calls.add(node)
        var evaluation = CallEvaluation()
        let event = Event()
        switch calls.value(root, &evaluation, event) {
        case .number(.integer(let value)): return .integer(value)
        case .number(.decimal(let value)): return .decimal(value)
        case .boolean(let value): return .boolean(value)
        case .text(let range):
            let bytes = (range.start..<range.end).map { calls.byte(range, $0, evaluation, event) }
            return .string(String(decoding: bytes, as: UTF8.self))
        case .none, .identifier, .address: return nil
        }
    }
}

extension Condition {
    /// The same without constants inside, and without `and` in `and`.
    var simplified: Condition {
        switch self {
        case .not(let operand):
            switch operand.simplified {
            case .constant(let value): return .constant(!value)
            case .not(let inner): return inner
            case let other: return .not(other)
            }
        case .all(let branches):
            var rest: [Condition] = []
            for branch in branches.map(\.simplified) {
                switch branch {
                case .constant(true): continue
                case .constant(false): return .constant(false)
                case .all(let inner): rest += inner
                default: rest.append(branch)
                }
            }
            return rest.isEmpty ? .constant(true) : rest.count == 1 ? rest[0] : .all(rest)
        case .any(let branches):
            var rest: [Condition] = []
            for branch in branches.map(\.simplified) {
                switch branch {
                case .constant(false): continue
                case .constant(true): return .constant(true)
                case .any(let inner): rest += inner
                default: rest.append(branch)
                }
            }
            return rest.isEmpty ? .constant(false) : rest.count == 1 ? rest[0] : .any(rest)
        default: return self
        }
    }
}

extension Program {
    /// - Parameter condition: simplified.
    init(_ condition: Condition, role: Query.Role) {
        self.init()
        var assembler = Assembler(program: self)
        self = assembler.assemble(condition, doubt: role == .rule ? .counts : .fails)
    }
}

extension Operation.Doubt {
    /// How doubtful values count one `not` further in.
    func negated(for start: Operation.Doubt) -> Operation.Doubt {
        switch self {
        case .counts, .holds: .fails
        case .fails: start == .counts ? .counts : .holds
        }
    }
}

/// Writes operations and connects their jumps.
private struct Assembler {
    private var program: Program
    private var start: Operation.Doubt = .counts
    /// A jump to a place that is not known yet goes to a label.
    private var labels: [UInt16] = []
    private var jumps: [(onTrue: Target, onFalse: Target)] = []

    private enum Target {
        case accept, reject
        case label(Int)
    }

    init(program: Program) {
        self.program = program
    }

    mutating func assemble(_ condition: Condition, doubt: Operation.Doubt) -> Program {
        start = doubt
        if case .constant(let value) = condition {
            program.entry = value ? Operation.accept : Operation.reject
            return program
        }
        program.entry = 0
        emit(condition, .accept, .reject, doubt)
        for (index, jump) in jumps.enumerated() {
            program.operations[index].onTrue = place(of: jump.onTrue)
            program.operations[index].onFalse = place(of: jump.onFalse)
        }
        return program
    }

    private func place(of target: Target) -> UInt16 {
        switch target {
        case .accept: Operation.accept
        case .reject: Operation.reject
        case .label(let label): labels[label]
        }
    }

    private mutating func newLabel() -> Int {
        labels.append(0)
        return labels.count - 1
    }

    private mutating func placeHere(_ label: Int) {
        labels[label] = UInt16(program.operations.count)
    }

    private mutating func emit(
        _ condition: Condition, _ onTrue: Target, _ onFalse: Target, _ doubt: Operation.Doubt
    ) {
        switch condition {
        case .not(let operand): emit(operand, onFalse, onTrue, doubt.negated(for: start))
        case .all(let branches):
            for (index, branch) in branches.enumerated() {
                guard index < branches.count - 1 else { return emit(branch, onTrue, onFalse, doubt) }
                let next = newLabel()
                emit(branch, .label(next), onFalse, doubt)
                placeHere(next)
            }
        case .any(let branches):
            for (index, branch) in branches.enumerated() {
                guard index < branches.count - 1 else { return emit(branch, onTrue, onFalse, doubt) }
                let next = newLabel()
                emit(branch, onTrue, .label(next), doubt)
                placeHere(next)
            }
        default:
            program.operations.append(operation(condition, doubt))
            jumps.append((onTrue, onFalse))
        }
    }

    private mutating func operation(_ condition: Condition, _ doubt: Operation.Doubt) -> Operation {
        switch condition {
        case .category(let name):
            let kinds = EventKind.kinds(ofCategory: name)
            var operation = Operation(
                code: .category, field: .eventCategory, doubt: doubt, extra: kinds.live)
            operation.a = UInt32(
                program.texts.add([WildcardPattern(literal: Array(name.utf8), folds: false)]))
            return operation
        case .isPresent(let field): return Operation(code: .isPresent, field: field, doubt: doubt)
        case .field(let field, let test): return operation(field, test, doubt)
        case .call(let call):
            let inner = call.isNegated ? doubt.negated(for: start) : doubt
            var operation = Operation(
                code: .call, field: call.variables.first?.field ?? .timestamp, doubt: inner)
            operation.a = UInt32(
                program.calls.add(call, texts: &program.texts, regexes: &program.regexes))
            return operation
        case .constant, .not, .all, .any:
            preconditionFailure("a condition without constants, and a test")
        }
    }

    private mutating func operation(
        _ field: Field, _ test: FieldTest, _ doubt: Operation.Doubt
    ) -> Operation {
        var operation = Operation(code: .text, field: field, doubt: doubt)
        switch test {
        case .patterns(let patterns):
            if patterns.count == 1, let text = patterns[0].exact, text.count <= 8 {
                operation.code = patterns[0].folds ? .shortTextFolded : .shortText
                operation.extra = UInt8(text.count)
                operation.word = text.reversed().reduce(0) { $0 << 8 | UInt64($1) }
            } else {
                operation.a = UInt32(program.texts.add(patterns))
            }
        case .order(let order, let literal):
            operation.code = .order
            operation.extra = order.rawValue
            operation.a = UInt32(program.bytes.count)
            program.bytes += literal
            operation.b = UInt32(program.bytes.count)
        case .regexes(let automata):
            operation.code = .regex
            operation.a = UInt32(program.regexes.entries.count)
            for automaton in automata { _ = program.regexes.add(automaton) }
            operation.b = UInt32(program.regexes.entries.count)
        case .integers(let set):
            operation.code = .integer
            let run = add(set)
            (operation.a, operation.b) = (run.lowerBound, run.upperBound)
        case .identifiers(let patterns, let set):
            operation.code = .identifier
            operation.a = UInt32(program.texts.add(patterns))
            operation.b = UInt32(program.integerRuns.count)
            program.integerRuns.append(add(set))
        case .addresses(let set):
            operation.code = .address
            operation.a = UInt32(program.addresses.count)
            program.addresses += set.ranges
            operation.b = UInt32(program.addresses.count)
        }
        return operation
    }

    private mutating func add(_ set: RangeSet<Int64>) -> Range<UInt32> {
        let start = UInt32(program.integers.count)
        program.integers += set.ranges
        return start..<UInt32(program.integers.count)
    }
}

extension EventKind {
    /// The kinds of live events that are of a category: as bits, and for
    /// requirements.
    static func kinds(ofCategory name: String) -> (live: UInt8, required: Requirement.Kinds) {
        func bits(_ kinds: [EventKind]) -> UInt8 { kinds.reduce(0) { $0 | 1 << $1.rawValue } }
        return switch name {
        case "process": (bits([.exec, .fork, .exit]), [.exec, .fork, .exit])
        case "network": (bits([.connect]), [.connect])
        default: (0, [])
        }
    }
}
