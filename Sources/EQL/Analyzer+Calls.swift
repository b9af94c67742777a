import Events

extension Analyzer {
    // MARK: Tests on results

    /// A call or arithmetic where something true or false is wanted, or that
    /// is compared with `true` or `false`.
    func analyze(call expression: Expression, isEqualTo value: Bool) throws(EQLError) -> Condition {
        if let condition = try analyzeCIDRMatch(expression, isEqualTo: value, isNegated: false) {
            return condition
        }
        var builder = ValueBuilder(analyzer: self)
        let result = try builder.value(expression)
        guard result.type == .boolean || result.type == .any else {
            throw EQLError(.notAPredicate(result.type), at: expression.range)
        }
        if value, let simple = builder.patternTest(of: result.node) { return simple }
        return builder.condition(result, .boolean(value), isNegated: false)
    }

    func analyze(
        _ comparison: SyntaxTree.Comparison, call expression: Expression, with literal: Literal
    ) throws(EQLError) -> Condition {
        let isNegated = comparison == .notEqual
        if case .boolean(let value) = literal.value {
            if comparison == .equal { return try analyze(call: expression, isEqualTo: value) }
            if let condition = try analyzeCIDRMatch(expression, isEqualTo: value, isNegated: isNegated) {
                return condition
            }
        }
        var builder = ValueBuilder(analyzer: self)
        let result = try builder.value(expression)
        let test: ResultTest
        switch (result.type, literal.value) {
        case (.text, .string(let text)), (.identifier, .string(let text)), (.any, .string(let text)):
            test =
                comparison.order == .equal
                ? .patterns([literalPattern(literal, folds: false)])
                : .order(comparison.order, Array(text.utf8))
        case (.number, .integer(let number)), (.any, .integer(let number)):
            test = .numbers(comparison.order, [.integer(number)])
        case (.number, .decimal(let number)), (.any, .decimal(let number)):
            test = .numbers(comparison.order, [.decimal(number)])
        case (.boolean, .boolean(let value)), (.any, .boolean(let value)):
            guard comparison.order == .equal else {
                throw EQLError(
                    .notApplicable(operator: comparison.rawValue, type: .boolean), at: literal.range)
            }
            test = .boolean(value)
        default:
            throw EQLError(
                .wrongType(expected: result.type.literalName, found: literal.value.type), at: literal.range)
        }
        return builder.condition(result, test, isNegated: isNegated)
    }

    func analyzeNullTest(call expression: Expression, isNull: Bool) throws(EQLError) -> Condition {
        var builder = ValueBuilder(analyzer: self)
        let result = try builder.value(expression)
        let exists = builder.condition(result, .exists, isNegated: false)
        return isNull ? .not(exists) : exists
    }

    func analyzeMembership(
        call expression: Expression, _ values: [Literal], folds: Bool
    ) throws(EQLError) -> Condition {
        var builder = ValueBuilder(analyzer: self)
        let result = try builder.value(expression)
        let test: ResultTest
        switch (result.type, values[0].value) {
        case (.text, .string), (.identifier, .string), (.any, .string):
            test = .patterns(values.map { literalPattern($0, folds: folds) })
        case (.number, .integer), (.number, .decimal), (.any, .integer), (.any, .decimal):
            test = .numbers(.equal, values.compactMap(\.value.number))
        default:
            throw EQLError(
                .wrongType(expected: result.type.literalName, found: values[0].value.type),
                at: values[0].range)
        }
        return builder.condition(result, test, isNegated: false)
    }

    func analyze(
        _ matching: SyntaxTree.Matching, call expression: Expression, _ values: [Literal]
    ) throws(EQLError) -> Condition {
        var builder = ValueBuilder(analyzer: self)
        let result = try builder.value(expression)
        guard [.text, .identifier, .any].contains(result.type) else {
            throw EQLError(
                .notApplicable(operator: matching.rawValue, type: result.type), at: expression.range)
        }
        let test: ResultTest =
            matching.isRegex
            ? .regexes(try automata(values, folds: matching.folds))
            : .patterns(values.map { WildcardPattern($0.text, folds: matching.folds) })
        return builder.condition(result, test, isNegated: false)
    }

    // MARK: cidrMatch

