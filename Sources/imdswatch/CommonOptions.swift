internal import ArgumentParser
internal import RuleFiles

/// Options that every command with rules has.
struct CommonOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "A rule file (.toml or .eql), a directory of them, or builtin:NAME; may be repeated.",
            discussion: """
                Default: the built-in rule, and /etc/imdswatch/rules.d if it exists. `imdswatch rules list` \
                shows which rules are built in; builtin:all is all of them.
                """,
            valueName: "path"))
    var rules: [String] = []

    @Option(
        name: .long,
        help: ArgumentHelp("A file of exceptions; may be repeated.", valueName: "path"))
    var exceptions: [String] = []

    @Option(
        name: .long,
        help: ArgumentHelp(
            "The configuration file.",
            discussion: """
                Default: /etc/imdswatch/imdswatch.toml if it exists. Flags win over the environment \
                (IMDSWATCH_MAX_ALERTS=50), and that wins over the file (max-alerts = 50).
                """,
            valueName: "path"))
    var config: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "How records look: ecs or ocsf (JSON lines), or text.",
            discussion: "Default: text if standard output is a terminal, else ecs.", valueName: "format"))
    var format: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "What standard error tells: trace, debug, info, notice, warning, error or critical.",
            valueName: "level"))
    var logLevel: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Alerts in five minutes of the same rule, program, parent, user and container; 0: all. Default: 100.",
            valueName: "number"))
    var maxAlerts: Int?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "No line is longer; what does not fit is cut and listed. At least \(Configuration.leastLine). Default: 15000.",
            valueName: "bytes"))
    var maxLine: Int?

    @Flag(name: .long, help: "Write alerts that an exception held back, too, marked.")
    var showSuppressed = false

    @Flag(name: .long, help: "Do not remove tokens and authorisation headers from command lines.")
    var noRedact = false

    @Flag(name: .long, help: "Run the rules that load when others are refused.")
    var keepGoing = false
}

extension CommonOptions {
    /// These options as a configuration; nil where the command line says nothing.
    var configuration: Configuration {
        var configuration = Configuration()
        configuration.rules = rules.isEmpty ? nil : rules
        configuration.exceptions = exceptions.isEmpty ? nil : exceptions
        configuration.format = format
        configuration.logLevel = logLevel
        configuration.maxAlerts = maxAlerts
        configuration.maxLine = maxLine
        configuration.showSuppressed = showSuppressed ? true : nil
        configuration.noRedact = noRedact ? true : nil
        configuration.keepGoing = keepGoing ? true : nil
        return configuration
    }
}
