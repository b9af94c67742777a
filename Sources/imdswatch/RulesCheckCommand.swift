internal import ArgumentParser
internal import Detection
internal import ECS
internal import Platform
internal import RuleFiles

struct RulesCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Say of each rule whether it loads, and if not, where and why.",
        discussion: """
            A rule that cannot be run exactly as it is meant is refused, also one in another query language, \
            of another type than eql or for another system. What loads and may not do what it is written \
            for is warned of. Exits with 0 if all load, with 65 if one is refused, with 66 if there is no file.
            """)

    @OptionGroup var selection: RuleSelection

    @Option(
        name: .long,
        help: ArgumentHelp("A file of exceptions to check, too; may be repeated.", valueName: "path"))
    var exceptions: [String] = []

    func run() throws {
        try Failure.exiting {
            let settings = try selection.settings(exceptions: exceptions)
            let loaded = RuleSources(paths: settings[\.rules]).load()
            for outcome in loaded.outcomes {
                switch outcome {
                case .loaded(let index): tell(loaded.rules[index])
                case .refused(let index): tell(loaded.errors[index])
                }
            }
            let exceptionErrors = checkExceptions(settings[\.exceptions] ?? [], loaded.rules)
            if !selection.json { summarise(loaded) }
            if let status = Failure.refusal(loaded.errors + exceptionErrors) { throw status.code }
        }
    }

    private func tell(_ rule: Rule) {
        let warnings = RuleExplanation(rule).warnings
        guard selection.json else {
            print("\(rule.file.printable): ok: \(rule.name.printable)")
            for warning in warnings { print("  warning: \(warning)") }
            return
        }
        let line = JSONWriter.object { writer in
            writer.member("file", rule.file)
            writer.member("id", rule.id)
            writer.member("name", rule.name)
            writer.member("status", "loaded")
            if !warnings.isEmpty { writer.strings("warnings", warnings) }
        }
        print(line)
    }

    private func tell(_ error: RuleFileError) {
        guard selection.json else { return print("\(error)") }
        let line = JSONWriter.object { writer in
            writer.member("file", error.file)
            if let id = error.ruleID { writer.member("id", id) }
            if let name = error.ruleName { writer.member("name", name) }
            writer.member("status", "refused")
            if let position = error.position {
                writer.key("line")
                writer.value(position.line)
                writer.key("column")
                writer.value(position.column)
            }
            writer.member("reason", error.message)
            writer.member("cause", error.cause)
        }
        print(line)
    }

    private func checkExceptions(_ paths: [String], _ rules: [Rule]) -> [RuleFileError] {
        let now = Clock.realtime()
        var errors: [RuleFileError] = []
        for path in paths {
            do throws(RuleFileError) {
                let files = HostFiles()
                let found = try ExceptionFile.exceptions(at: path, from: files)
                let warnings = ExceptionFile.warningsOfEach(
                    found, rules: rules, at: now, resolving: files.target)
                tell(found, in: path, warnings)
            } catch {
                tell(error)
                errors.append(error)
            }
        }
        return errors
    }

    /// - Parameter warnings: of each exception.
    private func tell(
        _ exceptions: [Detection.Exception], in path: String, _ warnings: [[ExceptionWarning]]
    ) {
        for warning in warnings.joined() {
            StandardError.write("imdswatch: warning: \(path.printable): \(warning.text)\n")
        }
        guard selection.json else {
            let count = warnings.joined().count
            let detail = count == 0 ? "" : ", \(count.counted("warning"))"
            return print("\(path.printable): ok: \(exceptions.count.counted("exception"))\(detail)")
        }
        for (exception, warnings) in zip(exceptions, warnings) {
            let line = JSONWriter.object { writer in
                writer.member("file", path)
                writer.member("exception", exception.name)
                writer.member("status", "loaded")
                if !warnings.isEmpty { writer.strings("warnings", warnings.map(\.text)) }
            }
            print(line)
        }
    }

    private func summarise(_ loaded: LoadedRules) {
        guard loaded.outcomes.count > 1 else { return }
        var counts: [String: Int] = [:]
        for error in loaded.errors { counts[error.cause, default: 0] += 1 }
        let causes = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            .map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        let detail = causes.isEmpty ? "" : " (\(causes))"
        print("\(loaded.rules.count) loaded, \(loaded.errors.count) refused\(detail)")
    }
}
