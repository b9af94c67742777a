public import Events

/// A condition as a flat program: tests with jumps, and the data they compare
/// with, in arrays.
public struct Program: Sendable {
    /// Where to begin: an operation, or `accept` or `reject`.
    public internal(set) var entry = Operation.reject
    var operations: [Operation] = []
    var texts = TextPool()
    var regexes = RegexPool()
    var bytes: [UInt8] = []
    var integers: [ClosedRange<Int64>] = []
    /// Runs of `integers`.
    var integerRuns: [Range<UInt32>] = []
    var addresses: [ClosedRange<UInt128>] = []
    var calls = CallPool()

    /// Whether the event satisfies the condition.
    ///
    /// Allocates nothing, except that `concat`, `string`, and functions of
    /// numbers and addresses make the text that they work on.
    public func matches(_ event: borrowing Event) -> Bool {
        matches(event, from: entry)
    }

    /// The same, beginning where `entry(settledBy:)` says.
    public func matches(_ event: borrowing Event, from entry: UInt16) -> Bool {
        var next = entry
        let operations = operations.span
        while next < Operation.reject {
            let operation = operations[Int(next)]
            next = holds(operation, event) ? operation.onTrue : operation.onFalse
        }
        return next == Operation.accept
    }

    /// Where to begin with events that all have the values, and the kind, of an
    /// example, and others beside: behind the tests that these values settle.
    public func entry(settledBy example: borrowing Event) -> UInt16 {
        var next = entry
        while next < Operation.reject, operations[Int(next)].code != .call,
            example.has(operations[Int(next)].field)
        {
            let operation = operations[Int(next)]
            next = holds(operation, example) ? operation.onTrue : operation.onFalse
        }
        return next
    }

    @inline(__always)
    private func holds(_ operation: Operation, _ event: borrowing Event) -> Bool {
        if operation.code == .category, event.header.kind != .document {
            return operation.extra >> event.header.kind.rawValue & 1 != 0
        }
        if operation.code == .call { return holds(call: operation, event) }
        guard let slot = event.slot(operation.field) else { return false }
        if operation.code == .isPresent { return true }
        if !slot.traits.isDisjoint(with: [.unknown, .cut]) {
            switch operation.doubt {
            case .holds: return true
            case .fails: return false
            case .counts: if slot.isUnknown { return false }
            }
        }
        switch slot.kind {
        case .text where slot.count == 1:
            return matches(
                operation, event.arena.bytes.span, Int(slot.payload), Int(slot.payload) + Int(slot.length))
        case .text: return matchesAny(operation, event, slot)
        case .integer: return matchesAnyInteger(operation, event, slot)
        case .address: return matchesAnyAddress(operation, event, slot)
        case .identity: return false
        }
    }

    // MARK: Text

    /// A test on one text value.
    @inline(__always)
    private func matches(
        _ operation: Operation, _ text: borrowing Span<UInt8>, _ start: Int, _ end: Int
    ) -> Bool {
        switch operation.code {
        case .shortText:
            end - start == Int(operation.extra) && headWord(text, start, end) == operation.word
        case .shortTextFolded:
            end - start == Int(operation.extra)
                && foldedCase(headWord(text, start, end)) == operation.word
        case .text, .identifier, .category: texts.matches(Int(operation.a), text, start, end)
        case .order: matchesOrder(operation, text, start, end)
        case .regex: matchesRegex(Int(operation.a)..<Int(operation.b), text, start, end)
        case .isPresent, .integer, .address, .call: false
        }
    }

    @inline(never)
    private func matchesAny(_ operation: Operation, _ event: borrowing Event, _ slot: Slot) -> Bool {
        let text = event.arena.bytes.span
        var start = Int(slot.payload)
        let last = start + Int(slot.length)
        var index = 0
        while index < Int(slot.count) {
            let end = index == Int(slot.count) - 1 ? last : text.firstNUL(from: start, to: last)
            if operation.doubt != .fails || slot.isTrusted(index), matches(operation, text, start, end) {
                return true
            }
            start = min(end + 1, last)
            index += 1
        }
        return false
    }

