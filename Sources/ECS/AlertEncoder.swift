public import Detection
internal import Events

/// Writes alerts as ECS documents, one line each.
public struct AlertEncoder: Sendable {
    public var context: RecordContext

    public init(_ context: RecordContext) { self.context = context }

    /// Appends the line of one alert, without a newline.
    ///
    /// - Parameter rule: the rule at the alert's index.
    public func append(_ alert: Alert, rule: RenderedRule, to line: inout [UInt8]) {
        let evidence = alert.events.map { Evidence($0, context) }
        let ids = alert.events.map { context.eventID(of: $0) }
        LineFitter.append(to: &line, limit: context.lineLimit) { composer in
            for part in Part.allCases { write(part, of: alert, rule, evidence, ids, with: &composer) }
        }
    }

    /// Does what the line of an alert takes, part after part while that is wanted.
    /// What is appended is no line.
    public func rehearse(
        _ alert: Alert, rule: RenderedRule, in scratch: inout [UInt8], while isWanted: () -> Bool
    ) {
        let evidence = alert.events.map { Evidence($0, context) }
        let ids = alert.events.map { context.eventID(of: $0) }
        var composer = LineComposer(appendingTo: scratch, shape: .whole, budget: nil)
        scratch = []
        for part in Part.allCases where isWanted() {
            write(part, of: alert, rule, evidence, ids, with: &composer)
        }
        scratch = composer.json.bytes
    }

    /// The parts of a line, in order.
    private enum Part: CaseIterable {
        case event, message, rule, host, process, own
    }

    private func write(
        _ part: Part, of alert: Alert, _ rendered: RenderedRule, _ evidence: [Evidence], _ ids: [[UInt8]],
        with composer: inout LineComposer
    ) {
        guard let last = evidence.last else { return }
        switch part {
        case .event:
            composer.begin(at: last.event.header.timestamp)
            event(alert, rendered.rule, evidence, ids, with: &composer)
        case .message:
            composer.json.name("message")
            composer.value(Narrative.message(of: alert, evidence)[...], .text, name: "message")
        case .rule: composer.rule(rendered)
        case .host: composer.host(context, of: last)
        case .process: composer.fields(FieldOutput.alert, of: last, namer: context.namer)
        case .own:
            imdswatch(alert, evidence, ids, with: &composer)
            composer.json.endObject()
        }
    }

    private func event(
        _ alert: Alert, _ rule: Rule, _ evidence: [Evidence], _ ids: [[UInt8]],
        with composer: inout LineComposer
    ) {
        guard let first = evidence.first, let last = evidence.last else { return }
        composer.json.name("event.kind")
        // a suppressed match is shown, and must not raise anybody's alarm
        composer.json.value(alert.suppressedBy == nil ? "alert" : "event")
        composer.json.name("event.category")
        composer.values(
            categories(of: evidence).map { Array($0.utf8)[...] }, .text, name: "event.category")
        composer.json.name("event.type")
        composer.values([Array("info".utf8)[...]], .text, name: "event.type")
        composer.eventText("event.action", .eventAction, of: last)
        composer.eventText("event.outcome", .eventOutcome, of: last)
        composer.json.name("event.module")
        composer.json.value("imdswatch")
        composer.json.name("event.dataset")
        composer.json.value("imdswatch.alert")
        composer.json.name("event.id")
        composer.value(context.alertID(rule: rule.id, of: ids)[...], .identifier, name: "event.id")
        composer.json.name("event.sequence")
        composer.json.value(alert.sequence)
        composer.json.name("event.severity")
        composer.json.value(Severity(rule.severity).score)
        composer.json.name("event.risk_score")
        composer.json.value(rule.riskScore)
        composer.json.name("event.start")
        composer.json.value(time: first.event.header.timestamp)
        composer.json.name("event.end")
        composer.json.value(time: last.event.header.timestamp)
        composer.json.name("event.duration")
        // by the clock that orders events, which nobody sets
        composer.json.value(last.event.header.time.subtractingSaturated(first.event.header.time))
        composer.json.name("event.created")
        composer.json.value(time: alert.created)
    }

    private func categories(of evidence: [Evidence]) -> [String] {
        var names = NameList()
        names.insert("intrusion_detection")
        for item in evidence {
            for category in item.texts(.eventCategory) {
                names.insert(String(decoding: category, as: UTF8.self))
            }
        }
        return names.names
    }

    // MARK: The block of our own

