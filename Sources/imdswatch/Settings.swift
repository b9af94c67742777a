internal import ArgumentParser
internal import Detection
internal import EQL
internal import Logging
internal import Platform
internal import RuleFiles
internal import Rules

/// The command line, the environment and the configuration file, in that order
/// of weight.
struct Settings {
    private let layers: [Configuration]

    /// - Parameter path: the configuration file asked for; nil for the usual
    ///   one, if it exists.
    init(_ commandLine: Configuration, file path: String?) throws {
        var layers = [commandLine, try Settings.environment()]
        let files = HostFiles()
        let file = path ?? Environment.value("IMDSWATCH_CONFIG")
        do throws(RuleFileError) {
            if let file {
                layers.append(try Configuration(at: file, from: files))
            } else if files.exists(Settings.usualFile) {
                layers.append(try Configuration(at: Settings.usualFile, from: files))
            }
        } catch {
            throw Failure(
                Settings.isMissing(error) ? .noInput : .configuration, "configuration: \(error)")
        }
        self.layers = layers
        try Settings.validate(commandLine)
    }

    private static let usualFile = "/etc/imdswatch/imdswatch.toml"

    static func isMissing(_ error: RuleFileError) -> Bool {
        switch error.reason {
        case .file(.missing), .noRuleFiles: true
        default: false
        }
    }

    /// The first layer that says something.
    subscript<Value>(_ key: KeyPath<Configuration, Value?>) -> Value? {
        for layer in layers {
            if let value = layer[keyPath: key] { return value }
        }
        return nil
    }

    /// The file and the environment were checked when they were read.
    private static func validate(_ commandLine: Configuration) throws {
        func check(_ name: String, _ value: String?, _ allowed: [String]) throws {
            guard let value, !allowed.contains(value) else { return }
            throw Failure(.usage, "--\(name): \"\(value)\" is none of \(allowed.joined(separator: ", "))")
        }
        try check("format", commandLine.format, Configuration.formats)
        try check("hook", commandLine.hook, Configuration.hooks)
        try check("log-level", commandLine.logLevel, Configuration.logLevels)
        func check(_ name: String, _ value: Int?, from least: Int) throws {
            guard let value, value < least else { return }
            throw Failure(.usage, "--\(name): less than \(least)")
        }
        try check("max-alerts", commandLine.maxAlerts, from: 0)
        try check("max-line", commandLine.maxLine, from: Configuration.leastLine)
    }

    // MARK: Environment

    /// `IMDSWATCH_` and the name of the long option, in capitals with `_`.
    private static func environment() throws -> Configuration {
        var configuration = Configuration()
        func value(_ key: String) -> String? { Environment.value(variable(key)) }
        func flag(_ key: String) throws -> Bool? {
            guard let text = value(key) else { return nil }
            switch text {
            case "1", "true", "yes", "on": return true
            case "0", "false", "no", "off", "": return false
            default:
                throw Failure(.configuration, "\(variable(key)) is neither true nor false: \(text)")
            }
        }
        func choice(_ key: String, of allowed: [String]) throws -> String? {
            guard let text = value(key) else { return nil }
            guard allowed.contains(text) else {
                throw Failure(
                    .configuration,
                    "\(variable(key)): \"\(text)\" is none of \(allowed.joined(separator: ", "))")
            }
            return text
        }
        func number(_ key: String, from least: Int) throws -> Int? {
            guard let text = value(key) else { return nil }
            guard let number = Int(text), number >= least else {
                throw Failure(.configuration, "\(variable(key)) is not a number from \(least) on: \(text)")
            }
            return number
        }
        func duration(_ key: String) throws -> Duration? {
            guard let text = value(key) else { return nil }
            guard let duration = Configuration.duration(text) else {
                throw Failure(.configuration, "\(variable(key)) is no length of time: \(text)")
            }
            return duration
        }
        configuration.rules = value("rules").map(paths)
        configuration.exceptions = value("exceptions").map(paths)
        configuration.format = try choice("format", of: Configuration.formats)
        configuration.logLevel = try choice("log-level", of: Configuration.logLevels)
        configuration.events = try flag("events")
        configuration.hook = try choice("hook", of: Configuration.hooks)
        configuration.duration = try duration("duration")
        configuration.statsInterval = try duration("stats-interval")
        configuration.maxAlerts = try number("max-alerts", from: 0)
        configuration.maxLine = try number("max-line", from: Configuration.leastLine)
        configuration.showSuppressed = try flag("show-suppressed")
        configuration.noRedact = try flag("no-redact")
        configuration.lowLatency = try flag("low-latency")
        configuration.keepGoing = try flag("keep-going")
        configuration.metricsFile = value("metrics-file")
        return configuration
    }

