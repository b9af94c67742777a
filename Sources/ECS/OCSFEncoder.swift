public import Detection
internal import Events

/// Writes alerts as OCSF Detection Findings (class 2004, schema 1.5.0), one
/// line each.
public struct OCSFEncoder: Sendable {
    public var context: RecordContext

    public init(_ context: RecordContext) { self.context = context }

    static let schemaVersion = "1.5.0"

    /// Appends the line of one alert, without a newline.
    public func append(_ alert: Alert, rule: Rule, to line: inout [UInt8]) {
        let evidence = alert.events.map { Evidence($0, context) }
        LineFitter.append(to: &line, limit: context.lineLimit) { composer in
            write(alert, rule, evidence, with: &composer)
        }
    }

    private func write(
        _ alert: Alert, _ rule: Rule, _ evidence: [Evidence], with composer: inout LineComposer
    ) {
        guard let first = evidence.first, let last = evidence.last else { return }
        composer.json.beginObject()
        for (name, number) in [
            ("activity_id", 1), ("category_uid", 2), ("class_uid", 2004), ("type_uid", 200_401),
            ("severity_id", Severity(rule.severity).ocsf), ("status_id", alert.suppressedBy == nil ? 1 : 3),
        ] {
            composer.json.name(name)
            composer.json.value(number)
        }
        composer.json.name("time")
        composer.json.value(last.event.header.timestamp / 1_000_000)
        composer.json.name("message")
        composer.value(Narrative.message(of: alert, evidence)[...], .text, name: "message")
        composer.json.name("risk_score")
        composer.json.value(rule.riskScore)
        let id = context.alertID(rule: rule.id, of: alert.events.map { context.eventID(of: $0) })
        metadata(alert, id, with: &composer)
        finding(alert, id, rule, first, last, with: &composer)
        composer.ocsfDevice(context, of: last)
        evidences(evidence, with: &composer)
        unmapped(alert, evidence, last, with: &composer)
        composer.json.endObject()
    }

    private func metadata(_ alert: Alert, _ id: [UInt8], with composer: inout LineComposer) {
        composer.json.name("metadata.version")
        composer.json.value(OCSFEncoder.schemaVersion)
        composer.json.name("metadata.profiles")
        composer.json.beginArray()
        for profile in ["host", "container"] { composer.json.value(profile) }
        if context.host.cloudProvider != nil { composer.json.value("cloud") }
        composer.json.endArray()
        composer.json.name("metadata.product.name")
        composer.json.value("imdswatch")
        composer.text("metadata.product.version", context.version, .text, name: "metadata.product.version")
        composer.json.name("metadata.uid")
        composer.value(id[...], .identifier, name: "metadata.uid")
        composer.json.name("metadata.sequence")
        composer.json.value(alert.sequence)
        composer.json.name("metadata.logged_time")
        composer.json.value(alert.created / 1_000_000)
    }

    private func finding(
        _ alert: Alert, _ id: [UInt8], _ rule: Rule, _ first: Evidence, _ last: Evidence,
        with composer: inout LineComposer
    ) {
        composer.json.name("finding_info.uid")
        composer.value(id[...], .identifier, name: "finding_info.uid")
        composer.text("finding_info.title", rule.name, .rule, name: "finding_info.title")
        composer.json.name("finding_info.first_seen_time")
        composer.json.value(first.event.header.timestamp / 1_000_000)
        composer.json.name("finding_info.last_seen_time")
        composer.json.value(last.event.header.timestamp / 1_000_000)
        composer.json.name("finding_info.created_time")
        composer.json.value(alert.created / 1_000_000)
        composer.text("finding_info.analytic.uid", rule.id, .rule, name: "finding_info.analytic.uid")
        composer.text("finding_info.analytic.name", rule.name, .rule, name: "finding_info.analytic.name")
        composer.json.name("finding_info.analytic.type_id")
        composer.json.value(1)
        composer.text(
            "finding_info.analytic.version", rule.version, .rule, name: "finding_info.analytic.version")
        guard !rule.threats.isEmpty else { return }
        guard composer.shape != .skeleton else { return composer.noteTruncated("finding_info.attacks") }
        composer.json.name("finding_info.attacks")
        composer.json.beginArray()
        for threat in rule.threats.prefix(8) { composer.attacks(of: threat) }
        composer.json.endArray()
    }

