internal import ArgumentParser
internal import Bench
internal import Lab
internal import Platform

/// The version that records carry and `--version` prints.
let version = "0.1.0"

@main
enum Main {
    static func main() {
        let arguments = CommandLine.arguments
        // what the canary starts, to prove that program starts are seen
        if arguments.dropFirst().elementsEqual([Canary.argument]) { return }
        // what `bench` starts, to see how long an alert takes
        if arguments.dropFirst().elementsEqual([Bench.accessArgument]) { return Bench.access() }
        // and what makes its load
        if arguments.count == 3, arguments[1] == Bench.workerArgument, Bench.isWorker {
            return Bench.work(on: arguments[2])
        }
        StandardStreams.occupyMissing()
        StandardStreams.ignoreBrokenPipes()
        do {
            var command = try IMDSWatch.parseAsRoot()
            try command.run()
        } catch {
            guard IMDSWatch.exitCode(for: error).isSuccess else { IMDSWatch.exit(withError: error) }
            // help and version, which the library would print without looking whether it can
            show(IMDSWatch.fullMessage(for: error))
        }
    }

    private static func show(_ text: String) {
        do {
            try Failure.exiting { try Failure.show(text.isEmpty ? "" : text + "\n") }
        } catch {
            IMDSWatch.exit(withError: error)
        }
    }
}

struct IMDSWatch: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "imdswatch",
        abstract: "Watches a Linux cloud instance for programs that reach for its credentials.",
        discussion: """
            Sees every program start and every outgoing TCP connection through eBPF, runs EQL sequence \
            rules on them as they happen, and writes one JSON alert per line to standard output. The \
            built-in rule: an unusual program starts, and within a second a process with the same parent \
            connects to 169.254.169.254, where cloud credentials are served.

            Start with:  imdswatch demo     what it does, in an isolated lab
                         imdswatch check    whether this host has what it needs
                         imdswatch run      watch this host
                         imdswatch replay   run the rules over recorded events
                         imdswatch bench    what it costs there

            Exit codes: 0 ok, 64 usage, 65 bad rule or input, 66 file missing, 69 the kernel lacks what is \
            needed, 74 I/O error, 77 not privileged, 78 bad configuration.
            """,
        version: version,
        subcommands: [
            RunCommand.self, ReplayCommand.self, RulesCommand.self, CheckCommand.self, FieldsCommand.self,
            DemoCommand.self, BenchCommand.self,
        ])
}
