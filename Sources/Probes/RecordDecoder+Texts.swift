internal import CBPF
internal import Events

extension RecordDecoder {
    /// Sets every text of a record, after checking where each lies.
    @inline(__always)
    mutating func setTexts(
        _ record: record, _ bytes: borrowing Span<UInt8>, of event: inout Event
    ) throws(RecordError) {
        let limit = Int(record.header.size)
        let invoked = try RecordDecoder.text(record.text.0, 0, limit)
        let executable = try RecordDecoder.text(record.text.1, 1, limit)
        let directory = try RecordDecoder.text(record.text.2, 2, limit)
        let arguments = try RecordDecoder.text(record.text.3, 3, limit)
        let environment = try RecordDecoder.text(record.text.4, 4, limit)
        let parent = try RecordDecoder.text(record.text.5, 5, limit)
        let cgroup = try RecordDecoder.text(record.text.6, 6, limit)

        let flags = record.header.flags
        set(.invokedAs, invoked, bytes, of: &event)
        set(.processWorkingDirectory, directory, bytes, of: &event)
        set(.cgroup, cgroup, bytes, of: &event)
        setExecutable(
            executable, invoked: invoked, directory: directory,
            isScript: flags & Flag.script != 0, bytes, of: &event)
        setParent(parent, bytes, of: &event)
        setArguments(arguments, isMutable: flags & Flag.argumentsMutable != 0, bytes, of: &event)
        setEnvironment(environment, bytes, of: &event)
        setThreadName(record.task.comm, of: &event)
    }

    @inline(__always)
    private static func text(
        _ text: record_text, _ index: Int, _ limit: Int
    ) throws(RecordError) -> RecordText {
        guard let text = RecordText(text, limit: limit) else { throw .text(index: index) }
        return text
    }

    /// Sets a field with one value.
    private func set(
        _ field: Field, _ text: RecordText, _ bytes: borrowing Span<UInt8>, of event: inout Event
    ) {
        switch text.state {
        case .absent: break
        case .shed: event.header.degraded = true
        case .unreadable: event.setUnknown(field)
        case .complete: event.set(field, text: bytes.extracting(text.range))
        case .cut:
            let start = event.arena.count
            guard event.append(bytes.extracting(text.range.lowerBound..<text.gap)) != nil,
                RecordDecoder.appendMark(to: &event),
                event.append(bytes.extracting(text.gap..<text.range.upperBound)) != nil
            else { return event.setUnknown(field, traits: .cut) }
            event.set(field, text: start..<event.arena.count, traits: .cut)
        }
    }

    /// U+2026 in UTF-8: what stands for the missing middle.
    private static func appendMark(to event: inout Event) -> Bool {
        let mark = mark
        return event.append(mark.span) != nil
    }

    private static var mark: InlineArray<3, UInt8> { [0xe2, 0x80, 0xa6] }

    /// Puts a cut text together in `joined`, with the mark in its gap.
    private mutating func join(_ text: RecordText, _ bytes: borrowing Span<UInt8>) {
        joined.truncate(to: 0)
        let mark = RecordDecoder.mark
        _ = joined.append(bytes.extracting(text.range.lowerBound..<text.gap))
        _ = joined.append(mark.span)
        _ = joined.append(bytes.extracting(text.gap..<text.range.upperBound))
    }

    // MARK: Executables

    @inline(__always)
    private mutating func setExecutable(
        _ executable: RecordText, invoked: RecordText, directory: RecordText, isScript: Bool,
        _ bytes: borrowing Span<UInt8>, of event: inout Event
    ) {
        // what is not whole must not become a value that an exclusion trusts
        let name = invoked.state == .complete ? invoked.range : 0..<0
        let base = directory.state == .complete ? directory.range : 0..<0
        switch executable.state {
        case .absent: break
        case .shed: event.header.degraded = true
        case .unreadable: setUnknown(.process, of: &event)
        case .complete where executable.range.isEmpty: break
        case .complete:
            event.setExecutable(
                .process, resolved: bytes.extracting(executable.range), invoked: bytes.extracting(name),
                isScript: isScript, directory: bytes.extracting(base))
        case .cut:
            join(executable, bytes)
            event.setExecutable(
                .process, resolved: joined.bytes.span.extracting(0..<joined.count),
                invoked: bytes.extracting(name), isScript: isScript, directory: bytes.extracting(base),
                traits: .cut)
        }
    }

    @inline(__always)
    private mutating func setParent(
        _ parent: RecordText, _ bytes: borrowing Span<UInt8>, of event: inout Event
    ) {
        let nothing = bytes.extracting(0..<0)
        switch parent.state {
        case .absent: break
        case .shed: event.header.degraded = true
        case .unreadable: setUnknown(.parent, of: &event)
        // a kernel thread has none
        case .complete where parent.range.isEmpty: break
        case .complete:
            event.setExecutable(
                .parent, resolved: bytes.extracting(parent.range), invoked: nothing, isScript: false,
                directory: nothing)
        case .cut:
            join(parent, bytes)
            event.setExecutable(
                .parent, resolved: joined.bytes.span.extracting(0..<joined.count), invoked: nothing,
                isScript: false, directory: nothing, traits: .cut)
        }
    }

    private func setUnknown(_ role: ProcessRole, of event: inout Event) {
        event.setUnknown(role.executable)
        event.setUnknown(role.name)
    }

    // MARK: Arguments and the rest

    @inline(__always)
    private mutating func setArguments(
        _ arguments: RecordText, isMutable: Bool, _ bytes: borrowing Span<UInt8>, of event: inout Event
    ) {
        let traits: Slot.Traits = isMutable ? .mutable : []
        switch arguments.state {
        case .absent: break
        case .shed: event.header.degraded = true
        case .unreadable:
            event.setUnknown(.processArgs, traits: traits)
            event.setUnknown(.processArgsCount, traits: traits)
            event.setUnknown(.processCommandLine, traits: traits)
        case .complete:
            event.setArguments(.process, bytes.extracting(arguments.range), traits: traits)
        case .cut:
            join(arguments, bytes)
            event.setArguments(
                .process, joined.bytes.span.extracting(0..<joined.count), traits: traits.union(.cut))
        }
    }

    /// Variables as `NAME=value`, NUL-separated; one trailing NUL is none.
    private mutating func setEnvironment(
        _ environment: RecordText, _ bytes: borrowing Span<UInt8>, of event: inout Event
    ) {
        set(.processEnvVars, environment, bytes, of: &event)
        guard let slot = event.slot(.processEnvVars), !slot.isUnknown else { return }
        var range = slot.range
        if range.isEmpty { return event.remove(.processEnvVars) }
        if event.arena.bytes[range.upperBound - 1] == 0 { range = range.dropLast() }
        var count = 1
        for index in range where event.arena.bytes[index] == 0 { count += 1 }
        event.set(.processEnvVars, text: range, count: count, traits: slot.traits)
    }

    /// The short name, up to its first NUL.
    @inline(__always)
    private func setThreadName<Bytes: BitwiseCopyable>(_ comm: Bytes, of event: inout Event) {
        // SAFETY: the sixteen bytes of a name are read while it is borrowed.
        unsafe withUnsafeBytes(of: comm) { name in
            var length = 0
            while length < name.count, unsafe name[length] != 0 { length += 1 }
            guard length > 0 else { return }
            let bytes = unsafe UnsafeBufferPointer(rebasing: name.bindMemory(to: UInt8.self)[0..<length])
            unsafe event.set(.processThreadName, text: Span(_unsafeElements: bytes))
        }
    }
}
