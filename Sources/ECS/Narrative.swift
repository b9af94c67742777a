internal import Detection
internal import Events

/// Says in words what happened.
struct Narrative {
    private var text: [UInt8] = []

    /// One sentence about an alert, without its final stop.
    static func message(of alert: Alert, _ evidence: [Evidence]) -> [UInt8] {
        var narrative = Narrative()
        guard let last = evidence.last else { return [] }
        if alert.isTest { narrative.add("Test alert: ") }
        narrative.describe(last)
        if alert.sameProcess == false, let first = evidence.first(where: { $0.isAbout(.process) }) {
            narrative.add(" after ")
            narrative.name(first, .process)
            narrative.add(first.event.isExec ? " was started" : " acted")
        }
        narrative.addCircumstances(of: last)
        return narrative.text
    }

    /// The same about one event.
    static func message(of evidence: Evidence) -> [UInt8] {
        var narrative = Narrative()
        narrative.describe(evidence)
        narrative.addCircumstances(of: evidence)
        return narrative.text
    }

    /// Who did what.
    static func action(of evidence: Evidence) -> [UInt8] {
        var narrative = Narrative()
        narrative.describe(evidence)
        return narrative.text
    }

    /// The user that the process acts for: `web (1000)`.
    static func user(of evidence: Evidence) -> [UInt8] {
        user(
            evidence.firstText(.userName) ?? evidence.firstText(.processUserName),
            evidence.identifier(.userID) ?? evidence.identifier(.processUserID))
    }

    private static func user(_ name: ArraySlice<UInt8>?, _ id: [UInt8]?) -> [UInt8] {
        guard let name else { return id.map { Array("uid ".utf8) + $0 } ?? [] }
        guard let id else { return Array(name) }
        return Array(name) + Array(" (".utf8) + id + Array(")".utf8)
    }

    /// The user that started the process, if that is another: `web (1000)`.
    static func realUser(of evidence: Evidence) -> [UInt8]? {
        let acting = evidence.identifier(.userID) ?? evidence.identifier(.processUserID)
        guard let id = evidence.identifier(.processRealUserID), id != acting else { return nil }
        return user(evidence.firstText(.processRealUserName), id)
    }

    private mutating func add(_ words: String) { text += words.utf8 }

    private mutating func describe(_ evidence: Evidence) {
        name(evidence, .process)
        let event = evidence.event
        if let destination = event.addresses(.destinationIP).first {
            switch evidence.firstText(.eventOutcome).map({ String(decoding: $0, as: UTF8.self) }) {
            case "success": add(" connected to ")
            case "failure": add(" failed to connect to ")
            default: add(" tried to connect to ")
            }
            add(destination.isV4 ? "\(destination)" : "[\(destination)]")
            if let port = event.integers(.destinationPort).first { add(":\(port)") }
        } else if event.isExec, let executable = evidence.firstText(.processExecutable) {
            add(" was started from ")
            text += executable
        } else if event.isExec {
            add(" was started")
        } else if event.has(action: "fork") {
            add(" was forked")
        } else if event.has(action: "end") || event.header.kind == .exit {
            add(" ended")
            if let code = event.integers(.processExitCode).first { add(" with code \(code)") }
        } else {
            add(" acted")
            if let action = evidence.firstText(.eventAction) {
                add(": ")
                text += action
            }
        }
    }

    private mutating func addCircumstances(of evidence: Evidence) {
        if evidence.isAbout(.parent) {
            add(", child of ")
            name(evidence, .parent)
        }
        let user = Narrative.user(of: evidence)
        if !user.isEmpty {
            add(", as ")
            text += user
        }
        if let container = evidence.firstText(.containerID), !container.isEmpty {
            add(", in container ")
            text += container.prefix(12)
        }
    }

    /// `curl (pid 4242)`.
    private mutating func name(_ evidence: Evidence, _ role: ProcessRole) {
        let name = evidence.firstText(role.name) ?? evidence.firstText(role.executable)
        let pid = evidence.event.integers(role.pid).first
        switch (name, pid) {
        case (let name?, let pid?):
            text += name
            add(" (pid \(pid))")
        case (let name?, nil): text += name
        case (nil, let pid?): add(role == .process ? "Process \(pid)" : "process \(pid)")
        case (nil, nil): add(role == .process ? "A process" : "a process")
        }
    }
}

extension Evidence {
    /// Whether the event names a process in that role.
    func isAbout(_ role: ProcessRole) -> Bool {
        event.has(role.pid) || event.has(role.name) || firstText(role.executable) != nil
    }

    /// False also of what the event does not say.
    func isTrue(_ field: Field) -> Bool { truth(field) == true }

    func isFalse(_ field: Field) -> Bool { truth(field) == false }

    private func truth(_ field: Field) -> Bool? { event.integers(field).first.map { $0 != 0 } }

    /// An identifier as text, whatever it is held as.
    func identifier(_ field: Field) -> [UInt8]? {
        if let text = firstText(field) { return Array(text) }
        return event.integers(field).first.map { Array(String($0).utf8) }
    }
}

extension EventSnapshot {
    func has(action: String) -> Bool {
        texts(.eventAction).contains { $0.elementsEqual(action.utf8) }
    }

    var isExec: Bool { header.kind == .exec || has(action: "exec") }
}
