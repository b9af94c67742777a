/// The middle of some measured values, and how sure it is.
public struct Summary: Sendable, Equatable {
    public var median: Double
    /// First and third quartile.
    public var quartiles: ClosedRange<Double>
    /// Where the true median lies, in at least 95 of 100 such measurements;
    /// nil where there are too few values to say.
    public var interval: ClosedRange<Double>?
    public var count: Int

    /// - Returns: nil if there is no value.
    public init?(_ values: [Double]) {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        count = sorted.count
        median = Summary.quantile(0.5, of: sorted)
        quartiles = Summary.quantile(0.25, of: sorted)...Summary.quantile(0.75, of: sorted)
        let rank = Summary.lowerRank(of: sorted.count)
        interval = rank > 0 ? sorted[rank - 1]...sorted[sorted.count - rank] : nil
    }

    /// The same of values that are larger by so much.
    func shifted(by amount: Double) -> Summary {
        func shifted(_ range: ClosedRange<Double>) -> ClosedRange<Double> {
            (range.lowerBound + amount)...(range.upperBound + amount)
        }
        var summary = self
        summary.median += amount
        summary.quartiles = shifted(quartiles)
        summary.interval = interval.map(shifted)
        return summary
    }

    /// Whether the values differ from 0 by more than chance explains.
    public var isReal: Bool { interval.map { !$0.contains(0) } ?? false }

    /// As a percentage, for people.
    public var medianText: String { percent(median) }

    /// Between the two nearest values, in proportion.
    static func quantile(_ part: Double, of sorted: [Double]) -> Double {
        let place = part * Double(sorted.count - 1)
        let index = Int(place)
        guard index + 1 < sorted.count else { return sorted[sorted.count - 1] }
        return sorted[index] + (place - Double(index)) * (sorted[index + 1] - sorted[index])
    }

    /// The rank from either end that bounds the median at 95 %, by the sign
    /// test: no assumption about how noise is distributed. 0 for less than 6 values.
    static func lowerRank(of count: Int) -> Int {
        var probability = 1.0
        for _ in 0..<count { probability /= 2 }
        var sum = 0.0
        for rank in 0..<count {
            sum += probability
            if sum > 0.025 { return rank }
            probability *= Double(count - rank) / Double(rank + 1)
        }
        return 0
    }
}
