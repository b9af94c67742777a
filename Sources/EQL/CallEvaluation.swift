import Events

/// A text that a test on a result works on: bytes of the event, of the
/// query, or made on the way.
struct TextRange: Sendable {
    enum Source: UInt8, Sendable {
        case event, literal, scratch
    }

    var source: Source
    var start: Int
    var end: Int

    var isEmpty: Bool { start == end }
}

/// What an expression can come to.
enum CallValue: Sendable {
    case none
    case number(Number)
    case boolean(Bool)
    case text(TextRange)
    /// A user or group id: text, once something asks for it.
    case identifier(Int64)
    case address(IPAddress)
}

/// What one test on a result keeps while it runs.
struct CallEvaluation {
    var bindings = InlineArray<8, CallValue>(repeating: .none)
    var scratch: [UInt8] = []
    var hasResult = false
}

extension CallPool {
    /// The value of an expression for the values bound to its variables.
    func value(
        _ root: Int, _ evaluation: inout CallEvaluation, _ event: borrowing Event
    ) -> CallValue {
        switch nodes[root] {
        case .text(let range):
            return .text(TextRange(source: .literal, start: range.lowerBound, end: range.upperBound))
        case .number(let number): return .number(number)
        case .boolean(let value): return .boolean(value)
        case .variable(let index):
            let value = evaluation.bindings[index]
            switch value {
            case .identifier, .address: return .text(text(of: value, &evaluation))
            default: return value
            }
        case .call(let function, let folds, let children):
            return call(function, folds: folds, children, &evaluation, event)
        }
    }

    private func call(
        _ function: Function, folds: Bool, _ children: Range<Int>, _ evaluation: inout CallEvaluation,
        _ event: borrowing Event
    ) -> CallValue {
        if function == .concat { return concatenated(children, &evaluation, event) }
        let first = value(self.children[children.lowerBound], &evaluation, event)
        var others = InlineArray<3, CallValue>(repeating: .none)
        for index in 1..<max(1, children.count) {
            let other = value(self.children[children.lowerBound + index], &evaluation, event)
            if case .none = other { return .none }
            others[index - 1] = other
        }
        switch (function, first, others[0]) {
        case (_, .none, _): return .none
        case (.string, _, _): return .text(text(of: first, &evaluation))
        case (.negate, .number(let number), _): return arithmetic(.subtract, .integer(0), number)
        case (_, .number(let left), .number(let right)): return arithmetic(function, left, right)
        case (.length, .text(let text), _):
            return .number(.integer(Int64(units(text, evaluation, event))))
        case (.number, .text(let text), .number(.integer(let base))):
            return number(text, base: base, evaluation, event)
        case (.number, .text(let text), .none): return number(text, base: nil, evaluation, event)
        case (.startsWith, .text(let text), .text(let part)):
            let count = part.end - part.start
            return .boolean(
                text.end - text.start >= count
                    && isEqual(text, text.start, part, folds: folds, evaluation, event))
        case (.endsWith, .text(let text), .text(let part)):
            let count = part.end - part.start
            return .boolean(
                text.end - text.start >= count
                    && isEqual(text, text.end - count, part, folds: folds, evaluation, event))
        case (.stringContains, .text(let text), .text(let part)):
            return .boolean(find(part, in: text, from: text.start, folds: folds, evaluation, event) != nil)
        case (.indexOf, .text(let text), .text(let part)):
            return index(of: part, in: text, from: others[1], folds: folds, evaluation, event)
        case (.substring, .text(let text), .number(.integer(let start))):
            return substring(text, start, others[1], evaluation, event)
        case (.between, .text(let text), .text(let left)):
            guard case .text(let right) = others[1] else { return .none }
            var isGreedy = false
            if case .boolean(let flag) = others[2] { isGreedy = flag }
            return between(text, left, right, isGreedy: isGreedy, folds: folds, evaluation, event)
        default: return .none
        }
    }

    // MARK: Numbers

    private func arithmetic(_ function: Function, _ left: Number, _ right: Number) -> CallValue {
        if case .integer(let left) = left, case .integer(let right) = right {
            let (value, overflow): (Int64, Bool)
            switch function {
            case .add: (value, overflow) = left.addingReportingOverflow(right)
            case .subtract: (value, overflow) = left.subtractingReportingOverflow(right)
            case .multiply: (value, overflow) = left.multipliedReportingOverflow(by: right)
            case .divide: (value, overflow) = left.dividedReportingOverflow(by: right)
            case .modulo: (value, overflow) = left.remainderReportingOverflow(dividingBy: right)
            default: return .none
            }
            return overflow ? .none : .number(.integer(value))
        }
        let value: Double
        switch function {
        case .add: value = left.double + right.double
        case .subtract: value = left.double - right.double
        case .multiply: value = left.double * right.double
        case .divide: value = left.double / right.double
        case .modulo: value = left.double.truncatingRemainder(dividingBy: right.double)
        default: return .none
        }
        return value.isFinite ? .number(.decimal(value)) : .none
    }

    /// The number that a text names; with base 16 also after `0x`.
    private func number(
        _ text: TextRange, base: Int64?, _ evaluation: borrowing CallEvaluation, _ event: borrowing Event
    ) -> CallValue {
        guard text.end - text.start <= 64, (2...36).contains(base ?? 10) else { return .none }
        var string = ""
        for index in text.start..<text.end {
            let byte = byte(text, index, evaluation, event)
            guard byte > 0x20, byte < 0x7f else { return .none }
            string.unicodeScalars.append(Unicode.Scalar(byte))
        }
        if string.hasPrefix("0x"), base ?? 16 == 16 {
            return Int64(string.dropFirst(2), radix: 16).map { .number(.integer($0)) } ?? .none
        }
        if let integer = Int64(string, radix: Int(base ?? 10)) { return .number(.integer(integer)) }
        let isDecimal = string.utf8.allSatisfy { "0123456789.eE+-".utf8.contains($0) }
        guard base ?? 10 == 10, isDecimal, let decimal = Double(string), decimal.isFinite else {
            return .none
        }
        return .number(.decimal(decimal))
    }

    // MARK: Making text

    private func text(of value: CallValue, _ evaluation: inout CallEvaluation) -> TextRange {
        let start = evaluation.scratch.count
        switch value {
        case .text(let range): return range
        case .number(.integer(let number)), .identifier(let number):
            var text = ShortText()
            text.append(decimal: number)
            for index in 0..<text.count { evaluation.scratch.append(text.bytes[index]) }
        case .number(.decimal(let number)): evaluation.scratch += "\(number)".utf8
        case .boolean(let flag): evaluation.scratch += (flag ? "true" : "false").utf8
        case .address(let address):
            var text = ShortText()
            text.append(address)
            for index in 0..<text.count { evaluation.scratch.append(text.bytes[index]) }
        case .none: break
        }
        return TextRange(source: .scratch, start: start, end: evaluation.scratch.count)
    }

    private func concatenated(
        _ children: Range<Int>, _ evaluation: inout CallEvaluation, _ event: borrowing Event
    ) -> CallValue {
        var pieces: [TextRange] = []
        for child in children {
            let value = value(self.children[child], &evaluation, event)
            if case .none = value { return .none }
            pieces.append(text(of: value, &evaluation))
        }
        let start = evaluation.scratch.count
        for piece in pieces {
            guard evaluation.scratch.count + piece.end - piece.start <= Limits.resultLength else {
                return .none
            }
            for index in piece.start..<piece.end {
                evaluation.scratch.append(byte(piece, index, evaluation, event))
            }
        }
        return .text(TextRange(source: .scratch, start: start, end: evaluation.scratch.count))
    }
}
