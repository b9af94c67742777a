public import Detection
public import Events

/// Writes records for people: a few aligned lines for an alert, one for
/// everything else.
///
/// Nothing that a process can choose reaches the terminal as a control
/// character: such bytes are shown as `\x1b`.
public struct TextEncoder: Sendable {
    public var context: RecordContext
    /// Whether severity and rule stand out by colour.
    public var colours: Bool

    public init(_ context: RecordContext, colours: Bool) {
        self.context = context
        self.colours = colours
    }

    /// Values are cut to this many bytes: a screen is not an archive.
    private static let valueLimit = 600

    // MARK: Records

    /// Appends the lines of one alert, without the last newline.
    public func append(_ alert: Alert, rule: Rule, to line: inout [UInt8]) {
        let evidence = alert.events.map { Evidence($0, context) }
        guard let last = evidence.last else { return }
        append(time: last.event.header.timestamp, to: &line)
        let severity = Severity(rule.severity)
        paint(severity.colour, "\(severity)".uppercased(), width: 8, to: &line)
        paint(.bold, rule.name, to: &line)
        if alert.isTest { line += " (test)".utf8 }
        if let name = alert.suppressedBy { append(" (suppressed by \(name))", to: &line) }
        row("what", Narrative.message(of: alert, evidence), to: &line)
        rows(of: last, to: &line)
        if let first = evidence.first {
            if alert.sameProcess == false { rows(ofStarted: first, to: &line) }
            let user = Narrative.user(of: first)
            if !user.isEmpty, user != Narrative.user(of: last) { row("started by", user, to: &line) }
        }
        row("process", tree(alert, last), to: &line)
        rows(ofParentOf: last, to: &line)
        circumstances(of: last, to: &line)
        if evidence.contains(where: { $0.event.header.degraded }) {
            row("note", Array("evidence was shed under load".utf8), to: &line)
        }
    }

    /// What a process runs, and where. A row for each: a path could look like a remark.
    private func rows(of evidence: Evidence, to line: inout [UInt8]) {
        if let command = evidence.firstText(.processCommandLine) {
            row("command", Array(command), to: &line)
        }
        if let executable = executable(.process, of: evidence) { row("executable", executable, to: &line) }
        if evidence.isTrue(.executableScript), let script = script(of: evidence) {
            row("script", Array(script), to: &line)
        }
        if evidence.isTrue(.executableDeleted) {
            row("deleted", Array("the executable has no name left in the file system".utf8), to: &line)
        }
        if evidence.isTrue(.executableMemory) {
            row("in memory", Array("the executable never was a file".utf8), to: &line)
        }
        if let directory = evidence.firstText(.processWorkingDirectory) {
            row("directory", Array(directory), to: &line)
        }
    }

    /// The program that was started, where another one connected.
    private func rows(ofStarted evidence: Evidence, to line: inout [UInt8]) {
        if let command = evidence.firstText(.processCommandLine) {
            row("started", Array(command), to: &line)
        }
        if let executable = executable(.process, of: evidence) { row("from", executable, to: &line) }
    }

    /// What started the program: the names beside it could be anybody's.
    private func rows(ofParentOf evidence: Evidence, to line: inout [UInt8]) {
        if let executable = executable(.parent, of: evidence) { row("parent", executable, to: &line) }
        if let command = evidence.firstText(.parentCommandLine) {
            row("called as", Array(command), to: &line)
        }
    }

    /// The path of an executable; nil if the event has none.
    private func executable(_ role: ProcessRole, of evidence: Evidence) -> [UInt8]? {
        guard let slot = evidence.slot(role.executable) else { return nil }
        if slot.isUnknown { return Array("could not be read".utf8) }
        return evidence.firstText(role.executable).flatMap { $0.isEmpty ? nil : Array($0) }
    }

    /// Its absolute path if the event has it, else the path as invoked.
    private func script(of evidence: Evidence) -> ArraySlice<UInt8>? {
        evidence.texts(.processExecutable).dropFirst().last { $0.first == UInt8(ascii: "/") }
            ?? evidence.firstText(.invokedAs)
    }

    /// Whom a process acts for, and within what.
    private func circumstances(of evidence: Evidence, to line: inout [UInt8]) {
        let user = Narrative.user(of: evidence)
        if !user.isEmpty { row("user", user, to: &line) }
        if let real = Narrative.realUser(of: evidence) { row("real user", real, to: &line) }
        for (label, field) in [("container", Field.containerID), ("unit", .serviceName)] {
            guard let text = evidence.firstText(field), !text.isEmpty else { continue }
            row(label, Array(text), to: &line)
        }
        if evidence.isFalse(.hostMountNamespace) {
            let number = evidence.event.integers(.mountNamespace).first.map { " (\($0))" } ?? ""
            row(
                "mounts", Array("not those of the host\(number): paths are of that namespace".utf8), to: &line
            )
        }
    }

    /// Appends the line of one event, without a newline.
    public func append(_ event: EventSnapshot, to line: inout [UInt8]) {
        let evidence = Evidence(event, context)
        append(time: event.header.timestamp, to: &line)
        append(Narrative.message(of: evidence), to: &line)
        if event.isExec, let command = evidence.firstText(.processCommandLine) {
            line += ": ".utf8
            append(Array(command), to: &line)
        }
    }

