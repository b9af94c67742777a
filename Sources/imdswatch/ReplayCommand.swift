internal import ArgumentParser
internal import EQL
internal import Platform
internal import Sensor

struct ReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Run the rules over recorded events.",
        discussion: """
            Reads ECS documents, one JSON object a line: what `imdswatch run --events` wrote, or what an agent \
            or a search wrote (hits with _source too). Needs no privileges, and nothing of this host counts: \
            only what the documents say. Alerts and, at the end, all counters go to standard output; what \
            could not be read, and a summary, to standard error.

            Examples:  imdswatch replay recording.ndjson
                       zcat *.gz | imdswatch replay --sort --rules new-rule.toml -

            Events count in the order of the file. Where they are not in the order of time, a sequence can \
            be missed; --sort puts them in order. Lines of alerts and statistics are passed over. A line \
            that cannot be read is named and counted, and does not stop the run; with --strict it does.

            Exit codes: 0 done (alerts or not), 65 no line could be read (with --strict: any line could not), \
            66 a file cannot be opened, 74 reading or writing failed.
            """)

    @OptionGroup var common: CommonOptions

    @Flag(
        name: .long,
        help: ArgumentHelp(
            "Take the events of all files in the order of time, equal times in file order.",
            discussion: """
                Reads everything twice, and keeps 24 bytes in memory for each event. Standard input and pipes \
                are copied to a file without a name in TMPDIR (default: /tmp) for it.
                """))
    var sort = false

    @Flag(
        name: .long,
        help: """
            At the end of the input, report sequences that end with a missing event (![...]) although \
            their maxspan has not passed.
            """)
    var flush = false

    @Flag(name: .long, help: "Stop at the first line that cannot be read, and exit with 65.")
    var strict = false

    @Argument(
        help: ArgumentHelp("Files with one JSON object a line; - is standard input.", valueName: "file"))
    var files: [String]

    func run() throws {
        try Failure.exiting {
            let settings = try Settings(common.configuration, file: common.config)
            let log = settings.makeLog()
            let options = try RunCommand.options(settings, for: .documents, log: log)
            var replay = ReplayOptions(inputs: files)
            replay.sorts = sort
            replay.flushes = flush
            replay.isStrict = strict
            replay.showsProgress = StandardError.isTerminal
            if let directory = Environment.value("TMPDIR"), !directory.isEmpty {
                replay.temporaryDirectory = directory
            }
            let outcome: ReplayOutcome
            do throws(ReplayError) {
                var run = try Replay(options, replay, log: log)
                outcome = try run.run()
            } catch {
                throw Failure(error)
            }
            StandardError.write("imdswatch: \(outcome.summary)\n")
            for use in outcome.exceptions {
                let hits = use.hits.counted("hit")
                StandardError.write("imdswatch: exception \"\(use.name.printable)\": \(hits)\n")
            }
            try check(outcome)
        }
    }

    private func check(_ outcome: ReplayOutcome) throws {
        if outcome.outputError != 0 || outcome.unwritten > 0 {
            let reason =
                outcome.outputError == 0 ? "blocked" : SystemCallError.text(of: outcome.outputError)
            throw Failure(
                .ioError, "standard output: \(reason); \(outcome.unwritten.counted("record")) not written")
        }
        let counters = outcome.counters
        guard !outcome.wasInterrupted, counters.broken > 0 else { return }
        if counters.broken == counters.lines {
            let hint =
                outcome.looksCompressed
                ? "it is compressed: zcat FILE | imdswatch replay -"
                : "each line must be one JSON object with an @timestamp"
            throw Failure(.dataError, "no line could be read; \(hint)")
        }
        if strict { throw ExitStatus.dataError.code }
    }
}

extension ReplayOutcome {
    /// What became of the input, in one line.
    fileprivate var summary: String {
        var parts = [counters.lines.counted("line"), counters.events.counted("event")]
        if counters.other > 0 { parts.append(counters.other.counted("other record")) }
        if counters.broken > 0 { parts.append("\(counters.broken) that could not be read") }
        if counters.shortened > 0 { parts.append("\(counters.shortened) recorded without all fields") }
        if outOfOrder > 0 { parts.append("\(outOfOrder) out of order") }
        parts.append(alerts.counted("alert"))
        if suppressed > 0 { parts.append("\(suppressed) held back by exceptions") }
        let losses = lost - min(lost, counters.broken)
        if losses > 0 { parts.append("\(losses) lost (see imdswatch.counters.lost)") }
        let seconds = Double(duration) / 1e9
        let rate = UInt64(Double(counters.events) / max(seconds, 1e-6))
        let tenths = Int(seconds * 10)
        return (wasInterrupted ? "interrupted: " : "") + parts.joined(separator: ", ")
            + "; \(tenths / 10).\(tenths % 10) s, \(rate) events/s"
    }
}

extension Failure {
    fileprivate init(_ error: ReplayError) {
        switch error {
        case .missing(let path, let code):
            self.init(.noInput, "\(path): \(SystemCallError.text(of: code))")
        case .isDirectory(let path):
            self.init(.noInput, "\(path): a directory; name its files")
        case .unreadable(let path, let code):
            self.init(.ioError, "\(path): \(SystemCallError.text(of: code))")
        case .shortened(let path):
            self.init(.ioError, "\(path): became shorter while it was read")
        case .tooManyInputs(let limit):
            self.init(.usage, "--sort takes at most \(limit) files; join some with cat")
        case .noTemporaryFile(let directory, let code):
            self.init(
                .ioError,
                "--sort cannot keep standard input in \(directory): \(SystemCallError.text(of: code)); set TMPDIR"
            )
        case .noThread(let code):
            self.init(.unavailable, "cannot start: \(SystemCallError.text(of: code))")
        }
    }
}
