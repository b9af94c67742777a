internal import ArgumentParser
internal import Detection
internal import ECS
internal import EQL
internal import Events
internal import Platform
internal import RuleFiles

struct RulesExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Show what a rule looks for, what it needs of this host and what it costs.",
        discussion: """
            For each rule: its events in order, what joins them, the fields and addresses it reads, the hooks \
            and captures it switches on, and what its file says that has no effect here.
            """)

    @OptionGroup var selection: RuleSelection

    @Flag(name: .long, help: "Show the query, too.")
    var query = false

    func run() throws {
        try Failure.exiting {
            let loaded = try selection.load()
            for rule in loaded.rules {
                let explanation = RuleExplanation(rule)
                if selection.json {
                    print(explanation.json(of: rule))
                } else {
                    print(explanation.text(of: rule))
                    if query {
                        print(
                            rule.text.split(separator: "\n").map { "    \(String($0).printable)\n" }.joined())
                    }
                }
            }
            for error in loaded.errors { StandardError.write("imdswatch: refused: \(error)\n") }
            if let status = Failure.refusal(loaded.errors) { throw status.code }
        }
    }
}

extension RuleExplanation {
    // MARK: For people

    func text(of rule: Rule) -> String {
        var text = "\(rule.name.printable)\n"
        func line(_ name: String, _ value: String) {
            text +=
                "  " + name + String(repeating: " ", count: max(1, 15 - name.count)) + value.printable + "\n"
        }
        line("file", rule.file)
        line("id", "\(rule.id), version \(rule.version)")
        line("severity", "\(rule.severity), risk \(rule.riskScore)")
        line("shape", shape)
        for (number, stage) in stages.enumerated() {
            line(stage.title(number + 1), stage.kindText)
            if !stage.keys.isEmpty { line("", "joined by \(stage.keyText)") }
            for need in stage.needs { line("", "must show one of: \(need.summary)") }
            if stage.needs.isEmpty { line("", "tested on every such event") }
            line("", "at most \(stage.tests) test\(stage.tests == 1 ? "" : "s") on such an event")
        }
        line("hooks", hookText)
        line("addresses", addressText)
        if let window { line("", window) }
        for (source, fields) in fieldsBySource {
            line(source.rawValue, fields.map(\.name).joined(separator: ", "))
        }
        if let environmentText { line("variables", environmentText) }
        line(
            "ignored", ignored.isEmpty ? "nothing" : "\(ignored.joined(separator: ", ")): without effect here"
        )
        return text
    }

    private var shape: String {
        guard isSequence else { return "one event" }
        let events = stages.filter { $0.role != .until }.reduce(0) { $0 + $1.runs }
        let span = maxspan.map { "within \(RuleExplanation.duration($0))" } ?? "without a limit of time"
        return "a sequence of \(events), \(span)"
    }