    private func evidences(_ evidence: [Evidence], with composer: inout LineComposer) {
        // the one at the end is what the finding is about
        let shown = composer.shape == .whole ? evidence[...] : evidence.suffix(1)
        if shown.count < evidence.count { composer.noteTruncated("evidences") }
        composer.json.name("evidences")
        composer.json.beginArray()
        for item in shown {
            composer.json.beginObject()
            composer.process(item, context.namer)
            composer.endpoint("src_endpoint", item, .sourceIP, .sourcePort)
            composer.endpoint("dst_endpoint", item, .destinationIP, .destinationPort)
            composer.data(of: item)
            composer.json.endObject()
        }
        composer.json.endArray()
    }

    private func unmapped(
        _ alert: Alert, _ evidence: [Evidence], _ last: Evidence, with composer: inout LineComposer
    ) {
        if let sameProcess = alert.sameProcess {
            composer.json.name("unmapped.same_process")
            composer.json.value(sameProcess)
        }
        if last.event.header.hook != .none {
            composer.json.name("unmapped.hook")
            composer.json.value(last.event.header.hook.name)
        }
        composer.json.name("unmapped.degraded")
        composer.json.value(evidence.contains { $0.event.header.degraded })
        if alert.isTest {
            composer.json.name("unmapped.test")
            composer.json.value(true)
        }
        composer.text("unmapped.suppressed_by", alert.suppressedBy ?? "", .rule, name: "suppressed_by")
        composer.names("unmapped.truncated", composer.truncated)
        composer.names("unmapped.unknown", composer.unknown)
    }
}

extension Severity {
    /// `severity_id`: 2 low, 3 medium, 4 high, 5 critical.
    fileprivate var ocsf: Int {
        switch self {
        case .low: 2
        case .medium: 3
        case .high: 4
        case .critical: 5
        }
    }
}

extension LineComposer {
    fileprivate mutating func ocsfDevice(_ context: RecordContext, of evidence: Evidence) {
        func put(_ name: String, _ field: Field, _ own: String, _ composer: inout LineComposer) {
            let given = evidence.firstText(field)
            guard let text = given ?? (own.isEmpty ? nil : Array(own.utf8)[...]) else { return }
            composer.json.name(name)
            composer.value(text, TextClass(of: field), name: name)
        }
        put("device.hostname", .hostHostname, context.host.hostname, &self)
        put("device.uid", .hostID, context.host.id, &self)
        json.name("device.type_id")
        json.value(0)
        json.name("device.os.type_id")
        json.value(200)
        put("device.os.name", .hostOSName, context.host.osName.isEmpty ? "Linux" : context.host.osName, &self)
        put("device.os.version", .hostOSVersion, context.host.osVersion, &self)
        put("device.os.kernel_release", .hostOSKernel, context.host.kernel, &self)
        text(
            "device.instance_uid", context.host.cloudInstanceID ?? "", .identifier,
            name: "device.instance_uid")
        text("cloud.provider", context.host.cloudProvider ?? "", .text, name: "cloud.provider")
    }

    /// A process, its parent, its user and its container.
    fileprivate mutating func process(_ evidence: Evidence, _ namer: EntityNamer) {
        processFacts("process", evidence, .process, namer)
        put("process.working_directory", evidence, .processWorkingDirectory, .matchedText)
        if let id = evidence.identifier(.userID) ?? evidence.identifier(.processUserID) {
            json.name("process.user.uid")
            value(id[...], .identifier, name: "process.user.uid")
        }
        put("process.user.name", evidence, .userName, .matchedText)
        put("process.container.uid", evidence, .containerID, .identifier)
        processFacts("process.parent_process", evidence, .parent, namer)
    }

