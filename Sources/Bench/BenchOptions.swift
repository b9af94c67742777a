/// What `bench` is asked to measure.
public struct BenchOptions: Sendable {
    /// Interleaved pairs of slots with and without the sensor.
    public var pairs = 20
    /// How long a slot should take, in nanoseconds.
    public var slot = 150_000_000.0
    /// Slots of each load in which the run time of the BPF programs is taken.
    public var hookSlots = 9
    /// Options for the sensor's `run`, such as rules.
    public var sensorArguments: [String] = []
    /// Alternatives that are installed are measured in the same pairs.
    public var compares = false
    /// Accesses whose way to an alert is timed, at rest and in a storm each.
    public var accesses: UInt32 = 300
    /// Program starts that are alerts by themselves, timed in a storm and at
    /// rest: there each waits until the sensor sleeps its longest.
    public var starts: (storm: UInt32, rest: UInt32) = (100, 8)
    public var version: String

    public init(version: String) { self.version = version }
}

/// What one program cost one workload.
public struct Overhead: Sendable {
    public var workload: Workload
    /// Percent that each pair was slower with it than without.
    public var pairs: [Double]
    /// Nanoseconds for one operation without, the median.
    public var baseline: Double
    /// Processor time of the program itself for 1,000 operations, in nanoseconds.
    public var processorTime: Summary?

    public var summary: Summary? { Summary(pairs) }
}

/// What a program measured in the pairs cost.
public struct Contender: Sendable {
    public var name: String
    public var overheads: [Overhead]
    /// Bytes resident at the end of the last pair.
    public var anonymousMemory: Int
    public var mappedMemory: Int
}

/// Run time of a BPF program, as the kernel measured it.
public struct HookCost: Sendable {
    /// What was done meanwhile, in words and as JSON has it.
    public var load: String
    public var key: String
    public var program: String
    /// In all slots.
    public var runs: Int64
    /// Nanoseconds a run: of each slot the mean, which is all the kernel keeps.
    public var times: Summary
    /// Runs for each operation of the load.
    public var runsPerOperation: Double
    public var budget: Double?
}

/// How long alerts took from the event that completed them, in nanoseconds.
public struct Latency: Sendable {
    /// Event and situation: `connection, at rest`.
    public var name: String
    /// What the 99th percentile of the way to the line may be, and in words.
    public var limit: UInt64
    public var limitText: String
    public var expected: Int
    /// Alerts that came.
    public var count = 0
    /// Percentile and time: until the alert was made, until its line was on
    /// standard output, and until another process had read that.
    public var toAlert: [(percentile: Double, time: UInt64)] = []
    public var toLine: [(percentile: Double, time: UInt64)] = []
    public var toReader: [(percentile: Double, time: UInt64)] = []

    /// What to call each.
    var parts: [(name: String, times: [(percentile: Double, time: UInt64)])] {
        [("to the alert", toAlert), ("to its line", toLine), ("to its reader", toReader)]
    }
}

/// The highest rate of program starts this host reached, and what was lost at it.
public struct Ceiling: Sendable {
    public var workers: Int
    /// Starts in a second.
    public var rate: Double
    public var lost: Int64
}

/// Everything that was measured.
public struct BenchResult: Sendable {
    public var version: String
    public var kernel: String
    public var processors: Int
    public var hooks: String
    public var pairs: Int
    /// The sensor first.
    public var contenders: [Contender]
    public var hookCosts: [HookCost]
    /// What the kernel measures of a BPF program that does nothing: the measuring, which
    /// is in each of those. nil if it could not be measured.
    public var measuring: Summary?
    public var latencies: [Latency]
    public var ceiling: Ceiling
    /// Events lost in all runs of the sensor together.
    public var lost: Int64
    /// Alternatives that could not be measured, and why.
    public var left: [String]
}
