internal import Events

extension LineComposer {
    /// Writes those fields that an event has, as far as the shape of the record
    /// allows, and notes what is cut, left out or unknown.
    ///
    /// - Parameter prefix: stands before the names noted.
    mutating func fields(
        _ all: FieldOutputs, of evidence: Evidence, namer: EntityNamer, prefix: String = ""
    ) {
        let outputs = all[shape]
        if shape != .whole { noteLeftOut(of: all, evidence, prefix: prefix) }
        for index in outputs.indices where evidence.event.has(outputs[index].field) {
            let output = outputs[index]
            guard let slot = evidence.slot(output.field) else { continue }
            note(output.field, slot, prefix: prefix)
            if evidence.isRedacted(output.field) || slot.traits.contains(.redacted) {
                noteRedacted(prefix + output.field.name)
            }
            guard !slot.isUnknown else { continue }
            write(output, slot, of: evidence, namer: namer, prefix: prefix)
        }
    }

    /// Notes where fields are left out: `process.parent.*`, say.
    private mutating func noteLeftOut(of all: FieldOutputs, _ evidence: Evidence, prefix: String) {
        let kept = all[shape]
        for output in all[.whole] where evidence.event.has(output.field) {
            guard !kept.contains(where: { $0.field == output.field }),
                let end = output.field.name.lastIndex(of: ".")
            else { continue }
            noteTruncated(prefix + output.field.name[..<end] + ".*")
        }
    }

    private mutating func note(_ field: Field, _ slot: Slot, prefix: String) {
        guard !slot.traits.isDisjoint(with: [.cut, .unknown, .mutable]) else { return }
        let name = prefix + field.name
        if slot.isUnknown { noteUnknown(name) }
        if slot.isCut { noteTruncated(name) }
        if slot.traits.contains(.mutable) { noteMutable(name) }
    }

    private mutating func write(
        _ output: FieldOutput, _ slot: Slot, of evidence: Evidence, namer: EntityNamer, prefix: String
    ) {
        switch slot.kind {
        case .identity:
            json.name(output.path)
            value(namer.text(of: slot.identity)[...], .identifier, name: prefix + output.field.name)
        case .text:
            if output.isList {
                let texts = evidence.texts(output.field)
                guard !texts.isEmpty else { return }
                json.name(output.path)
                values(texts, output.kind, name: prefix + output.field.name)
            } else if let text = evidence.firstText(output.field) {
                json.name(output.path)
                value(text, output.kind, name: prefix + output.field.name)
            }
        case .integer where slot.count == 1:
            json.name(output.path)
            number(slot.payload, output.type)
        case .address:
            let texts = evidence.event.addresses(output.field).map(\.description)
            numbers(texts.count, output, prefix: prefix) { composer, index in
                composer.json.value(texts[index])
            }
        case .integer:
            let integers = evidence.event.integers(output.field)
            numbers(integers.count, output, prefix: prefix) { composer, index in
                composer.number(integers[index], output.type)
            }
        }
    }

    private mutating func number(_ integer: Int64, _ type: FieldType) {
        switch type {
        case .boolean: json.value(integer != 0)
        case .date: json.value(time: integer)
        case .long: json.value(integer)
        case .keyword, .identifier, .ip: json.value(String(integer))
        }
    }

    /// One value as such, several as an array. Only a document has many, and
    /// only so many of them are written.
    private mutating func numbers(
        _ count: Int, _ output: FieldOutput, prefix: String,
        _ write: (inout LineComposer, Int) -> Void
    ) {
        guard count > 0 else { return }
        json.name(output.path)
        let shown = min(count, shape == .skeleton ? 1 : 8)
        if shown < count { noteTruncated(prefix + output.field.name) }
        if count > 1 { json.beginArray() }
        for index in 0..<shown { write(&self, index) }
        if count > 1 { json.endArray() }
    }

    /// Writes, as base64, the exact values that are not UTF-8.
    mutating func raw(_ outputs: [FieldOutput], of evidence: Evidence) {
        for index in outputs.indices where !evidence.isUTF8(outputs[index].field) {
            let output = outputs[index]
            var texts = evidence.texts(output.field)
            let isList = output.isList
            if !isList { texts = Array(texts.prefix(1)) }
            guard texts.contains(where: { !$0.span.isUTF8 }) else { continue }
            guard shape != .skeleton, admitsRaw(texts) else {
                noteTruncated("imdswatch.raw." + output.field.name)
                continue
            }
            json.name("imdswatch.raw." + output.field.name)
            if isList { json.beginArray() }
            for text in texts { json.value(base64: text.span) }
            if isList { json.endArray() }
        }
    }
}

extension FieldInfo {
    /// Whether records give the field as an array, also with one value. The
    /// further values of executables and names are not part of records.
    var isList: Bool {
        guard isMany else { return false }
        switch field {
        case .processName, .processExecutable, .parentName, .parentExecutable, .entryLeaderName,
            .entryLeaderExecutable, .sessionLeaderName, .sessionLeaderExecutable, .groupLeaderName,
            .groupLeaderExecutable:
            return false
        default: return true
        }
    }
}
