public import Events

/// Writes plain events as ECS documents, one line each: what `--events` shows.
///
/// What is written is enough for `replay` to see the event as the engine did:
/// exact bytes, further values of executables, and what is cut or unknown.
public struct EventEncoder: Sendable {
    public var context: RecordContext

    public init(_ context: RecordContext) { self.context = context }

    /// Appends the line of one event, without a newline.
    public func append(_ event: EventSnapshot, to line: inout [UInt8]) {
        let evidence = Evidence(event, context)
        LineFitter.append(to: &line, limit: context.lineLimit) { composer in
            write(evidence, with: &composer)
        }
    }

    private func write(_ evidence: Evidence, with composer: inout LineComposer) {
        let header = evidence.event.header
        composer.begin(at: header.timestamp)
        let kind = evidence.firstText(.eventKind) ?? Array("event".utf8)[...]
        composer.json.name("event.kind")
        composer.value(kind, .text, name: "event.kind")
        composer.eventList("event.category", .eventCategory, of: evidence)
        composer.eventList("event.type", .eventType, of: evidence)
        composer.eventText("event.action", .eventAction, of: evidence)
        composer.eventText("event.outcome", .eventOutcome, of: evidence)
        composer.json.name("event.module")
        composer.value(
            evidence.firstText(.eventModule) ?? Array("imdswatch".utf8)[...], .text, name: "event.module")
        composer.json.name("event.dataset")
        composer.value(
            evidence.firstText(.eventDataset) ?? Array("imdswatch.event".utf8)[...], .text,
            name: "event.dataset")
        composer.json.name("event.id")
        composer.value(context.eventID(of: evidence.event)[...], .identifier, name: "event.id")
        composer.json.name("event.sequence")
        composer.json.value(header.position)
        composer.host(context, of: evidence)
        composer.fields(FieldOutput.event, of: evidence, namer: context.namer)
        composer.text("imdswatch.version", context.version, .text, name: "imdswatch.version")
        composer.hook(of: evidence)
        if header.hook != .none {
            // the clock that orders events: the wall's can jump
            composer.json.name("imdswatch.time_since_boot")
            composer.json.value(header.time)
        }
        composer.fields(FieldOutput.imdswatch, of: evidence, namer: context.namer)
        composer.invokedParent(of: evidence)
        composer.hostMountNamespace(of: evidence)
        composer.further(of: evidence)
        composer.origins(of: evidence)
        composer.raw(FieldOutput.rawOfEvent, of: evidence)
        composer.quality(degraded: header.degraded)
        composer.json.endObject()
    }
}

extension LineComposer {
    /// The values of executables and names beyond the first, and which of
    /// them a caller chose: `imdswatch.further.<field>`, `imdswatch.untrusted`.
    fileprivate mutating func further(of evidence: Evidence) {
        let fields = ProcessRole.allCases.flatMap { [$0.name, $0.executable] }
            .filter { (evidence.slot($0)?.count ?? 0) > 1 }
        guard !fields.isEmpty else { return }
        guard shape != .skeleton else {
            for field in fields { noteTruncated("imdswatch.further." + field.name) }
            return
        }
        for field in FieldOutput.event[.whole] where fields.contains(field.field) {
            json.name("imdswatch.further." + field.name)
            values(
                Array(evidence.texts(field.field).dropFirst()), .text,
                name: "imdswatch.further." + field.name)
        }
        var untrusted = NameList()
        for field in fields {
            guard let slot = evidence.slot(field) else { continue }
            for index in 1..<max(2, Int(slot.count)) where !slot.isTrusted(index) {
                untrusted.insert("\(field.name)#\(index + 1)")
            }
        }
        if !untrusted.isEmpty { names("imdswatch.untrusted", untrusted) }
    }
}
