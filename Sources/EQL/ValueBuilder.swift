import Events

/// Builds the expression of one test on a result, and checks its types.
struct ValueBuilder {
    typealias Expression = SyntaxTree.Expression

    private let analyzer: Analyzer
    private var variables: [CallTest.Variable] = []
    /// A field that nobody produces: then there is never a result.
    private var isMissing = false

    init(analyzer: Analyzer) {
        self.analyzer = analyzer
    }

    struct TypedValue {
        var node: ValueNode
        var type: EQLError.ValueType
    }

    /// Fields whose values 2 and 3 say only how value 1 was called.
    private static let named = Set(ProcessRole.allCases.flatMap { [$0.name, $0.executable] })

    // MARK: Conditions

    func condition(_ value: TypedValue, _ test: ResultTest, isNegated: Bool) -> Condition {
        guard !isMissing else { return .constant(false) }
        return .call(CallTest(root: value.node, variables: variables, test: test, isNegated: isNegated))
    }

    /// `startsWith(field, "…")` and its like as a pattern, which is faster.
    func patternTest(of node: ValueNode) -> Condition? {
        guard case .call(let function, let folds, let arguments) = node, arguments.count == 2,
            case .variable(0) = arguments[0], case .text(let text) = arguments[1], !isMissing,
            [.keyword, .identifier].contains(variables[0].field.info.type)
        else { return nil }
        let pattern: WildcardPattern
        switch function {
        case .startsWith: pattern = WildcardPattern(literal: text, folds: folds, starAfter: true)
        case .endsWith: pattern = WildcardPattern(literal: text, folds: folds, starBefore: true)
        case .stringContains:
            pattern = WildcardPattern(literal: text, folds: folds, starBefore: true, starAfter: true)
        default: return nil
        }
        return .field(variables[0].field, .patterns([pattern]))
    }

    // MARK: Values

    /// - Parameter isTested: the value goes into a function that is true or
    ///   false, so that all values of a field count.
    mutating func value(_ expression: Expression, isTested: Bool = false) throws(EQLError) -> TypedValue {
        switch expression.kind {
        case .literal(.string(let text)): return TypedValue(node: .text(Array(text.utf8)), type: .text)
        case .literal(.integer(let value)): return TypedValue(node: .number(.integer(value)), type: .number)
        case .literal(.decimal(let value)): return TypedValue(node: .number(.decimal(value)), type: .number)
        case .literal(.boolean(let value)): return TypedValue(node: .boolean(value), type: .boolean)
        case .literal(.null): throw EQLError(.nullOutsideEquality, at: expression.range)
        case .field(let name): return try variable(name, isTested: isTested)
        case .minus(let operand):
            let value = try value(operand)
            guard value.type == .number || value.type == .any else {
                throw EQLError(.notApplicable(operator: "-", type: value.type), at: operand.range)
            }
            return TypedValue(node: .call(.negate, folds: false, [value.node]), type: .number)
        case .arithmetic(let operation, let left, let right):
            let signature = Function.signature(of: operation)
            var nodes: [ValueNode] = []
            for operand in [left, right] {
                let value = try value(operand)
                guard value.type == .number || value.type == .any else {
                    throw EQLError(
                        .notApplicable(operator: operation.rawValue, type: value.type), at: operand.range)
                }
                nodes.append(value.node)
            }
            return TypedValue(node: .call(signature.function, folds: false, nodes), type: .number)
        case .call(let name, let folds, let arguments):
            return try call(name, folds: folds, arguments, at: expression.range)
        default: throw EQLError(.predicateAsValue, at: expression.range)
        }
    }

    private mutating func variable(
        _ name: SyntaxTree.FieldName, isTested: Bool
    ) throws(EQLError) -> TypedValue {
        guard let field = try analyzer.field(name) else {
            isMissing = true
            return TypedValue(node: .boolean(false), type: .any)
        }
        let variable = CallTest.Variable(
            field: field, firstOnly: !isTested && ValueBuilder.named.contains(field))
        let type = field.info.type.valueType
        if let index = variables.firstIndex(of: variable) {
            return TypedValue(node: .variable(index), type: type)
        }
        guard variables.count < Limits.fieldsPerCall else {
            throw EQLError(.tooManyFieldsInCall(limit: Limits.fieldsPerCall), at: name.range)
        }
        variables.append(variable)
        return TypedValue(node: .variable(variables.count - 1), type: type)
    }

    private mutating func call(
        _ name: String, folds: Bool, _ arguments: [Expression], at range: SourceRange
    ) throws(EQLError) -> TypedValue {
        guard let signature = Function.signature(named: name) else {
            let suggestion = closest(to: name, in: Function.signatures.map(\.name))
            let end = range.start + name.utf8.count
            throw EQLError(
                .unknownFunction(name, suggestion: suggestion),
                at: SourceRange(start: range.start, end: end))
        }
        try analyzer.check(signature, folds: folds, arguments, at: range)
        guard signature.function != .cidrMatch else { throw EQLError(.predicateAsValue, at: range) }
        var nodes: [ValueNode] = []
        for (index, argument) in arguments.enumerated() {
            let value = try value(argument, isTested: signature.result == .boolean)
            let parameter = signature.parameters[min(index, signature.parameters.count - 1)]
            guard value.type == .any || parameter.accepts(value.type) else {
                throw analyzer.wrongArgument(signature, index, argument)
            }
            nodes.append(value.node)
        }
        // lists against lists would take time beyond any bound
        guard variables.filter({ $0.field.info.isMany && !ValueBuilder.named.contains($0.field) }).count <= 1
        else { throw EQLError(.severalLists(function: signature.name), at: range) }
        return TypedValue(
            node: .call(signature.function, folds: folds, nodes), type: signature.result)
    }
}

extension Function.Parameter {
    func accepts(_ type: EQLError.ValueType) -> Bool {
        switch self {
        case .text: type == .text || type == .identifier
        case .number: type == .number
        case .boolean: type == .boolean
        case .address: type == .address
        case .block: type == .text
        case .scalar: [.text, .identifier, .number, .boolean, .address].contains(type)
        }
    }
}
