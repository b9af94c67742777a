/// What the configuration file says. Its keys are the long options of the
/// command line; nil where the file does not say.
public struct Configuration: Sendable, Equatable {
    public var rules: [String]?
    public var exceptions: [String]?
    public var format: String?
    public var logLevel: String?
    public var events: Bool?
    public var hook: String?
    public var duration: Duration?
    public var statsInterval: Duration?
    public var maxAlerts: Int?
    public var maxLine: Int?
    public var showSuppressed: Bool?
    public var noRedact: Bool?
    public var lowLatency: Bool?
    public var keepGoing: Bool?
    public var metricsFile: String?

    public init() {}

    /// What `max-line` is at least.
    public static let leastLine = 4_096

    public static let formats = ["ecs", "ocsf", "text"]
    public static let hooks = ["auto", "fexit", "kprobe", "tracepoint"]
    public static let logLevels = ["trace", "debug", "info", "notice", "warning", "error", "critical"]

    /// The keys that a configuration file can have.
    public static let keys = [
        "rules", "exceptions", "format", "log-level", "events", "hook", "duration", "stats-interval",
        "max-alerts", "max-line", "show-suppressed", "no-redact", "low-latency",
        "keep-going", "metrics-file",
    ]

    /// Reads the content of a configuration file. A key that is not known is
    /// an error.
    public init(from bytes: [UInt8], file: String) throws(RuleFileError) {
        let root = try TOMLDocument(bytes, file: file).root
        try root.checkKeys(Configuration.keys)
        rules = try root.texts("rules")
        exceptions = try root.texts("exceptions")
        format = try root.choice("format", of: Configuration.formats)
        logLevel = try root.choice("log-level", of: Configuration.logLevels)
        events = try root.boolean("events")
        hook = try root.choice("hook", of: Configuration.hooks)
        duration = try root.duration("duration")
        statsInterval = try root.duration("stats-interval")
        maxAlerts = try root.count("max-alerts", from: 0)
        maxLine = try root.count("max-line", from: Configuration.leastLine)
        showSuppressed = try root.boolean("show-suppressed")
        noRedact = try root.boolean("no-redact")
        lowLatency = try root.boolean("low-latency")
        keepGoing = try root.boolean("keep-going")
        metricsFile = try root.text("metrics-file")
    }

    /// Reads a length of time: a number and a unit (`500ms`, `60s`, `5m`,
    /// `1h`, `2d`), or a number of seconds.
    public static func duration(_ text: some StringProtocol) -> Duration? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int64(digits) else { return nil }
        let (factor, isMilliseconds): (Int64, Bool)
        switch text.dropFirst(digits.count) {
        case "ms": (factor, isMilliseconds) = (1, true)
        case "", "s": (factor, isMilliseconds) = (1, false)
        case "m": (factor, isMilliseconds) = (60, false)
        case "h": (factor, isMilliseconds) = (3_600, false)
        case "d": (factor, isMilliseconds) = (86_400, false)
        default: return nil
        }
        if isMilliseconds { return .milliseconds(number) }
        let (seconds, overflow) = number.multipliedReportingOverflow(by: factor)
        return overflow ? nil : .seconds(seconds)
    }
}

extension TOMLSection {
    /// One of a few texts.
    fileprivate func choice(_ key: String, of values: [String]) throws(RuleFileError) -> String? {
        guard let text = try text(key) else { return nil }
        guard values.contains(text) else {
            let expected = "one of \(values.joined(separator: ", "))"
            throw error(.invalidValue(key: key, expected: expected), at: key)
        }
        return text
    }

    fileprivate func count(_ key: String, from least: Int) throws(RuleFileError) -> Int? {
        guard let number = try integer(key) else { return nil }
        guard number >= least else {
            throw error(.invalidValue(key: key, expected: "at least \(least)"), at: key)
        }
        return number
    }

    fileprivate func duration(_ key: String) throws(RuleFileError) -> Duration? {
        guard let text = try textOrNumber(key) else { return nil }
        guard let duration = Configuration.duration(text) else {
            let expected = "a length of time such as 500ms, 60s, 5m, 1h or 2d"
            throw error(.invalidValue(key: key, expected: expected), at: key)
        }
        return duration
    }
}
