internal import ArgumentParser
internal import ECS
internal import Events
internal import Platform
internal import Probes
internal import Sensor

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Show what this host offers, which hooks would be used, and why.",
        discussion: """
            Loads and attaches the programs as `run` would, and proves each chosen hook by firing it once, in a \
            network namespace of its own. Exits with 0 if the sensor would run here, else with 69 or 77.
            """)

    @Flag(help: "Print one JSON object.")
    var json = false

    @Option(help: ArgumentHelp("Which connect hooks to try: auto, fexit, kprobe or tracepoint."))
    var hook = "auto"

    func run() throws {
        guard let preference = HookPreference(rawValue: hook) else {
            throw ValidationError("--hook: \"\(hook)\" is none of auto, fexit, kprobe, tracepoint")
        }
        try Failure.exiting {
            let check = HostCheck.run(preference)
            try Failure.show(json ? Self.json(check) + "\n" : Self.text(check))
            if check.isUsable { return }
            let lacksPrivilege = check.findings.contains { $0.name == "privileges" && !$0.isGood }
            throw (lacksPrivilege ? ExitStatus.noPermission : .unavailable).code
        }
    }

    private static func text(_ check: HostCheck) -> String {
        var table = TextTable(["CHECK", "", "DETAIL"])
        for finding in check.findings {
            let mark = finding.isGood ? "ok" : finding.isRequired ? "FAIL" : "warn"
            table.add([finding.name, mark, finding.detail])
        }
        var text = table.text + "\n"
        var hooks = TextTable(["EVENT", "HOOK", "", "DETAIL"])
        for result in check.hooks {
            for attempt in result.report.attempts {
                let isChosen = attempt.hook == result.report.chosen
                let mark = isChosen ? (result.hasFired == false ? "FAIL" : "ok") : "-"
                hooks.add([
                    result.report.fact.name, attempt.program.target, mark,
                    isChosen ? "in use, \(result.note)" : describe(attempt.outcome),
                ])
            }
        }
        if !check.hooks.isEmpty { text += hooks.text + "\n" }
        if let failure = check.failure { text += Failure(failure).text + "\n" }
        text += check.isUsable ? "imdswatch would run here.\n" : "imdswatch would not run here.\n"
        return text
    }

    private static func describe(_ outcome: AttachReport.Outcome) -> String {
        switch outcome {
        case .attached: "attached"
        case .refusedAtLoad(let refusal): "refused at load: \(reason(refusal))"
        case .refusedAtAttach(let refusal): "refused at attach: \(reason(refusal))"
        }
    }

    private static func reason(_ refusal: Refusal) -> String {
        let name =
            refusal.code == SystemCallError.notFound
            ? "this kernel does not offer it (error \(refusal.code))" : SystemCallError.text(of: refusal.code)
        let line = refusal.message.split(separator: "\n").last.map(String.init) ?? ""
        return line.isEmpty ? name : "\(name) (\(line))"
    }

    private static func json(_ check: HostCheck) -> String {
        JSONWriter.object { writer in
            writer.member("usable", check.isUsable)
            writer.member("version", version)
            writer.objects("checks", check.findings) { finding, writer in
                writer.member("name", finding.name)
                writer.member("ok", finding.isGood)
                writer.member("required", finding.isRequired)
                writer.member("detail", finding.detail)
            }
            writer.objects("hooks", check.hooks) { result, writer in
                writer.member("event", result.report.fact.name)
                if let chosen = result.report.chosen { writer.member("hook", chosen.name) }
                if let fired = result.hasFired { writer.member("fired", fired) }
                writer.member("note", result.note)
                writer.objects("attempts", result.report.attempts) { attempt, writer in
                    writer.member("hook", attempt.hook.name)
                    writer.member("program", attempt.program.target)
                    writer.member("attached", attempt.outcome == .attached)
                    if attempt.outcome != .attached { writer.member("reason", describe(attempt.outcome)) }
                }
            }
            if let failure = check.failure { writer.member("failure", Failure(failure).text) }
        }
    }
}