    /// Appends the line of one statistics record, without a newline.
    public func append(_ record: StatsRecord, to line: inout [UInt8]) {
        append(time: record.timestamp, to: &line)
        append("imdswatch \(record.action)", to: &line)
        if !record.message.isEmpty { append(": \(record.message)", to: &line) }
        guard record.lost > 0 else { return }
        line += " ".utf8
        paint(.red, "lost \(record.lost) (\(record.lossText))", to: &line)
    }

    /// Appends the line of one flood, without a newline.
    public func append(_ flood: AlertFlood, timestamp: Int64, rules: [Rule], to line: inout [UInt8]) {
        append(time: timestamp, to: &line)
        let text = FloodEncoder(context).message(of: flood, rules)
        paint(.red, text, to: &line)
    }

    // MARK: Parts

    /// The processes from the topmost known ancestor down to the one that acted.
    private func tree(_ alert: Alert, _ last: Evidence) -> [UInt8] {
        var names = alert.ancestry.reversed().map { ancestor in
            TextEncoder.lastComponent(ancestor.executable[...]) + Array("(\(ancestor.identity.pid))".utf8)
        }
        if names.isEmpty, let parent = name(last, .parent) { names.append(parent) }
        if let process = name(last, .process) { names.append(process) }
        return Array(names.joined(separator: Array(" > ".utf8)))
    }

    private func name(_ evidence: Evidence, _ role: ProcessRole) -> [UInt8]? {
        let name =
            evidence.firstText(role.name).map { Array($0) }
            ?? evidence.firstText(role.executable).map { TextEncoder.lastComponent($0) }
        let pid = evidence.event.integers(role.pid).first.map { Array("(\($0))".utf8) }
        guard name != nil || pid != nil else { return nil }
        return (name ?? Array("?".utf8)) + (pid ?? [])
    }

    private static func lastComponent(_ path: ArraySlice<UInt8>) -> [UInt8] {
        guard let slash = path.lastIndex(of: UInt8(ascii: "/")) else {
            return path.isEmpty ? Array("?".utf8) : Array(path)
        }
        return Array(path[(slash + 1)...])
    }

    private func row(_ label: String, _ text: [UInt8], to line: inout [UInt8]) {
        line.append(UInt8(ascii: "\n"))
        line += "  ".utf8
        paint(.dim, label, width: 11, to: &line)
        append(text, to: &line)
    }

    private func append(time: Int64, to line: inout [UInt8]) {
        var text: [UInt8] = []
        Timestamp.append(time, to: &text, digits: 3)
        text[10] = UInt8(ascii: " ")
        paint(.dim, String(decoding: text, as: UTF8.self), to: &line)
        line.append(UInt8(ascii: " "))
    }

    private func append(_ text: String, to line: inout [UInt8]) { append(Array(text.utf8), to: &line) }

    /// Appends text that may hold anything.
    private func append(_ text: [UInt8], to line: inout [UInt8]) {
        let size = escapedSize(text.span)
        guard size > TextEncoder.valueLimit else { return TextEncoder.neutralise(text.span, to: &line) }
        let ends = ends(of: text.span, size: size, budget: TextEncoder.valueLimit)
        TextEncoder.neutralise(text.span.extracting(0..<ends.head), to: &line)
        line += ellipsis
        TextEncoder.neutralise(text.span.extracting(ends.tail..<text.count), to: &line)
    }

    static func neutralise(_ text: borrowing Span<UInt8>, to line: inout [UInt8]) {
        var index = 0
        while index < text.count {
            let step = text.scalar(at: index)
            if let scalar = step.scalar, !isControl(scalar) {
                for offset in 0..<step.length { line.append(text[index + offset]) }
            } else if let scalar = step.scalar, scalar > 0xff {
                line += "\\u{\(String(scalar, radix: 16))}".utf8
            } else if let scalar = step.scalar {
                appendEscape(UInt8(scalar), to: &line)
            } else {
                for offset in 0..<step.length { appendEscape(text[index + offset], to: &line) }
            }
            index += step.length
        }
    }

    private static func appendEscape(_ byte: UInt8, to line: inout [UInt8]) {
        switch byte {
        case 0x09: line += "\\t".utf8
        case 0x0a: line += "\\n".utf8
        case 0x0d: line += "\\r".utf8
        default: line += [UInt8(ascii: "\\"), UInt8(ascii: "x"), hexDigit(byte >> 4), hexDigit(byte & 15)]
        }
    }

    // MARK: Colour

    fileprivate enum Colour: String {
        case bold = "1"
        case dim = "2"
        case red = "31"
        case boldRed = "1;31"
        case yellow = "33"
        case cyan = "36"
    }

    private func paint(_ colour: Colour, _ text: String, width: Int = 0, to line: inout [UInt8]) {
        if colours { line += "\u{1b}[\(colour.rawValue)m".utf8 }
        append(text, to: &line)
        if colours { line += "\u{1b}[0m".utf8 }
        for _ in 0..<max(0, width - text.utf8.count) { line.append(UInt8(ascii: " ")) }
    }
}

extension Severity {
    fileprivate var colour: TextEncoder.Colour {
        switch self {
        case .low: .cyan
        case .medium: .yellow
        case .high: .red
        case .critical: .boldRed
        }
    }
}
