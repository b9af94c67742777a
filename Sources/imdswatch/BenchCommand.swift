internal import ArgumentParser
internal import Bench
internal import ECS
internal import EQL
internal import Platform
internal import RuleFiles

struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure what the sensor costs this host.",
        discussion: """
            Runs loads in a network of their own, in turns with and without the sensor, and shows how much slower \
            they became, how long its BPF programs ran, what processor time and memory it took, how long alerts \
            took, and whether anything was lost, each beside its budget. It takes three minutes and keeps one \
            or two processors busy. The figures are those of this host at this time: on a busy one they scatter, \
            and the intervals say how much. It ends with 0 whatever they are.

            Wanted connections go to the metadata address, by a process that was just forked; unwanted ones \
            elsewhere; "by one that goes on" is a process that connects to the metadata address again and \
            again; "reported" is the first such connection of a program, which may complete a match.

            Run times of BPF programs are what the kernel measures, less what it measures of a program that does \
            nothing: the kernel's look at its own clock, which nobody pays for while it does not measure.
            """)

    @Option(help: ArgumentHelp("Pairs of slots with and without the sensor.", valueName: "number"))
    var pairs = 20

    @Flag(help: "Measure bpftrace and libbpf-tools too, in the same pairs, where they are installed.")
    var compare = false

    @Option(
        help: ArgumentHelp("A rule file or directory for the sensor; may be repeated.", valueName: "path"))
    var rules: [String] = []

    @Option(help: ArgumentHelp("Connect hook for the sensor: auto, fexit, kprobe or tracepoint."))
    var hook = "auto"

    @Flag(help: "Print one JSON object instead of a table.")
    var json = false

    @Option(help: ArgumentHelp("Also write a page with plots.", valueName: "file.html"))
    var report: String?

    func validate() throws {
        guard (1...1_000).contains(pairs) else { throw ValidationError("--pairs: not from 1 to 1000") }
        guard Configuration.hooks.contains(hook) else {
            throw ValidationError(
                "--hook: \"\(hook)\" is none of \(Configuration.hooks.joined(separator: ", "))")
        }
    }

    func run() throws {
        try Failure.exiting {
            try RunCommand.checkPrivileges()
            if !rules.isEmpty {
                let errors = RuleSources(paths: rules).load(for: .live).errors
                if let first = errors.first {
                    throw Failure(
                        Settings.isMissing(first) ? .noInput : .dataError,
                        errors.map { "\($0)" }.joined(separator: "\n"))
                }
            }
            var options = BenchOptions(version: version)
            options.pairs = pairs
            options.compares = compare
            options.sensorArguments = rules.flatMap { ["--rules", $0] } + ["--hook", hook]
            let progress = ProgressLine()
            let result = try Self.measure(options) { progress.show($0) }
            progress.clear()
            if let report {
                let page = BenchPage(result, date: Self.date)
                do throws(FileError) {
                    try File.replace(report, with: Array(page.html.utf8).span)
                } catch {
                    throw Failure(.ioError, "\(report): \(error)")
                }
            }
            try Failure.show(json ? result.json + "\n" : Self.text(result))
        }
    }

    /// Now, in UTC, to the second.
    private static var date: String {
        var writer = JSONWriter()
        writer.value(time: Clock.realtime())
        return String(decoding: writer.bytes.dropFirst().prefix(19), as: UTF8.self) + "Z"
    }

    private static func measure(
        _ options: BenchOptions, progress: @escaping (String) -> Void
    ) throws -> BenchResult {
        do throws(BenchError) {
            var bench = try Bench(options, progress: progress)
            return try bench.run()
        } catch {
            throw Failure(.unavailable, "bench: \(text(of: error))")
        }
    }

    private static func text(of error: BenchError) -> String {
        switch error {
        case .socket(let error): "\(error)"
        case .spawn(let error): "\(error)"
        case .worker(let step, let code): "\(step): \(SystemCallError.text(of: code))"
        case .workerGone: "the process that makes the load ended"
        case .notReady(let name, let said): "\(name) did not start: \(said)"
        }
    }

    private static func text(_ result: BenchResult) -> String {
        var text =
            "imdswatch \(result.version), Linux \(result.kernel), \(result.processors) CPUs, \(result.hooks), "
            + "\(result.pairs) interleaved pairs\n\n"
        var table = TextTable(["WHAT", "MEASURED", "BUDGET", "", "DETAIL"])
        for line in result.budgetLines {
            table.add([line.what, line.measured, line.budget, line.verdict.rawValue, line.detail])
        }
        text += table.text
        if result.contenders.count > 1 {
            text += "\n" + comparison(result)
        }
        text += "\n\(result.conclusion)\n"
        for reason in result.left { text += "left out: \(reason)\n" }
        return text
    }

    /// Medians of all programs side by side.
    private static func comparison(_ result: BenchResult) -> String {
        var table = TextTable(["SLOWS"] + result.contenders.map(\.name))
        for workload in Workload.allCases {
            table.add(
                [workload.name]
                    + result.contenders.map { contender in
                        let overhead = contender.overheads.first { $0.workload == workload }
                        guard let summary = overhead?.summary else { return "-" }
                        return summary.medianText
                    })
        }
        table.add(
            ["memory, MB"]
                + result.contenders.map {
                    "\(($0.anonymousMemory + $0.mappedMemory) / 1_048_576)"
                })
        return table.text
    }
}

/// One line on a terminal that says what is being done.
private struct ProgressLine {
    private let isShown = StandardError.isTerminal

    func show(_ text: String) { if isShown { StandardError.write("\r\u{1b}[K\(text)") } }

    func clear() { if isShown { StandardError.write("\r\u{1b}[K") } }
}
