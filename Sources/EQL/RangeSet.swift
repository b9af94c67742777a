/// Values as closed ranges: sorted, disjoint, not touching.
struct RangeSet<Bound: FixedWidthInteger & Sendable>: Sendable, Equatable {
    private(set) var ranges: [ClosedRange<Bound>]

    init(_ ranges: [ClosedRange<Bound>] = []) {
        var merged: [ClosedRange<Bound>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = merged.last, last.upperBound == .max || range.lowerBound <= last.upperBound + 1 {
                merged[merged.count - 1] = last.lowerBound...Swift.max(last.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        self.ranges = merged
    }

    init(_ value: Bound) { self.init([value...value]) }

    func union(_ other: RangeSet) -> RangeSet { RangeSet(ranges + other.ranges) }

    /// All values that are not in the set.
    var complement: RangeSet {
        var rest: [ClosedRange<Bound>] = []
        var next: Bound? = .min
        for range in ranges {
            guard let start = next else { break }
            if start < range.lowerBound { rest.append(start...(range.lowerBound - 1)) }
            next = range.upperBound == .max ? nil : range.upperBound + 1
        }
        if let start = next { rest.append(start...Bound.max) }
        return RangeSet(rest)
    }

    func contains(_ value: Bound) -> Bool { ranges.contains { $0.contains(value) } }

    /// The values that stand so to a closed range of equal ones, such as the
    /// instants that a date without a time names.
    init(_ order: Order, _ equal: ClosedRange<Bound>) {
        switch order {
        case .equal: self.init([equal])
        case .less: self.init(equal.lowerBound == .min ? [] : [.min...(equal.lowerBound - 1)])
        case .lessOrEqual: self.init([.min...equal.upperBound])
        case .greater: self.init(equal.upperBound == .max ? [] : [(equal.upperBound + 1)...(.max)])
        case .greaterOrEqual: self.init([equal.lowerBound...(.max)])
        }
    }
}

extension RangeSet<Int64> {
    /// The integers that stand so to a number.
    init(_ order: Order, _ number: Number) {
        switch number {
        case .integer(let value): self.init(order, value...value)
        case .decimal(let value):
            let below = value.rounded(.down)
            if below == value, let integer = Int64(exactly: value) {
                self.init(order, integer...integer)
                return
            }
            let all: [ClosedRange<Int64>] = [Int64.min...Int64.max]
            let isLow = below < Double(Int64.min)
            // the largest integer below the number, where there is one
            let floor = Int64(exactly: below)
            switch order {
            case .equal: self.init([])
            case .less, .lessOrEqual: self.init(isLow ? [] : floor.map { [Int64.min...$0] } ?? all)
            case .greater, .greaterOrEqual:
                self.init(isLow ? all : floor.map { [($0 + 1)...Int64.max] } ?? [])
            }
        }
    }
}
