public import Detection
public import Probes

/// How the records look.
public enum OutputFormat: String, CaseIterable, Sendable {
    /// One JSON object with ECS names per line, for collectors.
    case ecs
    /// One JSON object with OCSF names per line. Events are not written.
    case ocsf
    /// One line per alert, for people.
    case text
}

/// What `run` is asked to do.
public struct SensorOptions: Sendable {
    public var version: String
    public var rules: RuleSet
    public var exceptions: [Detection.Exception] = []
    public var format = OutputFormat.ecs
    /// Escape sequences for colour, in text only.
    public var usesColour = false
    /// Every event is written, not only alerts.
    public var writesEvents = false
    /// Alerts that an exception suppressed are written, marked.
    public var showsSuppressed = false
    public var hooks = HookPreference.auto
    /// Ends by itself after this long.
    public var duration: Duration?
    /// Time between two heartbeat records; nil for none.
    public var heartbeat: Duration? = .seconds(60)
    /// A file that is replaced with all counters at every heartbeat, in the
    /// text format of Prometheus.
    public var metricsFile: String?
    /// Alerts in five minutes per combination; 0 lets all pass.
    public var alertLimit = 100
    /// A program start wakes the reader too.
    public var wakesOnExec = false
    /// No line is longer, in bytes.
    public var lineLimit = 15_000
    /// Tokens and authorisation headers are made unreadable on output.
    public var redacts = true
    /// One marked alert goes down the whole path after the start.
    public var sendsTestAlert = false
    /// Bytes of the kernel's ring buffer: a power of two.
    public var ringSize = 4 << 20
    /// Bytes that may wait for a slow reader of the output.
    public var queueSize = 4 << 20
    /// Where records go.
    public var outputDescriptor: Int32 = 1

    public init(version: String, rules: RuleSet) {
        self.version = version
        self.rules = rules
    }
}

/// What a request to load rules and exceptions anew led to.
public enum Reload: Sendable {
    case options(SensorOptions)
    /// They could not be read, for this reason; the old ones stay.
    case refused(String)
}