    private static func duration(_ nanoseconds: Int64) -> String {
        for (unit, size) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)] {
            let whole = Int64(size) * 1_000_000
            if nanoseconds >= whole, nanoseconds % whole == 0 { return "\(nanoseconds / whole) \(unit)" }
        }
        return "\(nanoseconds / 1_000_000) ms"
    }

    private struct Hook {
        var kind: String
        var name: String
        var reason: String
    }

    /// What is hooked for this rule, and what the process table needs in any case.
    private var hooks: [Hook] {
        let kinds = [
            ("exec", "program starts"), ("fork", "forks"), ("exit", "process ends"),
            ("connect", "connections"),
        ]
        return kinds.compactMap { kind, name in
            let wanted = stages.enumerated().filter { $0.element.kinds.contains(kind) }
            if !wanted.isEmpty {
                let titles = wanted.map { $0.element.title($0.offset + 1) }
                return Hook(kind: kind, name: name, reason: titles.joined(separator: ", "))
            }
            let isNeeded = kind == "exec" || kind == "fork"
            return isNeeded ? Hook(kind: kind, name: name, reason: "the process table") : nil
        }
    }

    private var hookText: String {
        if requirement.kinds.isEmpty { return "none: no event of the sensor can satisfy it" }
        return hooks.map { "\($0.name) (\($0.reason))" }.joined(separator: "; ")
    }

    private var addresses: [String]? {
        guard case .only(let prefixes) = requirement.destinations else { return nil }
        return prefixes.map(RuleExplanation.text).sorted()
    }

    private var addressText: String {
        guard requirement.kinds.contains(.connect) else { return "no connection is looked at" }
        guard let addresses else { return "any: every connection wakes the sensor" }
        return addresses.joined(separator: ", ") + "; filtered in the kernel"
    }

    /// Which of these connections the kernel leaves out.
    private var window: String? {
        guard requirement.kinds.contains(.connect), let connectionWindow else { return nil }
        return
            "of a process that connects again and again, only "
            + (repeatedConnectionsMatter ? "those" : "the first ones") + " within "
            + "\(RuleExplanation.duration(connectionWindow)) of a start beside it"
    }

    /// A connection, in words: a few addresses are named, more are counted.
    fileprivate static func connection(to prefixes: [IPPrefix]) -> String {
        if prefixes.count > 3 { return "a connection to one of \(prefixes.count) addresses" }
        return "a connection to " + prefixes.map(text).joined(separator: ", ")
    }

    fileprivate static func text(_ prefix: IPPrefix) -> String {
        if prefix.length == 128 { return "\(prefix.address)" }
        let isV4 = prefix.address.isV4 && prefix.length >= 96
        return "\(prefix.address)/\(isV4 ? prefix.length - 96 : prefix.length)"
    }

    private var fieldsBySource: [(FieldSource, [Field])] {
        let sources: [FieldSource] = [.kernel, .processTable, .host, .derived, .replayOnly]
        return sources.map { source in
            (source, requirement.fields.fields.filter { $0.info.source == source })
        }.filter { !$0.1.isEmpty }
    }

    private var environmentText: String? {
        guard let names = requirement.environment else { return "any variable of the environment" }
        return names.isEmpty ? nil : names.sorted().joined(separator: ", ")
    }

    // MARK: For programs

    func json(of rule: Rule) -> String {
        JSONWriter.object { writer in
            writer.member("file", rule.file)
            writer.member("id", rule.id)
            writer.member("name", rule.name)
            writer.member("version", rule.version)
            writer.member("shape", isSequence ? "sequence" : "event")
            if let maxspan {
                writer.key("maxspan_ns")
                writer.value(maxspan)
            }
            writer.objects("stages", stages) { stage, writer in
                writer.member("role", stage.role.rawValue)
                writer.key("runs")
                writer.value(stage.runs)
                writer.texts("events", stage.kinds)
                if let addresses = stage.addresses { writer.texts("destinations", addresses.map(Self.text)) }
                writer.texts("keys", stage.keys.map(\.text))
                writer.texts("fields", stage.fields.map(\.name))
                writer.key("needs")
                writer.beginArray()
                for need in stage.needs {
                    writer.beginArray()
                    for clue in need.ordered { writer.value("\(clue.field.name) : \(clue.text)") }
                    writer.endArray()
                }
                writer.endArray()
                writer.key("tests")
                writer.value(stage.tests)
            }
            writer.texts("events", requirement.kinds.names)
            writer.objects("hooks", hooks) { hook, writer in
                writer.member("event", hook.kind)
                writer.member("why", hook.reason)
            }
            if let addresses { writer.texts("destinations", addresses) }
            if let connectionWindow, requirement.kinds.contains(.connect) {
                writer.key("connection_window_ns")
                writer.value(connectionWindow)
                writer.member("repeated_connections", repeatedConnectionsMatter)
            }
            writer.objects("fields", requirement.fields.fields) { field, writer in
                writer.member("name", field.name)
                writer.member("live", field.info.isLive)
                writer.member("source", field.info.source.rawValue)
            }
            if requirement.environment != [] {
                writer.texts("environment", requirement.environment.map { $0.sorted() } ?? ["*"])
            }
            writer.texts("ignored", ignored)
        }
    }
}

extension RuleExplanation.Stage {
    fileprivate func title(_ number: Int) -> String {
        switch role {
        case .event: runs == 1 ? "event \(number)" : "event \(number)×\(runs)"
        case .missing: "no event \(number)"
        case .until: "until"
        }
    }

    /// Only the addresses of this stage; nil for all.
    fileprivate var addresses: [IPPrefix]? {
        guard kinds.contains("connect"), case .only(let prefixes) = destinations else { return nil }
        return prefixes.sorted { "\($0.address)" < "\($1.address)" }
    }

    fileprivate var kindText: String {
        if isImpossible { return "no event of the sensor can satisfy it" }
        return kinds.map { kind in
            switch kind {
            case "exec": "a program starts"
            case "fork": "a process forks"
            case "exit": "a process ends"
            default: addresses.map(RuleExplanation.connection) ?? "any connection"
            }
        }.joined(separator: ", or ")
    }

    fileprivate var keyText: String { keys.map(\.text).joined(separator: ", ") }
}

extension Need {
    /// The clues by field and text, the same in every run.
    fileprivate var ordered: [Clue] {
        clues.sorted { ($0.field.rawValue, $0.text) < ($1.field.rawValue, $1.text) }
    }

    /// The clues by field, many shortened to a few.
    fileprivate var summary: String {
        if clues.isEmpty { return "what no event has" }
        var texts: [String] = []
        var last: Field?
        for clue in ordered.prefix(8) {
            texts.append((clue.field == last ? "" : "\(clue.field.name) ") + clue.text)
            last = clue.field
        }
        if clues.count > 8 { texts.append("… \(clues.count) in all") }
        return texts.joined(separator: ", ")
    }
}

extension JoinKey {
    fileprivate var text: String { (isOptional ? "?" : "") + field.name }
}

extension Requirement.Kinds {
    fileprivate var names: [String] {
        [(Self.exec, "exec"), (.fork, "fork"), (.exit, "exit"), (.connect, "connect")]
            .filter { contains($0.0) }.map(\.1)
    }
}
