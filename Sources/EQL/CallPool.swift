import Events

/// The tests on results of one program, as flat arrays.
struct CallPool: Sendable {
    struct Test: Sendable {
        enum Kind: UInt8, Sendable {
            /// `a`: pattern set.
            case patterns
            /// `a`..<`b`: bytes of the literal.
            case order
            /// `a`..<`b`: automata.
            case regexes
            /// `a`..<`b`: numbers; the result must stand so to one of them.
            case numbers
            /// `a`: 0 or 1.
            case boolean
            case exists
        }

        var kind: Kind
        var order: Order = .equal
        var isNegated: Bool
        var root: Int
        var variables: Range<Int>
        var a = 0
        var b = 0
    }

    enum Node: Sendable {
        case text(Range<Int>)
        case number(Number)
        case boolean(Bool)
        case variable(Int)
        case call(Function, folds: Bool, children: Range<Int>)
    }

    private(set) var tests: [Test] = []
    private(set) var nodes: [Node] = []
    private(set) var children: [Int] = []
    private(set) var variables: [CallTest.Variable] = []
    private(set) var numbers: [Number] = []
    private(set) var bytes: [UInt8] = []

    /// Adds a test; pattern sets and automata go into the program's pools.
    mutating func add(_ call: CallTest, texts: inout TextPool, regexes: inout RegexPool) -> Int {
        let root = add(call.root)
        let first = variables.count
        variables += call.variables
        var test = Test(
            kind: .exists, isNegated: call.isNegated, root: root, variables: first..<variables.count)
        switch call.test {
        case .patterns(let patterns):
            test.kind = .patterns
            test.a = texts.add(patterns)
        case .order(let order, let literal):
            test.kind = .order
            test.order = order
            test.a = bytes.count
            bytes += literal
            test.b = bytes.count
        case .regexes(let automata):
            test.kind = .regexes
            test.a = regexes.entries.count
            for automaton in automata { _ = regexes.add(automaton) }
            test.b = regexes.entries.count
        case .numbers(let order, let values):
            test.kind = .numbers
            test.order = order
            test.a = numbers.count
            numbers += values
            test.b = numbers.count
        case .boolean(let value):
            test.kind = .boolean
            test.a = value ? 1 : 0
        case .exists: break
        }
        tests.append(test)
        return tests.count - 1
    }

    /// Adds an expression and returns the number of its root.
    mutating func add(_ node: ValueNode) -> Int {
        let flat: Node
        switch node {
        case .text(let text):
            flat = .text(bytes.count..<(bytes.count + text.count))
            bytes += text
        case .number(let number): flat = .number(number)
        case .boolean(let value): flat = .boolean(value)
        case .variable(let index): flat = .variable(index)
        case .call(let function, let folds, let arguments):
            let roots = arguments.map { add($0) }
            flat = .call(function, folds: folds, children: children.count..<(children.count + roots.count))
            children += roots
        }
        nodes.append(flat)
        return nodes.count - 1
    }

    // MARK: Running

    /// Whether a test holds for one combination of the values of its fields,
    /// or, if it is negated, for none although there is a result.
    ///
    /// - Parameter doubt: how doubtful values count in the test itself; for a
    ///   negated one that is already the opposite.
    func holds(
        _ number: Int, _ event: borrowing Event, _ doubt: Operation.Doubt, texts: borrowing TextPool,
        regexes: borrowing RegexPool
    ) -> Bool {
        let test = tests[number]
        for index in test.variables where !event.has(variables[index].field) { return false }
        for index in test.variables {
            guard let slot = event.slot(variables[index].field) else { return false }
            if test.kind == .exists {
                if slot.isUnknown { return true }
                continue
            }
            guard !slot.traits.isDisjoint(with: [.unknown, .cut]) else { continue }
            switch doubt {
            case .holds: return !test.isNegated
            case .fails: return test.isNegated
            case .counts: if slot.isUnknown { return test.isNegated }
            }
        }
        var evaluation = CallEvaluation()
        let isAccepted = anyHolds(
            test, from: test.variables.lowerBound, &evaluation, event, doubt, texts: texts, regexes: regexes)
        return test.isNegated ? evaluation.hasResult && !isAccepted : isAccepted
    }

