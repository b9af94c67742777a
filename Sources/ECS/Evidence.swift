internal import Events

/// An event as it is written: its values, without secrets.
struct Evidence {
    let event: EventSnapshot
    /// What stands in place of the event's own values: few, mostly none.
    private var changed: [(field: Field, texts: [ArraySlice<UInt8>])] = []
    private var changedFields = FieldSet()
    /// Fields whose values held secrets; fields of which only the ends are here.
    private var redactedFields = FieldSet()
    private var trimmedFields = FieldSet()

    init(_ event: EventSnapshot, _ context: RecordContext) {
        self.event = event
        if context.redacts {
            for role in ProcessRole.allCases { redact(role.args, role.commandLine) }
            if let changed = Evidence.redacted(texts(.processEnvVars)) { replace(.processEnvVars, changed) }
        }
        // Only now, or the rest of a secret could lose its header.
        var rest = event.present
        while let field = rest.popFirst() { trim(field, to: context.lineLimit) }
    }

    /// Leaves out the middle of what cannot fit a line as it is, so that long
    /// values cost no more than the line.
    private mutating func trim(_ field: Field, to limit: Int) {
        guard let slot = event.slot(field), slot.kind == .text, slot.length > limit || isChanged(field)
        else { return }
        let texts = texts(field)
        guard texts.reduce(0, { $0 + $1.count }) > limit else { return }
        trimmedFields.insert(field)
        var head: [ArraySlice<UInt8>] = []
        var tail: [ArraySlice<UInt8>] = []
        var size = 0
        while head.count < texts.count, size < limit / 2 {
            head.append(Evidence.trimmed(texts[head.count], to: limit))
            size += texts[head.count - 1].count
        }
        size = 0
        while head.count + tail.count < texts.count, size < limit / 2 {
            tail.append(Evidence.trimmed(texts[texts.count - 1 - tail.count], to: limit))
            size += tail[tail.count - 1].count
        }
        let isWhole = head.count + tail.count == texts.count
        change(field, to: head + (isWhole ? [] : [ellipsis[...]]) + tail.reversed())
    }

    /// The ends of a text, cut between characters.
    private static func trimmed(_ text: ArraySlice<UInt8>, to limit: Int) -> ArraySlice<UInt8> {
        guard text.count > limit else { return text }
        var head = text.prefix(limit / 2)
        var tail = text.suffix(limit / 2)
        for _ in 0..<3 where tail.first.map({ $0 & 0xc0 == 0x80 }) ?? false { tail.removeFirst() }
        // a character whose bytes the tail begins with is not to end the head
        for _ in 0..<3 where head.last.map({ $0 & 0xc0 == 0x80 }) ?? false { head.removeLast() }
        if let last = head.last, last >= 0xc0 { head.removeLast() }
        return (Array(head) + ellipsis + tail)[...]
    }

    private mutating func change(_ field: Field, to texts: [ArraySlice<UInt8>]) {
        changed.removeAll { $0.field == field }
        changed.append((field, texts))
        changedFields.insert(field)
    }

    private func isChanged(_ field: Field) -> Bool { changedFields.contains(field) }

    private mutating func replace(_ field: Field, _ texts: [ArraySlice<UInt8>]) {
        change(field, to: texts)
        redactedFields.insert(field)
    }

    private mutating func redact(_ argsField: Field, _ lineField: Field?) {
        let args = texts(argsField)
        let changed = Evidence.redacted(args)
        if let changed { replace(argsField, changed) }
        guard let lineField, let line = firstText(lineField) else { return }
        let redacted = Redaction.commandLine(line)
        guard redacted != nil || changed != nil else { return }
        if Evidence.isLine(line, of: args) {
            if let changed { replace(lineField, [Array(changed.joined(separator: [space]))[...]]) }
        } else if let redacted {
            replace(lineField, [redacted[...]])
        }
    }

    private static func redacted(_ texts: [ArraySlice<UInt8>]) -> [ArraySlice<UInt8>]? {
        var result: [ArraySlice<UInt8>]?
        for (index, text) in texts.enumerated() {
            guard let changed = Redaction.argument(text) else { continue }
            if result == nil { result = texts }
            result?[index] = changed[...]
        }
        return result
    }

    /// Whether a command line is the arguments joined by single spaces.
    private static func isLine(_ line: ArraySlice<UInt8>, of args: [ArraySlice<UInt8>]) -> Bool {
        guard let first = args.first else { return false }
        var rest = line
        guard rest.starts(with: first) else { return false }
        rest = rest.dropFirst(first.count)
        for argument in args.dropFirst() {
            guard rest.first == space, rest.dropFirst().starts(with: argument) else { return false }
            rest = rest.dropFirst(argument.count + 1)
        }
        return rest.isEmpty
    }

    func isRedacted(_ field: Field) -> Bool { redactedFields.contains(field) }

    func slot(_ field: Field) -> Slot? {
        guard var slot = event.slot(field) else { return nil }
        if trimmedFields.contains(field) { slot.traits.insert(.cut) }
        return slot
    }

    func texts(_ field: Field) -> [ArraySlice<UInt8>] {
        guard isChanged(field) else { return event.texts(field) }
        return changed.first { $0.field == field }?.texts ?? []
    }

    /// Whether all values of a field are text, if it has any; false if that is
    /// not known without a closer look.
    func isUTF8(_ field: Field) -> Bool {
        guard let slot = event.slot(field), slot.kind == .text else { return true }
        return !isChanged(field) && event.bytes[slot.range].span.isUTF8
    }

    func firstText(_ field: Field) -> ArraySlice<UInt8>? {
        isChanged(field) ? texts(field).first : event.firstText(field)
    }
}

private let space = UInt8(ascii: " ")
