import Foundation

/// What came of one scenario with one hook.
enum Verdict: Equatable {
    case passed
    case failed([String])
    /// Why it could not be done.
    case skipped(String)
}

/// Compares what a sensor wrote with what the scenarios' programs said of themselves.
struct ScenarioCheck {
    let hook: String
    let alerts: [Document]

    func verdict(on scenario: Scenario, _ performance: Performance) -> Verdict {
        if let reason = performance.skipped { return .skipped(reason) }
        var faults = performance.notes
        let own = Set(performance.acts.compactMap { $0.number("pid") })
        let found = alerts.filter { alert in
            guard let time = alert.time("@timestamp") else { return false }
            return time >= performance.begin && time <= performance.end
                && alert.documents("imdswatch.matched").contains { own.contains($0.int("process.pid") ?? 0) }
        }
        let wanted = scenario.alertCount(hook: hook)
        if found.count != wanted { faults.append("\(found.count) alerts, not \(wanted)") }
        for alert in found {
            faults += compare(alert, scenario, performance)
            for (field, value) in scenario.expected {
                let actual = Self.text(alert[field])
                if actual != value { faults.append("\(field) is \(actual), not \(value)") }
            }
        }
        return faults.isEmpty ? .passed : .failed(Array(faults.prefix(6)))
    }

    private func compare(_ alert: Document, _ scenario: Scenario, _ performance: Performance) -> [String] {
        let matched = alert.documents("imdswatch.matched")
        guard let first = matched.first, let last = matched.last else { return ["no matched events"] }
        var faults: [String] = []
        let execs = performance.acts.filter {
            $0.kind == "exec" && $0.number("pid") == first.int("process.pid")
        }
        // a shell that became the client reported twice
        if let act = execs.last {
            faults += Comparison(first, act, scenario.differs, "exec").faults
        } else {
            faults.append("nobody reported the start of \(first.int("process.pid") ?? 0)")
        }
        let connects = performance.acts.filter {
            $0.kind == "connect" && $0.number("pid") == alert.int("process.pid")
        }
        guard let act = connects.first else {
            return faults + ["nobody reported the connection of \(last.int("process.pid") ?? 0)"]
        }
        var connect = Comparison(alert, act, scenario.differs, "connect")
        connect.compareConnection()
        let isSame = first.int("process.pid") == last.int("process.pid")
        if alert.bool("imdswatch.same_process") != isSame { faults.append("same_process is not \(isSame)") }
        if let own = act.number("mnt"), let host = act.number("hostmnt"),
            alert.bool("imdswatch.host_mount_namespace") != (own == host)
        {
            faults.append("host_mount_namespace is not \(own == host)")
        }
        return faults + connect.faults
    }

    static func text(_ value: Any?) -> String {
        switch value {
        case let value as String: value
        case let value as NSNumber:
            isBoolean(value) ? (value.boolValue ? "true" : "false") : value.stringValue
        case let value as [String]: value.joined(separator: " ")
        case nil: "absent"
        default: "\(value ?? "")"
        }
    }

    private static func isBoolean(_ value: NSNumber) -> Bool {
        unsafe String(cString: value.objCType) == "c"
    }
}

/// One event of an alert beside one report.
struct Comparison {
    let event: Document
    let act: Act
    let differs: Set<String>
    let stage: String
    private(set) var faults: [String] = []

    init(_ event: Document, _ act: Act, _ differs: Set<String>, _ stage: String) {
        self.event = event
        self.act = act
        self.differs = differs
        self.stage = stage
        compareProcess()
    }

    private mutating func expect(_ field: String, _ actual: String, _ key: String, _ wanted: String?) {
        guard let wanted, !isExempt(key), actual != wanted else { return }
        faults.append("\(stage): \(field) is \(actual.prefix(200)), not \(wanted.prefix(200))")
    }

    private func isExempt(_ key: String) -> Bool {
        differs.contains(key) || differs.contains("\(stage).\(key)")
    }

    private mutating func compare(_ field: String, _ key: String) {
        expect(field, ScenarioCheck.text(event[field]), key, act.text(key))
    }