    /// Tries all values of the variables from one on.
    private func anyHolds(
        _ test: Test, from index: Int, _ evaluation: inout CallEvaluation, _ event: borrowing Event,
        _ doubt: Operation.Doubt, texts: borrowing TextPool, regexes: borrowing RegexPool
    ) -> Bool {
        guard index < test.variables.upperBound else {
            evaluation.scratch.removeAll(keepingCapacity: true)
            let value = value(test.root, &evaluation, event)
            if case .none = value { return false }
            evaluation.hasResult = true
            return accepts(test, value, evaluation, event, texts: texts, regexes: regexes)
        }
        let variable = variables[index]
        guard let slot = event.slot(variable.field) else { return false }
        let place = index - test.variables.lowerBound
        let count = variable.firstOnly ? 1 : Int(slot.count)
        // of a single number it is the number
        var start = slot.kind == .text ? Int(slot.payload) : 0
        let last = slot.kind == .text ? start + Int(slot.length) : 0
        for number in 0..<count {
            var end = last
            if slot.kind == .text {
                if number < Int(slot.count) - 1 {
                    end = event.arena.bytes.span.firstNUL(from: start, to: last)
                }
                evaluation.bindings[place] = .text(TextRange(source: .event, start: start, end: end))
            } else {
                evaluation.bindings[place] = binding(variable.field, slot, number, event)
            }
            start = min(end + 1, last)
            if doubt == .fails, !slot.isTrusted(number) { continue }
            if anyHolds(test, from: index + 1, &evaluation, event, doubt, texts: texts, regexes: regexes) {
                return true
            }
        }
        return false
    }

    private func binding(
        _ field: Field, _ slot: Slot, _ number: Int, _ event: borrowing Event
    ) -> CallValue {
        switch slot.kind {
        case .integer:
            guard let value = slot.integer(number, in: event.arena.bytes.span) else { return .none }
            switch field.info.type {
            case .boolean: return .boolean(value != 0)
            case .identifier: return .identifier(value)
            default: return .number(.integer(value))
            }
        case .address:
            return slot.address(number, in: event.arena.bytes.span).map { .address($0) } ?? .none
        case .text, .identity: return .none
        }
    }

    private func accepts(
        _ test: Test, _ value: CallValue, _ evaluation: borrowing CallEvaluation,
        _ event: borrowing Event, texts: borrowing TextPool, regexes: borrowing RegexPool
    ) -> Bool {
        switch value {
        case .none, .identifier, .address: return false
        case .boolean(let result):
            return test.kind == .exists || test.kind == .boolean && result == (test.a != 0)
        case .number(let result):
            if test.kind == .exists { return true }
            guard test.kind == .numbers else { return false }
            for index in test.a..<test.b {
                if let sign = result.compare(numbers[index]), test.order.holds(sign) { return true }
            }
            return false
        case .text(let range):
            switch range.source {
            case .event:
                return accepts(test, event.arena.bytes.span, range, texts: texts, regexes: regexes)
            case .literal: return accepts(test, bytes.span, range, texts: texts, regexes: regexes)
            case .scratch:
                return accepts(test, evaluation.scratch.span, range, texts: texts, regexes: regexes)
            }
        }
    }

    private func accepts(
        _ test: Test, _ text: borrowing Span<UInt8>, _ range: TextRange, texts: borrowing TextPool,
        regexes: borrowing RegexPool
    ) -> Bool {
        switch test.kind {
        case .exists: return true
        case .patterns: return texts.matches(test.a, text, range.start, range.end)
        case .regexes:
            for index in test.a..<test.b where regexes.matches(index, text, range.start, range.end) {
                return true
            }
            return false
        case .order:
            return test.order.holds(
                compareBytes(text, range.start, range.end, bytes.span, test.a, test.b))
        case .numbers, .boolean: return false
        }
    }
}