    private mutating func processFacts(
        _ prefix: String, _ evidence: Evidence, _ role: ProcessRole, _ namer: EntityNamer
    ) {
        if let pid = evidence.event.integers(role.pid).first {
            json.name(prefix + ".pid")
            json.value(pid)
        }
        if let slot = evidence.slot(role.entityID), slot.kind == .identity {
            json.name(prefix + ".uid")
            value(namer.text(of: slot.identity)[...], .identifier, name: prefix + ".uid")
        } else {
            put(prefix + ".uid", evidence, role.entityID, .identifier)
        }
        put(prefix + ".name", evidence, role.name, .matchedText)
        put(prefix + ".file.path", evidence, role.executable, .executable)
        if let executable = evidence.firstText(role.executable) {
            json.name(prefix + ".file.name")
            value(
                executable.suffix(from: lastComponent(of: executable)), .matchedText,
                name: prefix + ".file.name")
            json.name(prefix + ".file.type_id")
            json.value(1)
        }
        if let field = role.commandLine { put(prefix + ".cmd_line", evidence, field, .commandLine) }
        if let start = evidence.event.integers(role.start).first {
            json.name(prefix + ".created_time")
            json.value(start / 1_000_000)
        }
    }

    private func lastComponent(of path: ArraySlice<UInt8>) -> Int {
        path.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? path.startIndex
    }

    /// Writes the first text of a field and notes what is to be known of it.
    private mutating func put(_ name: String, _ evidence: Evidence, _ field: Field, _ kind: TextClass) {
        guard let slot = evidence.slot(field) else { return }
        if slot.isCut { noteTruncated(field.name) }
        if slot.isUnknown { noteUnknown(field.name) }
        guard let text = evidence.firstText(field) else { return }
        json.name(name)
        value(text, kind, name: field.name)
    }

    /// What the schema has no attributes for.
    fileprivate mutating func data(of evidence: Evidence) {
        for (name, field) in [
            ("host_mount_namespace", Field.hostMountNamespace), ("deleted", .executableDeleted),
            ("memfd", .executableMemory), ("script", .executableScript),
        ] {
            guard let value = evidence.event.integers(field).first else { continue }
            json.name("data." + name)
            json.value(value != 0)
        }
        for (name, field) in [
            ("invoked_as", Field.invokedAs), ("service_name", .serviceName),
            ("real_user_name", .processRealUserName),
        ] {
            put("data." + name, evidence, field, .matchedText)
        }
        guard let id = evidence.identifier(.processRealUserID) else { return }
        json.name("data.real_user_id")
        value(id[...], .identifier, name: "data.real_user_id")
    }

    fileprivate mutating func endpoint(_ name: String, _ evidence: Evidence, _ ip: Field, _ port: Field) {
        if let address = evidence.event.addresses(ip).first {
            json.name(name + ".ip")
            json.value(address.description)
        }
        if let number = evidence.event.integers(port).first {
            json.name(name + ".port")
            json.value(number)
        }
    }

    /// One object for each technique and subtechnique of a threat.
    fileprivate mutating func attacks(of threat: Threat) {
        func write(_ technique: Threat.Technique?, _ sub: Threat.Reference?, _ composer: inout LineComposer) {
            composer.json.beginObject()
            composer.reference("tactic", threat.tactic)
            composer.reference("technique", technique?.technique)
            composer.reference("sub_technique", sub)
            composer.json.endObject()
        }
        if threat.techniques.isEmpty { write(nil, nil, &self) }
        for technique in threat.techniques.prefix(8) {
            if technique.subtechniques.isEmpty { write(technique, nil, &self) }
            for sub in technique.subtechniques.prefix(8) { write(technique, sub, &self) }
        }
    }

    private mutating func reference(_ name: String, _ reference: Threat.Reference?) {
        guard let reference else { return }
        text(name + ".uid", reference.id, .rule, name: name)
        text(name + ".name", reference.name, .rule, name: name)
        text(name + ".src_url", reference.url, .rule, name: name)
    }
}
