internal import Events

/// An event as it is written: its values, without secrets.
struct Evidence {
    let event: EventSnapshot
    /// Values that hold secrets, redacted.
    private var replaced: [Field: [ArraySlice<UInt8>]] = [:]

    init(_ event: EventSnapshot, redacts: Bool) {
        self.event = event
        guard redacts else { return }
        for role in ProcessRole.allCases { redact(role.args, role.commandLine) }
        let variables = event.texts(.processEnvVars)
        if let changed = Evidence.redacted(variables) { replaced[.processEnvVars] = changed }
    }

    private mutating func redact(_ argsField: Field, _ lineField: Field?) {
        let args = event.texts(argsField)
        let changed = Evidence.redacted(args)
        if let changed { replaced[argsField] = changed }
        guard let lineField, let line = event.firstText(lineField) else { return }
        if !args.isEmpty, line.elementsEqual(args.joined(separator: CollectionOfOne(space))) {
            if let changed { replaced[lineField] = [Array(changed.joined(separator: [space]))[...]] }
        } else if let redacted = Redaction.commandLine(line) {
            replaced[lineField] = [redacted[...]]
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

    func isRedacted(_ field: Field) -> Bool { replaced[field] != nil }

    func texts(_ field: Field) -> [ArraySlice<UInt8>] { replaced[field] ?? event.texts(field) }

    func firstText(_ field: Field) -> ArraySlice<UInt8>? { texts(field).first }
}

private let space = UInt8(ascii: " ")