    /// A list of paths with `:` between them, as in PATH. In the name of a
    /// built-in rule the colon is part of it.
    private static func paths(_ list: String) -> [String] {
        var paths: [String] = []
        for part in list.split(separator: ":").map(String.init) {
            if let last = paths.last, last + ":" == RuleSources.builtInPrefix {
                paths[paths.count - 1] = RuleSources.builtInPrefix + part
            } else {
                paths.append(part)
            }
        }
        return paths
    }

    // MARK: What they lead to

    /// Loads the rules. Files that are refused are an error, unless
    /// `--keep-going` asks to run the rest.
    func loadRules(for source: Query.Source = .live, log: Logger) throws -> RuleSet {
        let loaded = RuleSources(paths: self[\.rules]).load(for: source)
        let keepsGoing = self[\.keepGoing] ?? false
        if let first = loaded.errors.first, !keepsGoing {
            let text = loaded.errors.map { "\($0)" }.joined(separator: "\n")
            throw Failure(Settings.isMissing(first) ? .noInput : .dataError, text)
        }
        for error in loaded.errors { log.warning("rule refused: \(error)") }
        guard !loaded.rules.isEmpty else {
            throw Failure(
                .dataError,
                loaded.errors.isEmpty
                    ? "the list of rules is empty: name some, or leave it out for the built-in rule"
                    : "no rule was loaded, \(loaded.errors.count) refused")
        }
        if !loaded.errors.isEmpty {
            log.warning("\(loaded.rules.count.counted("rule")) loaded, \(loaded.errors.count) refused")
        }
        for rule in loaded.rules {
            for warning in RuleExplanation(rule).warnings { log.warning("\(rule.file): \(warning)") }
        }
        return RuleSet(loaded.rules)
    }

    /// The rules that are loaded unless others are asked for.
    func loadBuiltInRules() throws -> RuleSet {
        var loaded = LoadedRules()
        for file in BuiltInRules.files where file.isDefault { loaded.append(file) }
        if let error = loaded.errors.first { throw Failure(.software, "built-in rule: \(error)") }
        return RuleSet(loaded.rules)
    }

    func loadExceptions(
        for rules: RuleSet, from source: Query.Source = .live, log: Logger
    ) throws -> [Detection.Exception] {
        var exceptions: [Detection.Exception] = []
        do throws(RuleFileError) {
            for path in self[\.exceptions] ?? [] {
                exceptions += try ExceptionFile.exceptions(at: path, from: HostFiles(), source: source)
            }
        } catch {
            throw Failure(Settings.isMissing(error) ? .noInput : .dataError, "\(error)")
        }
        let warnings = ExceptionFile.warnings(
            of: exceptions, rules: rules.rules, source: source, at: Clock.realtime())
        for warning in warnings { log.warning("\(warning.file.printable): \(warning.text)") }
        return exceptions
    }

    /// The logger of the whole run, on standard error.
    func makeLog() -> Logger {
        var log = Logger(label: "imdswatch") { StreamLogHandler.standardError(label: $0) }
        log.logLevel = self[\.logLevel].flatMap(Logger.Level.init(rawValue:)) ?? .notice
        for name in Settings.unknownVariables {
            log.warning("the environment variable \(name) is no setting")
        }
        return log
    }

    /// Variables that look like settings and are none. No error: a container
    /// platform sets such names for services that are called like this program.
    private static var unknownVariables: [String] {
        let known = Set((Configuration.keys + ["config"]).map(variable))
        return Environment.names.filter { $0.hasPrefix("IMDSWATCH_") && !known.contains($0) }
    }

    /// The variable that stands for a long option.
    private static func variable(_ key: String) -> String {
        "IMDSWATCH_" + String(key.uppercased().map { $0 == "-" ? "_" : $0 })
    }
}

/// An error that ends the program: what to say, and the exit code.
struct Failure: Error {
    let status: ExitStatus
    let text: String

    init(_ status: ExitStatus, _ text: String) {
        self.status = status
        self.text = text
    }
}
