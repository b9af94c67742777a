import CMeasure

/// Runs every benchmark, or those whose name begins with an argument, and
/// prints for each: name, operations, allocations, nanoseconds an operation.
@main
enum Main {
    static func main() throws {
        let wanted = CommandLine.arguments.dropFirst()
        for benchmark in Benchmarks.all {
            guard wanted.isEmpty || wanted.contains(where: { benchmark.name.hasPrefix($0) }) else { continue }
            let operation = try benchmark.make()
            // memory grows to its largest use, and caches fill
            operation(benchmark.count)
            var best = UInt64.max
            for _ in 0..<3 {
                let start = monotonic_time()
                operation(benchmark.count)
                best = min(best, monotonic_time() - start)
            }
            let before = allocation_count()
            measure_begin()
            operation(benchmark.count)
            let allocations = allocation_count() - before
            measure_end(benchmark.name)
            print("\(benchmark.name) \(benchmark.count) \(allocations) \(best / UInt64(benchmark.count))")
        }
    }
}

/// One thing to measure.
struct Benchmark {
    var name: String
    /// Operations of one run.
    var count: Int
    /// Prepares it; the result does it a number of times.
    var make: () throws -> (Int) -> Void

    init(_ name: String, count: Int = 1_600, _ make: @escaping () throws -> (Int) -> Void) {
        self.name = name
        self.count = count
        self.make = make
    }
}

enum Benchmarks {
    static var all: [Benchmark] { matching + engine + records + lines + scale }
}
