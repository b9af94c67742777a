internal import Events

/// What a line of our own recordings says about its values, collected while it
/// is read and applied at its end: keys may come in any order.
struct RecordingFacts: ~Copyable {
    /// Whether the line said anything of the kind.
    private(set) var isPresent = false
    private(set) var hook = Hook.none
    private(set) var isDegraded = false
    /// Nanoseconds since boot.
    private(set) var bootTime: Int64?
    private(set) var marks: [(field: Field, traits: Slot.Traits)] = []
    private(set) var unknown = FieldSet()
    /// Fields were left out for want of room.
    private(set) var isShortened = false
    private(set) var further: [(field: Field, text: Range<Int>)] = []
    private(set) var texts = ByteArena(capacity: 1024, limit: Event.byteLimit)

    mutating func reset() {
        guard isPresent else { return }
        isPresent = false
        hook = .none
        isDegraded = false
        bootTime = nil
        marks.removeAll(keepingCapacity: true)
        unknown = FieldSet()
        isShortened = false
        further.removeAll(keepingCapacity: true)
        texts.truncate(to: 0)
    }

    mutating func take(_ meaning: NameTree.Meaning, _ field: Field, _ text: borrowing Span<UInt8>) {
        isPresent = true
        switch meaning {
        case .hook:
            if text.equals("tracepoint") { hook = .tracepoint }
            if text.equals("fexit") { hook = .fexit }
            if text.equals("kprobe") { hook = .kprobe }
        case .bootTime: bootTime = DocumentValue.decimal(text)
        case .degraded: isDegraded = text.equals("true")
        case .truncated: markCut(String(text))
        case .unknown: if let field = Field(name: String(text)) { unknown.insert(field) }
        case .mutable: mark(String(text), .mutable)
        case .redacted: mark(String(text), .redacted)
        case .untrusted:
            let name = String(text)
            if name.hasSuffix("#2") { mark(String(name.dropLast(2)), .untrustedSecond) }
            if name.hasSuffix("#3") { mark(String(name.dropLast(2)), .untrustedThird) }
        case .origin:
            if text.equals("table") { marks.append((field, .fromTable)) }
            if text.equals("proc") { marks.append((field, .fromProc)) }
        case .further:
            guard let start = texts.append(text) else { return }
            further.append((field, start..<texts.count))
        case .prefix, .field, .raw, .source, .hitID: return
        }
    }

    private mutating func mark(_ name: String, _ traits: Slot.Traits) {
        if let field = Field(name: name) { marks.append((field, traits)) }
    }

    /// A field is cut, too, where its exact bytes or further values are. Those
    /// of a group that was left out may or may not have been there.
    private mutating func markCut(_ name: String) {
        if name.hasSuffix(".*") {
            isShortened = true
            let group = name.dropLast()
            for info in FieldInfo.table
            where info.name.hasPrefix(group) && !info.name.dropFirst(group.count).contains(".") {
                unknown.insert(info.field)
            }
        }
        for prefix in ["", "imdswatch.raw.", "imdswatch.further."] where name.hasPrefix(prefix) {
            if let field = Field(name: String(name.dropFirst(prefix.count))) { marks.append((field, .cut)) }
        }
    }
}

/// Puts the clocks of boots, which nobody sets, in place of the wall's, which
/// can jump: spans between events of one boot are exact.
struct BootClocks: ~Copyable {
    /// By hash of the boot id: what makes a time since boot one since 1970, as
    /// the first event of that boot has it.
    private var offsets: [UInt64: Int64] = [:]
    private static let most = 65_536

    mutating func time(boot: UInt64, _ bootTime: Int64, timestamp: Int64) -> Int64 {
        guard let offset = offsets[boot] else {
            if offsets.count < BootClocks.most { offsets[boot] = timestamp &- bootTime }
            return timestamp
        }
        return bootTime &+ offset
    }
}

extension DocumentReader {
    /// Gives an event what the line said about its values.
    mutating func restore(_ event: inout Event) throws(DocumentError) {
        event.header.hook = recording.hook
        event.header.degraded = recording.isDegraded
        if recording.hook != .none, let bootTime = recording.bootTime, bootTime >= 0 {
            event.header.time = boots.time(
                boot: event.textHash(.hostBootID), bootTime, timestamp: event.header.timestamp)
        }
        var unknown = recording.unknown
        while let field = unknown.popFirst() {
            if !event.has(field) { event.setUnknown(field) }
        }
        for index in recording.further.indices {
            let (field, range) = recording.further[index]
            guard let old = event.slot(field), old.kind == .text, !old.isUnknown else { continue }
            guard
                DocumentValue.append(
                    recording.texts.bytes.span.extracting(range), to: old, field, of: &event)
            else { throw .tooLong(limit: Event.byteLimit) }
        }
        for index in recording.marks.indices {
            event.mark(recording.marks[index].field, recording.marks[index].traits)
        }
    }

    /// Documents that say how a program was invoked, and nothing of its further
    /// values: its executable has the values that it would have had live.
    mutating func restoreExecutables(in event: inout Event) {
        guard let invoked = event.slot(.invokedAs), invoked.kind == .text, invoked.count == 1,
            let resolved = event.slot(.processExecutable), resolved.kind == .text, resolved.count == 1
        else { return }
        scratch.truncate(to: 0)
        var directory = 0..<0
        if let slot = event.slot(.processWorkingDirectory), slot.kind == .text, slot.count == 1 {
            directory = slot.range
        }
        guard let first = scratch.append(event.arena.bytes.span.extracting(resolved.range)),
            let second = scratch.append(event.arena.bytes.span.extracting(invoked.range)),
            let third = scratch.append(event.arena.bytes.span.extracting(directory))
        else { return }
        let span = scratch.bytes.span
        event.setExecutable(
            .process, resolved: span.extracting(first..<second), invoked: span.extracting(second..<third),
            isScript: event.slot(.executableScript)?.payload == 1,
            directory: span.extracting(third..<scratch.count), traits: resolved.traits)
    }
}

extension Event {
    fileprivate func textHash(_ field: Field) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        guard let slot = slot(field), slot.kind == .text, !slot.isUnknown else { return hash }
        let bytes = arena.bytes.span
        for index in slot.range { hash = (hash ^ UInt64(bytes[index])) &* 0x0000_0100_0000_01b3 }
        return hash
    }
}
