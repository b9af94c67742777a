import Foundation
import Testing

@testable import Bench

@Suite("Summaries of measured values")
struct StatisticsTests {
    @Test(
        "find median and quartiles between the nearest values",
        arguments: [
            ([3.0, 1, 2], 2.0, 1.5, 2.5), ([1, 2, 3, 4], 2.5, 1.75, 3.25), ([7], 7, 7, 7),
        ])
    func quartiles(values: [Double], median: Double, first: Double, third: Double) throws {
        let summary = try #require(Summary(values))
        #expect(summary.median == median)
        #expect(summary.quartiles == first...third)
    }

    /// From tables of the sign test: ranks that bound the median at 95 %.
    @Test(
        "bound the median by the sign test",
        arguments: [(5, 0), (6, 1), (8, 1), (9, 2), (10, 2), (12, 3), (15, 4), (20, 6), (25, 8), (50, 18)])
    func rank(count: Int, rank: Int) {
        #expect(Summary.lowerRank(of: count) == rank)
    }

    @Test("call a difference real only if its interval leaves 0 out")
    func real() throws {
        let noise = try #require(Summary([-3, 2, -1, 1, 0.5, -0.5, 3, -2, 1.5, -1.5]))
        #expect(!noise.isReal)
        let slower = try #require(Summary([3, 2, 1, 1, 0.5, 2.5, 3, 2, 1.5, 1.5]))
        #expect(slower.isReal)
        #expect(slower.interval == 1...3)
        #expect(try !#require(Summary([5, 5, 5])).isReal)
        #expect(Summary([]) == nil)
    }

    @Test(
        "numbers are written as people read them",
        arguments: [
            (0.0, 2, "0.00"), (-0.004, 2, "0.00"), (-0.006, 2, "-0.01"), (12.345, 1, "12.3"),
            (99.99, 1, "100.0"),
            (7, 0, "7"), (.nan, 1, "-"),
        ])
    func decimals(value: Double, places: Int, text: String) {
        #expect(decimal(value, places) == text)
    }

    @Test(
        "times have the unit that suits them",
        arguments: [
            (950.0, "950 ns"), (12_340, "12.3 us"), (1_500_000, "1.50 ms"), (2_000_000_000, "2.00 s"),
        ])
    func times(nanoseconds: Double, text: String) {
        #expect(time(nanoseconds) == text)
    }
}

@Suite("Reports of a measurement")
struct ReportTests {
    private static func result(
        slowdown: [Double], hook: [Double] = [2_500], empty: [Double] = []
    ) -> BenchResult {
        BenchResult(
            version: "1<2", kernel: "6.18", processors: 2, hooks: "connect4=fexit", pairs: slowdown.count,
            contenders: [
                Contender(
                    name: "imdswatch",
                    overheads: [
                        Overhead(
                            workload: .programs, pairs: slowdown, baseline: 120_000,
                            processorTime: Summary([500_000]))
                    ], anonymousMemory: 5 << 20, mappedMemory: 9 << 20)
            ],
            hookCosts: [
                Summary(hook).map {
                    HookCost(
                        load: "program starts", key: "exec", program: "exec", runs: 100, times: $0,
                        runsPerOperation: 1, budget: 2_000)
                }
            ].compactMap { $0 },
            measuring: Summary(empty),
            latencies: [
                Latency(
                    name: "connection, at rest", limit: 1_000_000, limitText: "1 ms", expected: 2, count: 1,
                    toAlert: [(50, 300_000), (99, 400_000)],
                    toLine: [(50, 600_000), (99, 1_400_000)], toReader: [(50, 700_000), (99, 2_000_000)]),
                Latency(
                    name: "program start, in a storm", limit: 60_000_000, limitText: "60 ms", expected: 1,
                    count: 1,
                    toAlert: [(99, 50_000_000)], toLine: [(99, 51_000_000)], toReader: [(99, 70_000_000)]),
            ], ceiling: Ceiling(workers: 2, rate: 9_000, lost: 0), lost: 3, left: ["x: missing"])
    }

    private func verdict(_ slowdown: [Double]) -> BudgetLine.Verdict? {
        Self.result(slowdown: slowdown).budgetLines.first?.verdict
    }

    @Test("a budget is met or missed only if the whole interval says so")
    func verdicts() {
        #expect(verdict(Array(repeating: 1, count: 10)) == .met)
        #expect(verdict(Array(repeating: 3, count: 10)) == .missed)
        #expect(verdict([1, 1, 1, 1, 1, 3, 3, 3, 3, 3]) == .unclear)
        #expect(verdict([1]) == .unclear)
    }

    @Test(
        "so is that of a hook, which one slot that was interrupted does not spoil",
        arguments: [
            (2_500.0, BudgetLine.Verdict.missed), (1_500, .met),
        ])
    func hook(time: Double, verdict: BudgetLine.Verdict) {
        var slots = Array(repeating: time, count: 9)
        slots[4] = time == 1_500 ? 90_000 : 100
        let line = Self.result(slowdown: [1], hook: slots).budgetLines.first { $0.what.hasPrefix("BPF") }
        #expect(line?.verdict == verdict && line?.measured == (time == 1_500 ? "1500 ns" : "2500 ns"))
    }

    @Test("what the measuring takes is no part of a hook's time")
    func measuring() {
        let slots = (0..<9).map { 2_010 + 10 * Double($0) }
        func line(_ empty: [Double]) -> BudgetLine? {
            Self.result(slowdown: [1], hook: slots, empty: empty).budgetLines.first {
                $0.what.hasPrefix("BPF")
            }
        }
        let found = line([90, 110, 100])
        #expect(found?.measured == "1950 ns" && found?.verdict == .met)
        #expect(found?.detail.hasPrefix("a run, quartiles 1930 ns to 1970 ns; 100 runs") == true)
        let unknown = line([])
        #expect(unknown?.measured == "2050 ns" && unknown?.verdict == .missed)
        #expect(unknown?.detail.contains("with what the measuring takes") == true)
    }

    @Test("what was over, missing or lost is told")
    func lines() {
        let lines = Self.result(slowdown: [1]).budgetLines
        #expect(lines.first { $0.what == "BPF exec, program starts" }?.verdict == .unclear)
        let latency = lines.filter { $0.what.contains("at rest") }
        #expect(latency.map(\.verdict) == [.missed, .missed, .none])
        #expect(latency.allSatisfy { $0.detail.contains("1 missing") })
        let starts = lines.filter { $0.what.hasPrefix("program start, in a storm") }
        #expect(starts.map(\.verdict) == [.met, .met, .none])
        #expect(starts.map(\.budget) == ["<= 60 ms", "<= 60 ms", ""])
        #expect(lines.last?.measured == "3" && lines.last?.verdict == .missed)
    }

    @Test("the page is whole, needs nothing else, and takes no text for markup")
    func page() {
        let page = BenchPage(Self.result(slowdown: [1, 2, 3]), date: "today").html
        #expect(page.hasPrefix("<!DOCTYPE html>") && page.contains("</html>"))
        #expect(page.contains("1&lt;2") && !page.contains("1<2"))
        #expect(!page.contains("http") && !page.contains("<script") && !page.contains("nan"))
        #expect(page.components(separatedBy: "<svg").count == page.components(separatedBy: "</svg>").count)
    }

    @Test("as JSON it has every pair")
    func json() {
        let json = Self.result(slowdown: [1, -2.5]).json
        #expect(json.contains("\"pairs_percent\":[1.000,-2.500]"))
        #expect(json.contains("\"workload\":\"exec\"") && json.contains("\"lost\":3"))
    }
}
