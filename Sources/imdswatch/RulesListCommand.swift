internal import ArgumentParser
internal import Detection
internal import ECS
internal import Platform
internal import RuleFiles
internal import Rules

struct RulesListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the rules that would run, and the built-in ones that would not.",
        discussion: """
            Without paths, the built-in rules that do not run by default are listed too, with the option that \
            adds them. --rules takes the place of the default: name the default rule as well to keep it.
            """)

    @OptionGroup var selection: RuleSelection

    private struct Row {
        let rule: Rule
        let runs: Bool
    }

    func run() throws {
        try Failure.exiting {
            let settings = try selection.settings()
            let paths = settings[\.rules]
            let loaded = RuleSources(paths: paths).load()
            var rows = loaded.rules.map { Row(rule: $0, runs: true) }
            if paths == nil {
                var others = LoadedRules()
                for file in BuiltInRules.files where !file.isDefault { others.append(file) }
                rows += others.rules.map { Row(rule: $0, runs: false) }
            }
            selection.json ? printJSON(rows) : printTable(rows)
            for error in loaded.errors { StandardError.write("imdswatch: refused: \(error)\n") }
            if let status = Failure.refusal(loaded.errors) { throw status.code }
        }
    }

    private func printTable(_ rows: [Row]) {
        var table = TextTable(["RUNS", "SEVERITY", "RISK", "FILE", "NAME"])
        for row in rows {
            table.add([
                row.runs ? "yes" : "no", row.rule.severity, "\(row.rule.riskScore)", row.rule.file.printable,
                row.rule.name.printable,
            ])
        }
        print(table.text, terminator: "")
        guard rows.contains(where: { !$0.runs }) else { return }
        print(
            """

            --rules takes the place of the default. To run another built-in rule, name all that shall run:
              imdswatch run --rules builtin:imds-api-request --rules builtin:imds-other-endpoints
            """)
    }

    private func printJSON(_ rows: [Row]) {
        for row in rows {
            let line = JSONWriter.object { writer in
                writer.member("id", row.rule.id)
                writer.member("name", row.rule.name)
                writer.member("version", row.rule.version)
                writer.member("severity", row.rule.severity)
                writer.key("risk_score")
                writer.value(row.rule.riskScore)
                writer.member("file", row.rule.file)
                writer.member("runs", row.runs)
            }
            print(line)
        }
    }
}

extension String {
    /// For a terminal, which what a file says must not steer.
    var printable: String {
        String(
            unicodeScalars.map { scalar in
                let isPlain = scalar.value >= 0x20 && !(0x7f...0x9f).contains(scalar.value)
                return isPlain ? Character(scalar) : " "
            })
    }
}
