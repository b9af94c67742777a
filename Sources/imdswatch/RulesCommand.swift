internal import ArgumentParser
internal import Detection
internal import RuleFiles

struct RulesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rules",
        abstract: "List, check, explain and test rule files.",
        discussion: """
            Needs no privileges and watches nothing. Without paths, each command takes what `run` would load: \
            the built-in rule and /etc/imdswatch/rules.d. A path is a rule file (.toml or .eql), a directory \
            of them, or builtin:NAME for a built-in rule.

            Start with:  imdswatch rules list               what is there, and what would run
                         imdswatch rules check my.toml      whether a rule loads, and if not, where and why
                         imdswatch rules explain my.toml    what it looks for and what it needs
                         imdswatch rules test my.toml       run the examples in my.tests.toml
            """,
        subcommands: [
            RulesListCommand.self, RulesCheckCommand.self, RulesExplainCommand.self, RulesTestCommand.self,
        ])
}

/// Which rules a command is about, and how it answers.
struct RuleSelection: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            "A rule file, a directory of them, or builtin:NAME. Default: what `run` would load.",
            valueName: "path"))
    var paths: [String] = []

    @Option(name: .long, help: ArgumentHelp("The same; may be repeated.", valueName: "path"))
    var rules: [String] = []

    @Option(
        name: .long,
        help: ArgumentHelp(
            "The configuration file. Default: /etc/imdswatch/imdswatch.toml if it exists.",
            valueName: "path"))
    var config: String?

    @Flag(name: .long, help: "Print one JSON object a line.")
    var json = false

    /// The settings as `run` would see them.
    func settings(exceptions: [String] = []) throws -> Settings {
        var configuration = Configuration()
        let all = paths + rules
        configuration.rules = all.isEmpty ? nil : all
        configuration.exceptions = exceptions.isEmpty ? nil : exceptions
        return try Settings(configuration, file: config)
    }

    func load() throws -> LoadedRules { RuleSources(paths: try settings()[\.rules]).load() }
}

extension Failure {
    /// That rules were refused; nil if none was. The reasons are told before.
    static func refusal(_ errors: [RuleFileError]) -> ExitStatus? {
        if errors.isEmpty { return nil }
        return errors.allSatisfy(Settings.isMissing) ? .noInput : .dataError
    }
}