    /// Whether the text stands to a literal as wanted, byte by byte.
    private func matchesOrder(
        _ operation: Operation, _ text: borrowing Span<UInt8>, _ start: Int, _ end: Int
    ) -> Bool {
        guard let order = Order(rawValue: operation.extra) else { return false }
        return order.holds(
            compareBytes(text, start, end, bytes.span, Int(operation.a), Int(operation.b)))
    }

    private func matchesRegex(
        _ range: Range<Int>, _ text: borrowing Span<UInt8>, _ start: Int, _ end: Int
    ) -> Bool {
        var index = range.lowerBound
        while index < range.upperBound {
            if regexes.matches(index, text, start, end) { return true }
            index += 1
        }
        return false
    }

    // MARK: Numbers and addresses

    @inline(never)
    private func matchesAnyInteger(
        _ operation: Operation, _ event: borrowing Event, _ slot: Slot
    ) -> Bool {
        var index = 0
        while index < Int(slot.count) {
            if operation.doubt != .fails || slot.isTrusted(index),
                let value = slot.integer(index, in: event.arena.bytes.span),
                matches(operation, value)
            {
                return true
            }
            index += 1
        }
        return false
    }

    private func matches(_ operation: Operation, _ value: Int64) -> Bool {
        switch operation.code {
        case .integer: return isIn(operation.a..<operation.b, value)
        case .identifier: return isIn(integerRuns[Int(operation.b)], value)
        case .isPresent, .address, .call: return false
        case .shortText, .shortTextFolded, .text, .order, .regex, .category:
            var text = ShortText()
            text.append(decimal: value)
            return matches(operation, text.bytes.span, 0, text.count)
        }
    }

    private func isIn(_ range: Range<UInt32>, _ value: Int64) -> Bool {
        let ranges = integers.span
        var low = Int(range.lowerBound)
        var high = Int(range.upperBound)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].contains(value) { return true }
            if value < ranges[middle].lowerBound { high = middle } else { low = middle + 1 }
        }
        return false
    }

    @inline(never)
    private func matchesAnyAddress(
        _ operation: Operation, _ event: borrowing Event, _ slot: Slot
    ) -> Bool {
        var index = 0
        while index < Int(slot.count) {
            if operation.doubt != .fails || slot.isTrusted(index),
                let value = slot.address(index, in: event.arena.bytes.span), matches(operation, value)
            {
                return true
            }
            index += 1
        }
        return false
    }

    private func matches(_ operation: Operation, _ value: IPAddress) -> Bool {
        switch operation.code {
        case .address:
            let bits = value.bits
            let ranges = addresses.span
            var low = Int(operation.a)
            var high = Int(operation.b)
            while low < high {
                let middle = (low + high) / 2
                if ranges[middle].contains(bits) { return true }
                if bits < ranges[middle].lowerBound { high = middle } else { low = middle + 1 }
            }
            return false
        case .isPresent, .integer, .call: return false
        case .shortText, .shortTextFolded, .text, .order, .regex, .category, .identifier:
            var text = ShortText()
            text.append(value)
            return matches(operation, text.bytes.span, 0, text.count)
        }
    }

    // MARK: Functions

    @inline(never)
    private func holds(call operation: Operation, _ event: borrowing Event) -> Bool {
        calls.holds(Int(operation.a), event, operation.doubt, texts: texts, regexes: regexes)
    }
}

extension Slot {
    /// One of the numbers of an integer slot.
    @inline(__always)
    func integer(_ index: Int, in bytes: borrowing Span<UInt8>) -> Int64? {
        count == 1 ? payload : bytes.integer(at: Int(payload) + 8 * index)
    }

    /// One of the addresses of an address slot.
    @inline(__always)
    func address(_ index: Int, in bytes: borrowing Span<UInt8>) -> IPAddress? {
        let start = Int(payload) + 16 * index
        guard let high = bytes.integer(UInt64.self, at: start),
            let low = bytes.integer(UInt64.self, at: start + 8)
        else { return nil }
        return IPAddress(high: UInt64(bigEndian: high), low: UInt64(bigEndian: low))
    }
}
