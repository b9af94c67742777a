import Events

extension Analyzer {
    /// An expression that must be true or false.
    mutating func analyze(predicate expression: Expression) throws(EQLError) -> Condition {
        switch expression.kind {
        case .all(let branches):
            var conditions: [Condition] = []
            for branch in branches { conditions.append(try analyze(predicate: branch)) }
            return .all(conditions)
        case .any(let branches):
            var conditions: [Condition] = []
            for branch in branches { conditions.append(try analyze(predicate: branch)) }
            return .any(conditions)
        case .not(let operand): return .not(try analyze(predicate: operand))
        default: break
        }
        tests += 1
        guard tests <= Limits.conditions else {
            throw EQLError(.tooManyConditions(limit: Limits.conditions), at: expression.range)
        }
        switch expression.kind {
        case .literal(.boolean(let value)): return .constant(value)
        case .literal(let value): throw EQLError(.notAPredicate(value.type), at: expression.range)
        case .field(let name): return try analyzeField(name)
        case .comparison(let comparison, let left, let right):
            return try analyze(comparison, left, right)
        case .membership(let left, let values, let folds):
            return try analyzeMembership(left, values, folds: folds, range: expression.range)
        case .matching(let matching, let left, let values):
            return try analyze(matching, left, values)
        default: return try analyze(call: expression, isEqualTo: true)
        }
    }

    /// A boolean field alone.
    private func analyzeField(_ name: FieldName) throws(EQLError) -> Condition {
        guard let field = try field(name) else { return .constant(false) }
        guard field.info.type == .boolean else {
            throw EQLError(.notAPredicate(field.info.type.valueType), at: name.range)
        }
        return .field(field, .integers(RangeSet(1)))
    }

    // MARK: Comparisons

    private mutating func analyze(
        _ comparison: SyntaxTree.Comparison, _ left: Expression, _ right: Expression
    ) throws(EQLError) -> Condition {
        try checkIsValue(left)
        try checkIsValue(right)
        if case .literal = left.kind { throw EQLError(.literalOnLeft, at: left.range) }
        let literal = try constant(right)
        if literal.value == .null { return try analyzeNullTest(comparison, left, literal) }

        guard case .field(let name) = left.kind else {
            return try analyze(comparison, call: left, with: literal)
        }
        guard let field = try field(name) else { return .constant(comparison == .notEqual) }
        let test = try test(field, comparison.order, literal)
        return comparison == .notEqual ? .not(.field(field, test)) : .field(field, test)
    }

    /// Comparisons and conditions have no value that could be compared.
    func checkIsValue(_ expression: Expression) throws(EQLError) {
        switch expression.kind {
        case .literal, .field, .call, .minus, .arithmetic: return
        default: throw EQLError(.predicateAsValue, at: expression.range)
        }
    }

    private mutating func analyzeNullTest(
        _ comparison: SyntaxTree.Comparison, _ left: Expression, _ literal: Literal
    ) throws(EQLError) -> Condition {
        guard comparison == .equal || comparison == .notEqual else {
            throw EQLError(.nullOutsideEquality, at: literal.range)
        }
        guard case .field(let name) = left.kind else {
            return try analyzeNullTest(call: left, isNull: comparison == .equal)
        }
        let isPresent: Condition = try field(name).map { .isPresent($0) } ?? .constant(false)
        return comparison == .equal ? .not(isPresent) : isPresent
    }

    /// The test that one literal asks for.
    private func test(
        _ field: Field, _ order: Order, _ literal: Literal
    ) throws(EQLError) -> FieldTest {
        let type = field.info.type
        let mismatch = EQLError(
            .wrongType(expected: type.literalName, found: literal.value.type), at: literal.range)
        switch (type, literal.value) {
        case (.keyword, .string(let text)), (.identifier, .string(let text)):
            guard order == .equal else { return .order(order, Array(text.utf8)) }
            let pattern = WildcardPattern(literal: Array(text.utf8), folds: false)
            guard type == .identifier else { return .patterns([pattern]) }
            return .identifiers([pattern], numbers(named: [text]))
        case (.identifier, .integer(let number)):
            guard order == .equal else {
                // as in Elasticsearch, where they are keywords
                let expected = "a string, since ids are ordered as text"
                throw EQLError(.wrongType(expected: expected, found: .number), at: literal.range)
            }
            let pattern = WildcardPattern(literal: Array("\(number)".utf8), folds: false)
            return .identifiers([pattern], RangeSet(number))
        case (.long, .integer(let number)): return .integers(RangeSet(order, .integer(number)))
        case (.long, .decimal(let number)): return .integers(RangeSet(order, .decimal(number)))
        case (.boolean, .boolean(let value)):
            guard order == .equal else {
                throw EQLError(.notApplicable(operator: order.text, type: .boolean), at: literal.range)
            }
            return .integers(RangeSet(value ? 1 : 0))
        case (.date, .string(let text)):
            guard let date = DateLiteral(text) else { throw EQLError(.notADate(text), at: literal.range) }
            return .integers(RangeSet(order, date.instants))
        case (.ip, .string(let text)):
            guard let address = IPAddress(text) else {
                throw EQLError(.notAnAddress(text), at: literal.range)
            }
            return .addresses(RangeSet(order, address.bits...address.bits))
        default: throw mismatch
        }
    }

    /// The numbers that texts name as a number would be printed.
    private func numbers(named texts: [String]) -> RangeSet<Int64> {
        RangeSet(
            texts.compactMap { text in
                Int64(text).flatMap { "\($0)" == text ? $0...$0 : nil }
            })
    }

    // MARK: Lists