    private mutating func compareProcess() {
        compare("process.pid", "pid")
        compare("process.parent.pid", "ppid")
        compare("process.user.id", "euid")
        compare("process.real_user.id", "uid")
        compare("process.saved_user.id", "suid")
        compare("process.group.id", "egid")
        compare("process.real_group.id", "gid")
        compare("process.args_count", "argc")
        compare("process.thread.id", "tid")
        compare("process.thread.name", "comm")
        for (field, key) in [("session_leader", "sid"), ("group_leader", "pgid")]
        where event["process.\(field).pid"] != nil {
            compare("process.\(field).pid", key)
        }
        for (field, key) in [("mnt", "mnt"), ("pid", "pidns"), ("net", "net"), ("user", "user")]
        where event["imdswatch.process.namespaces.\(field)"] != nil {
            compare("imdswatch.process.namespaces.\(field)", key)
        }
        if event["imdswatch.process.vpid"] != nil { compare("imdswatch.process.vpid", "vpid") }
        if event["imdswatch.process.cgroup.name"] != nil {
            compare("imdswatch.process.cgroup.name", "cgroup")
        }
        comparePath("process.executable", "exe")
        comparePath("process.working_directory", "cwd")
        comparePath("process.parent.executable", "pexe")
        compareParent()
        compareArguments()
        compareStart()
    }

    /// Of what an alert says of the parent's rights and place. Events that are only
    /// shown may lack them.
    private mutating func compareParent() {
        if event["process.parent.user.id"] != nil { compare("process.parent.user.id", "peuid") }
        if event["process.parent.real_user.id"] != nil { compare("process.parent.real_user.id", "puid") }
        if event["process.parent.working_directory"] != nil {
            comparePath("process.parent.working_directory", "pcwd")
        }
    }

    /// Paths by their exact bytes; what was cut must agree at both ends.
    private mutating func comparePath(_ field: String, _ key: String) {
        guard var wanted = act[key], !isExempt(key) else { return }
        let deleted = Array(" (deleted)".utf8)
        if wanted.suffix(deleted.count) == deleted[...] {
            wanted.removeLast(deleted.count)
            let name = String(decoding: wanted, as: UTF8.self)
            if key == "exe", name.hasPrefix("/memfd:") { return }
        }
        let actual = event.exactBytes(field)
        if actual == wanted { return }
        let ends = (actual ?? []).split(separator: Array("…".utf8), maxSplits: 1)
        if ends.count == 2, wanted.starts(with: ends[0]), wanted.suffix(ends[1].count) == ends[1] { return }
        let text = actual.map { String(decoding: $0, as: UTF8.self) } ?? "absent"
        expect(field, text, key, String(decoding: wanted, as: UTF8.self))
    }

    private mutating func compareArguments() {
        let arguments = event.strings("process.args")
        guard let bytes = act["argv"], arguments?.contains(where: { $0.contains("…") }) != true else {
            return
        }
        let wanted = bytes.split(separator: 0, omittingEmptySubsequences: false).dropLast()
            .map { String(decoding: $0, as: UTF8.self) }
        expect(
            "process.args", arguments?.joined(separator: "|") ?? "absent", "argv",
            wanted.joined(separator: "|"))
    }

    /// A program knows its start to 10 ms.
    private mutating func compareStart() {
        guard let wanted = act.number("start"), let actual = event.time("process.start") else { return }
        if abs(Int(actual) - wanted) > 20_000_000 {
            faults.append("\(stage): process.start is \(Int(actual) - wanted) ns off")
        }
    }

    mutating func compareConnection() {
        compare("destination.ip", act.text("to") == "::ffff:169.254.169.254" ? "" : "to")
        compare("destination.port", "port")
        expect("network.transport", ScenarioCheck.text(event["network.transport"]), "transport", "tcp")
        if event.string("imdswatch.hook") == "tracepoint", event["source.ip"] == nil {
            faults.append("\(stage): source.ip is absent")
        }
        // only the hooks at the return of the function know it
        if event["source.port"] != nil { compare("source.port", "from") }
    }
}

extension Document {
    /// The exact bytes of a text, also where it is no UTF-8.
    func exactBytes(_ field: String) -> [UInt8]? {
        if let raw = string("imdswatch.raw.\(field)"), let data = Data(base64Encoded: raw) {
            return [UInt8](data)
        }
        if let raws = self["imdswatch.raw"] as? [String: Any], let raw = raws[field] as? String,
            let data = Data(base64Encoded: raw)
        {
            return [UInt8](data)
        }
        return string(field).map { Array($0.utf8) }
    }
}
