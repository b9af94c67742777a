/// What `replay` is asked to do besides what it shares with `run`.
public struct ReplayOptions: Sendable {
    /// Paths, in order; `-` is standard input.
    public var inputs: [String]
    /// By time, ties in file order; else in file order.
    public var sorts = false
    /// Sequences that end with a missing event are reported at the end of input
    /// although their span has not passed.
    public var flushes = false
    /// The first line that cannot be read ends it.
    public var isStrict = false
    /// A line on standard error shows how far it is.
    public var showsProgress = false
    /// Where `--sort` puts standard input.
    public var temporaryDirectory = "/tmp"

    public init(inputs: [String]) { self.inputs = inputs }
}

/// Why `replay` could not start or had to end.
public enum ReplayError: Error, Sendable {
    /// An input cannot be opened.
    case missing(String, errno: Int32)
    case isDirectory(String)
    case unreadable(String, errno: Int32)
    /// A file lost bytes while it was read.
    case shortened(String)
    /// More inputs than `--sort` can tell apart.
    case tooManyInputs(limit: Int)
    /// Standard input cannot be kept for `--sort`.
    case noTemporaryFile(String, errno: Int32)
    case noThread(errno: Int32)
}

/// What became of the lines.
public struct ReplayCounters: Sendable, Equatable {
    /// All lines but empty ones.
    public var lines: UInt64 = 0
    public var events: UInt64 = 0
    /// Alerts, statistics: nothing that happened.
    public var other: UInt64 = 0
    /// Lines that are no documents.
    public var broken: UInt64 = 0
    public var bytes: UInt64 = 0
    /// Events whose line had no room for all fields.
    public var shortened: UInt64 = 0
}

/// How a replay ended.
public struct ReplayOutcome: Sendable {
    public var counters = ReplayCounters()
    public var alerts: UInt64 = 0
    /// Matches that an exception held back, and each exception's part in them.
    public var suppressed: UInt64 = 0
    public var exceptions: [ExceptionUse] = []
    public var lost: UInt64 = 0
    /// Events with a time before that of the one before them.
    public var outOfOrder: UInt64 = 0
    /// Nanoseconds.
    public var duration: Int64 = 0
    /// A signal ended it before the end of the input.
    public var wasInterrupted = false
    /// The error number that broke the output; 0 if it did not break.
    public var outputError: Int32 = 0
    /// Records that were never written.
    public var unwritten: UInt64 = 0
    /// The first line was compressed data, not text.
    public var looksCompressed = false

    /// How often an exception was used.
    public struct ExceptionUse: Sendable, Equatable {
        public var name: String
        public var hits: UInt64
    }
}