    private mutating func analyzeMembership(
        _ left: Expression, _ values: [Literal], folds: Bool, range: SourceRange
    ) throws(EQLError) -> Condition {
        try checkIsValue(left)
        if case .literal = left.kind { throw EQLError(.literalOnLeft, at: left.range) }
        for value in values {
            if value.value == .null { throw EQLError(.nullOutsideEquality, at: value.range) }
            guard value.value.type == values[0].value.type else {
                throw EQLError(.mixedList, at: value.range)
            }
            if folds, value.value.type != .text {
                throw EQLError(.wrongType(expected: "a string", found: value.value.type), at: value.range)
            }
        }
        guard case .field(let name) = left.kind else {
            return try analyzeMembership(call: left, values, folds: folds)
        }
        guard let field = try field(name) else { return .constant(false) }
        if folds {
            guard [.keyword, .identifier].contains(field.info.type) else {
                throw EQLError(
                    .notApplicable(operator: "in~", type: field.info.type.valueType), at: name.range)
            }
            return .field(field, .patterns(values.map { literalPattern($0, folds: true) }))
        }
        var patterns: [WildcardPattern] = []
        var integers: [ClosedRange<Int64>] = []
        var addresses: [ClosedRange<UInt128>] = []
        for value in values {
            switch try test(field, .equal, value) {
            case .patterns(let more): patterns += more
            case .integers(let set): integers += set.ranges
            case .identifiers(let more, let set):
                patterns += more
                integers += set.ranges
            case .addresses(let set): addresses += set.ranges
            case .order, .regexes: break
            }
        }
        switch field.info.type {
        case .keyword: return .field(field, .patterns(patterns))
        case .identifier: return .field(field, .identifiers(patterns, RangeSet(integers)))
        case .long, .boolean, .date: return .field(field, .integers(RangeSet(integers)))
        case .ip: return .field(field, .addresses(RangeSet(addresses)))
        }
    }

    /// A string that stands for itself.
    func literalPattern(_ literal: Literal, folds: Bool) -> WildcardPattern {
        WildcardPattern(literal: Array(literal.text.utf8), folds: folds)
    }

    // MARK: Patterns

    private mutating func analyze(
        _ matching: SyntaxTree.Matching, _ left: Expression, _ values: [Literal]
    ) throws(EQLError) -> Condition {
        try checkIsValue(left)
        if case .literal = left.kind { throw EQLError(.literalOnLeft, at: left.range) }
        for value in values where value.text.utf8.count > Limits.patternLength {
            throw EQLError(
                .patternTooLong(bytes: value.text.utf8.count, limit: Limits.patternLength), at: value.range)
        }
        guard case .field(let name) = left.kind else {
            return try analyze(matching, call: left, values)
        }
        let regexes = matching.isRegex ? try automata(values, folds: matching.folds) : []
        guard let field = try field(name) else { return .constant(false) }
        guard [.keyword, .identifier, .ip].contains(field.info.type) else {
            throw EQLError(
                .notApplicable(operator: matching.rawValue, type: field.info.type.valueType), at: name.range)
        }
        if matching.isRegex { return .field(field, .regexes(regexes)) }
        let patterns = values.map { WildcardPattern($0.text, folds: matching.folds) }
        switch field.info.type {
        case .identifier where patterns.allSatisfy({ $0.exact != nil }):
            return .field(field, .identifiers(patterns, numbers(named: values.map(\.text))))
        case .ip:
            // an address in another form is still the same address
            let addresses = values.compactMap { IPAddress($0.text) }
            let texts = zip(values, patterns).filter { IPAddress($0.0.text) == nil }.map(\.1)
            let set = RangeSet(addresses.map { $0.bits...$0.bits })
            if texts.isEmpty { return .field(field, .addresses(set)) }
            if addresses.isEmpty { return .field(field, .patterns(texts)) }
            return .any([.field(field, .addresses(set)), .field(field, .patterns(texts))])
        default: return .field(field, .patterns(patterns))
        }
    }

    func automata(_ values: [Literal], folds: Bool) throws(EQLError) -> [Automaton] {
        var automata: [Automaton] = []
        for value in values {
            do {
                automata.append(try Automaton(value.text, folds: folds))
            } catch {
                throw EQLError(.regex(error), at: value.range)
            }
        }
        return automata
    }
}

extension SyntaxTree.Literal {
    var text: String {
        if case .string(let text) = value { text } else { "" }
    }
}

extension SyntaxTree.Literal.Value {
    var type: EQLError.ValueType {
        switch self {
        case .string: .text
        case .integer, .decimal: .number
        case .boolean: .boolean
        case .null: .null
        }
    }
}

extension SyntaxTree.Comparison {
    /// `!=` is the opposite of `equal`.
    var order: Order {
        switch self {
        case .equal, .notEqual: .equal
        case .less: .less
        case .lessOrEqual: .lessOrEqual
        case .greater: .greater
        case .greaterOrEqual: .greaterOrEqual
        }
    }
}

extension Order {
    var text: String {
        switch self {
        case .less: "<"
        case .lessOrEqual: "<="
        case .greater: ">"
        case .greaterOrEqual: ">="
        case .equal: "=="
        }
    }
}

extension FieldType {
    /// What a literal for the field looks like.
    var literalName: String {
        switch self {
        case .keyword: "a string"
        case .identifier: "a string or a whole number"
        case .long: "a number"
        case .ip: "an address as a string"
        case .boolean: "true or false"
        case .date: "a date as a string"
        }
    }
}

extension IPAddress {
    var bits: UInt128 { UInt128(high) << 64 | UInt128(low) }
}
