internal import ArgumentParser
internal import Detection
internal import ECS
internal import RuleFiles
internal import Rules

struct RulesTestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Run the example events of each rule and compare the alerts.",
        discussion: """
            The tests of NAME.toml or NAME.eql stand in NAME.tests.toml beside it, a table for each:

              [[test]]
              name = "curl asks for credentials"
              events = '''
              {"@timestamp":"2026-01-01T00:00:00Z", ...}
              {"@timestamp":"2026-01-01T00:00:01Z", ...}
              '''
              alerts = [[1, 2]]

            Events are ECS documents, one a line, as `run --events` writes them; alerts lists for each alert \
            the lines of its events. Built-in rules bring their tests. Exits with 65 if a test fails or a rule \
            or test file is refused, with 66 if there is no file or no test at all.
            """)

    @OptionGroup var selection: RuleSelection

    @Flag(name: .long, help: "Show tests that pass, too.")
    var verbose = false

    private struct Totals {
        var passed = 0
        var failed = 0
        var untested: [String] = []
        var errors: [RuleFileError] = []
    }

    func run() throws {
        try Failure.exiting {
            let loaded = try selection.load()
            var totals = Totals(errors: loaded.errors)
            for rule in loaded.rules {
                do throws(RuleFileError) {
                    guard let tests = try Self.tests(of: rule) else {
                        totals.untested.append(rule.file)
                        continue
                    }
                    for test in tests { tell(test.run(rule), of: rule, &totals) }
                } catch {
                    totals.errors.append(error)
                }
            }
            try conclude(totals)
        }
    }

    /// The tests of a rule, or nil if it has none.
    private static func tests(of rule: Rule) throws(RuleFileError) -> [RuleTest]? {
        if let builtIn = RuleSources.builtIn(rule.file) {
            if builtIn.tests.isEmpty { return nil }
            return try RuleTestFile.tests(
                from: builtIn.tests, file: rule.file + RuleTestFile.ending)
        }
        do throws(RuleFileError) {
            return try RuleTestFile.tests(ofRule: rule.file, from: HostFiles())
        } catch {
            if case .file(.missing) = error.reason, error.file == RuleTestFile.path(forRule: rule.file) {
                return nil
            }
            throw error
        }
    }

    private func tell(_ result: RuleTestResult, of rule: Rule, _ totals: inout Totals) {
        if result.isPassed { totals.passed += 1 } else { totals.failed += 1 }
        if selection.json {
            let line = JSONWriter.object { writer in
                writer.member("file", rule.file)
                writer.member("id", rule.id)
                writer.member("test", result.test.name)
                writer.member("passed", result.isPassed)
                writer.lists("expected", result.test.alerts)
                writer.lists("alerts", result.alerts)
                if !result.unreadable.isEmpty {
                    writer.objects("unreadable", result.unreadable) { entry, writer in
                        writer.key("line")
                        writer.value(entry.line)
                        writer.member("reason", entry.reason)
                    }
                }
            }
            return print(line)
        }
        guard verbose || !result.isPassed else { return }
        let mark = result.isPassed ? "ok  " : "FAIL"
        print("\(mark) \(rule.file.printable): \(result.test.name.printable)")
        for line in result.differences { print("       \(line.printable)") }
    }

    private func conclude(_ totals: Totals) throws {
        for error in totals.errors { selection.json ? tell(error) : print("\(error)") }
        if !selection.json {
            for file in totals.untested { print("\(file.printable): no tests") }
            var line = "\(totals.passed) passed, \(totals.failed) failed"
            if !totals.untested.isEmpty { line += ", \(totals.untested.count.counted("rule")) without tests" }
            if !totals.errors.isEmpty { line += ", \(totals.errors.count.counted("file")) refused" }
            print(line)
        }
        if totals.failed > 0 { throw ExitStatus.dataError.code }
        if let status = Failure.refusal(totals.errors) { throw status.code }
        if totals.passed == 0 { throw ExitStatus.noInput.code }
    }

    private func tell(_ error: RuleFileError) {
        print(
            JSONWriter.object { writer in
                writer.member("file", error.file)
                writer.member("passed", false)
                writer.member("reason", error.message)
            })
    }
}

extension JSONWriter {
    /// Adds an array of arrays of numbers.
    mutating func lists(_ name: String, _ lists: [[Int]]) {
        key(name)
        beginArray()
        for list in lists {
            beginArray()
            for number in list { value(number) }
            endArray()
        }
        endArray()
    }

    /// Adds an array of texts.
    mutating func texts(_ name: String, _ texts: [String]) {
        key(name)
        beginArray()
        for text in texts { value(text) }
        endArray()
    }
}