    private func imdswatch(
        _ alert: Alert, _ evidence: [Evidence], _ ids: [[UInt8]], with composer: inout LineComposer
    ) {
        guard let last = evidence.last else { return }
        composer.text("imdswatch.version", context.version, .text, name: "imdswatch.version")
        composer.hook(of: last)
        if let address = last.event.addresses(.destinationIP).first,
            let endpoint = MetadataEndpoint(at: address)
        {
            composer.json.name("imdswatch.endpoint")
            composer.json.value(endpoint.rawValue)
        }
        if let sameProcess = alert.sameProcess {
            composer.json.name("imdswatch.same_process")
            composer.json.value(sameProcess)
        }
        if alert.isTest {
            composer.json.name("imdswatch.test")
            composer.json.value(true)
        }
        composer.text(
            "imdswatch.suppressed_by", alert.suppressedBy ?? "", .rule, name: "imdswatch.suppressed_by")
        matched(evidence, ids, with: &composer)
        composer.fields(FieldOutput.imdswatch, of: last, namer: context.namer)
        composer.invokedParent(of: last)
        ancestry(alert.ancestry, with: &composer)
        composer.hostMountNamespace(of: last)
        composer.origins(of: last)
        composer.raw(FieldOutput.rawOfAlert, of: last)
        composer.quality(degraded: evidence.contains { $0.event.header.degraded })
    }

    private func matched(_ evidence: [Evidence], _ ids: [[UInt8]], with composer: inout LineComposer) {
        let kept = composer.kept(evidence.count, name: "imdswatch.matched")
        guard !kept.isEmpty else { return }
        composer.json.name("imdswatch.matched")
        composer.json.beginArray()
        for index in kept {
            let item = evidence[index]
            composer.json.beginObject()
            composer.json.name("@timestamp")
            composer.json.value(time: item.event.header.timestamp)
            composer.json.name("event.id")
            composer.value(ids[index][...], .identifier, name: "imdswatch.matched.event.id")
            composer.eventList("event.category", .eventCategory, of: item)
            composer.eventList("event.type", .eventType, of: item)
            composer.eventText("event.action", .eventAction, of: item)
            composer.eventText("event.outcome", .eventOutcome, of: item)
            composer.fields(
                FieldOutput.matched, of: item, namer: context.namer, prefix: "imdswatch.matched.")
            composer.json.endObject()
        }
        composer.json.endArray()
    }

    private func ancestry(_ ancestry: [AncestryEntry], with composer: inout LineComposer) {
        let kept = composer.kept(ancestry.count, name: "imdswatch.ancestry")
        guard !kept.isEmpty else { return }
        composer.json.name("imdswatch.ancestry")
        composer.json.beginArray()
        for index in kept {
            composer.json.beginObject()
            composer.json.name("pid")
            composer.json.value(ancestry[index].identity.pid)
            composer.json.name("entity_id")
            composer.value(
                context.namer.text(of: ancestry[index].identity)[...], .identifier,
                name: "imdswatch.ancestry.entity_id")
            if !ancestry[index].executable.isEmpty {
                composer.json.name("executable")
                composer.value(
                    ancestry[index].executable[...], .leaderExecutable,
                    name: "imdswatch.ancestry.executable")
            }
            composer.json.endObject()
        }
        composer.json.endArray()
    }
}

extension LineComposer {
    /// Indices of a list that this shape keeps: all, or both ends.
    fileprivate mutating func kept(_ count: Int, name: String) -> [Int] {
        let end = shape.listEnd
        guard end < (count + 1) / 2 else { return Array(0..<count) }
        noteTruncated(name)
        return Array(0..<end) + Array((count - end)..<count)
    }

    /// `imdswatch.hook`; documents did not come through one.
    mutating func hook(of evidence: Evidence) {
        guard evidence.event.header.hook != .none else { return }
        json.name("imdswatch.hook")
        json.value(evidence.event.header.hook.name)
    }

    /// The path that the parent was invoked by, where it is another than the
    /// one that was resolved: the script of an interpreter.
    mutating func invokedParent(of evidence: Evidence) {
        let paths = evidence.texts(.parentExecutable)
        guard paths.count > 1 else { return }
        guard shape != .skeleton else { return noteTruncated("imdswatch.process.parent.invoked_as") }
        json.name("imdswatch.process.parent.invoked_as")
        value(paths[1], .text, name: "imdswatch.process.parent.invoked_as")
    }

    mutating func hostMountNamespace(of evidence: Evidence) {
        guard let isHost = evidence.event.integers(.hostMountNamespace).first else { return }
        json.name("imdswatch.host_mount_namespace")
        json.value(isHost != 0)
    }

    /// Where values come from that the kernel cannot always supply.
    mutating func origins(of evidence: Evidence) {
        let header = evidence.event.header
        guard header.kind != .document || header.hook != .none else { return }
        let fields: [Field] = [
            .processExecutable, .processArgs, .processWorkingDirectory, .parentExecutable, .parentArgs,
        ]
        let present = fields.filter { evidence.slot($0).map { !$0.isUnknown } ?? false }
        guard !present.isEmpty else { return }
        guard shape != .skeleton else { return noteTruncated("imdswatch.origin.*") }
        json.name("imdswatch.origin")
        json.beginObject()
        for field in present {
            guard let slot = evidence.slot(field) else { continue }
            json.key(field.name)
            json.value(slot.origin)
        }
        json.endObject()
    }
}

extension Int64 {
    fileprivate func subtractingSaturated(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (other < 0 ? .max : .min) : difference
    }
}