    /// `cidrMatch` is a test on addresses, not on a result; nil if the
    /// expression is another.
    private func analyzeCIDRMatch(
        _ expression: Expression, isEqualTo value: Bool, isNegated: Bool
    ) throws(EQLError) -> Condition? {
        guard case .call(let name, let folds, let arguments) = expression.kind,
            let signature = Function.signature(named: name), signature.function == .cidrMatch
        else { return nil }
        try check(signature, folds: folds, arguments, at: expression.range)
        var ranges: [ClosedRange<UInt128>] = []
        for (index, argument) in arguments.enumerated().dropFirst() {
            guard case .literal(.string(let text)) = argument.kind else {
                throw EQLError(
                    .wrongArgument(
                        function: signature.name, position: index + 1,
                        expected: Function.Parameter.block.rawValue), at: argument.range)
            }
            guard let prefix = IPPrefix(text) else { throw EQLError(.notABlock(text), at: argument.range) }
            ranges.append(prefix.bits)
        }
        guard case .field(let fieldName) = arguments[0].kind else {
            throw wrongArgument(signature, 0, arguments[0])
        }
        guard let field = try field(fieldName) else { return .constant(false) }
        guard field.info.type == .ip else { throw wrongArgument(signature, 0, arguments[0]) }
        let inside = RangeSet(ranges)
        let test: Condition = .field(field, .addresses(value ? inside : inside.complement))
        // of a missing address there is no result, so nothing differs from it
        return isNegated ? .all([.isPresent(field), .not(test)]) : test
    }

    func wrongArgument(_ signature: Function.Signature, _ index: Int, _ argument: Expression) -> EQLError {
        let parameter = signature.parameters[min(index, signature.parameters.count - 1)]
        return EQLError(
            .wrongArgument(function: signature.name, position: index + 1, expected: parameter.rawValue),
            at: argument.range)
    }

    func check(
        _ signature: Function.Signature, folds: Bool, _ arguments: [Expression], at range: SourceRange
    ) throws(EQLError) {
        guard !folds || signature.hasCase else {
            throw EQLError(.caseNotApplicable(function: signature.name), at: range)
        }
        guard signature.count.contains(arguments.count) else {
            throw EQLError(
                .argumentCount(
                    function: signature.name, expected: signature.count, found: arguments.count), at: range)
        }
    }

    // MARK: Constants

    /// The literal on the right of a comparison, computed where it is an
    /// expression without fields.
    func constant(_ expression: Expression) throws(EQLError) -> Literal {
        if case .literal(let value) = expression.kind {
            return Literal(value: value, range: expression.range)
        }
        guard !expression.namesField else { throw expression.notConstant }
        var builder = ValueBuilder(analyzer: self)
        let node = try builder.value(expression).node
        guard let value = Compiler.value(of: node) else {
            throw EQLError(.constantWithoutValue, at: expression.range)
        }
        return Literal(value: value, range: expression.range)
    }
}

extension SyntaxTree.Expression {
    /// Why it cannot stand where a constant does, if a field is named in it.
    var notConstant: EQLError {
        if case .field(let name) = kind, !name.isOptional, Field(name: name.name) == nil {
            return EQLError(.unquoted(name.name), at: range)
        }
        return EQLError(.fieldComparedWithField, at: range)
    }

    /// Whether its value depends on the event.
    var namesField: Bool {
        switch kind {
        case .field: true
        case .call(_, _, let arguments): arguments.contains(where: \.namesField)
        case .minus(let operand): operand.namesField
        case .arithmetic(_, let left, let right): left.namesField || right.namesField
        default: false
        }
    }
}

extension SyntaxTree.Literal.Value {
    var number: Number? {
        switch self {
        case .integer(let value): .integer(value)
        case .decimal(let value): .decimal(value)
        default: nil
        }
    }
}

extension EQLError.ValueType {
    /// What a literal of the type looks like.
    var literalName: String {
        switch self {
        case .text, .identifier: "a string"
        case .number: "a number"
        case .boolean: "true or false"
        case .address: "an address as a string"
        case .date: "a date as a string"
        case .null, .any, .predicate: "a value"
        }
    }
}

extension IPPrefix {
    /// The first to the last address of the block.
    var bits: ClosedRange<UInt128> {
        let host = length == 0 ? UInt128.max : (UInt128(1) << UInt128(128 - length)) - 1
        return address.bits...(address.bits | host)
    }
}
