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

        // one copy for all: slots point into it
        let base = MemoryLayout<CBPF.record>.size
        guard let texts = event.append(bytes.extracting(base..<limit)) else { throw .text(index: 0) }
        let place = Place(record: texts.lowerBound - base)

        let flags = record.header.flags
        set(.invokedAs, invoked, place, bytes, of: &event)
        set(.processWorkingDirectory, directory, place, bytes, of: &event)
        setGroup(cgroup, of: record, place, bytes, &event)
        setExecutable(
            executable, invoked: invoked, directory: directory,
            isScript: flags & Flag.script != 0,
            trustsInvoked: flags & Flag.chroot == 0 && record.task.user_namespace == initialUserNamespace,
            place, bytes, of: &event)
        setParent(parent, place, bytes, of: &event)
        setArguments(arguments, isMutable: flags & Flag.argumentsMutable != 0, place, bytes, of: &event)
        // exact also where arguments were cut, shed or unreadable
        if record.argument_count > 0 { event.set(.processArgsCount, integer: Int64(record.argument_count)) }
        if wantsEnvironment { setEnvironment(environment, place, bytes, of: &event) }
        setThreadName(record.task.comm, of: &event)
    }

    /// Where in the event the copied texts lie.
    struct Place {
        /// Added to an offset in the record, it gives one in the event.
        let record: Int

        @inline(__always)
        func callAsFunction(_ range: Range<Int>) -> Range<Int> {
            (range.lowerBound &+ record)..<(range.upperBound &+ record)
        }

        /// A text as the only value of a field; without its head, if that is so.
        @inline(__always)
        func slot(_ text: RecordText, from start: Int = 0) -> Slot {
            Slot(
                kind: .text, payload: Int64(text.range.lowerBound &+ start &+ record),
                length: text.length &- UInt32(truncatingIfNeeded: start), traits: text.traits)
        }
    }

    @inline(__always)
    private static func text(
        _ text: record_text, _ index: Int, _ limit: Int
    ) throws(RecordError) -> RecordText {
        guard let text = RecordText(text, limit: limit) else { throw .text(index: index) }
        return text
    }

    /// Sets a field with one value.
    @inline(__always)
    private func set(
        _ field: Field, _ text: RecordText, _ place: Place, _ bytes: borrowing Span<UInt8>,
        of event: inout Event
    ) {
        switch text.state {
        case .absent: break
        case .shed: event.header.degraded = true
        // what was told before is the table's to supply, or unknown
        case .unreadable, .told: event.setUnknown(field)
        case .complete, .foreign: event.set(field, place.slot(text))
        case .cut: setCut(field, text, bytes, of: &event)
        }
    }

    @inline(__always)
    private mutating func setGroup(
        _ group: RecordText, of record: record, _ place: Place, _ bytes: borrowing Span<UInt8>,
        _ event: inout Event
    ) {
        let told = toldGroups.place(of: record)
        let id = record.task.cgroup_id
        guard group.state != .told else { return toldGroups.set(.cgroup, id, at: told, of: &event) }
        if let told, group.state == .complete {
            toldGroups.keep(bytes.extracting(group.range), of: id, at: told)
        }
        set(.cgroup, group, place, bytes, of: &event)
    }

    private func setCut(
        _ field: Field, _ text: RecordText, _ bytes: borrowing Span<UInt8>, of event: inout Event
    ) {
        let start = event.arena.count
        guard event.append(bytes.extracting(text.range.lowerBound..<text.gap)) != nil,
            RecordDecoder.appendMark(to: &event),
            event.append(bytes.extracting(text.gap..<text.range.upperBound)) != nil
        else { return event.setUnknown(field, traits: .cut) }
        event.set(field, text: start..<event.arena.count, traits: .cut)
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
        trustsInvoked: Bool, _ place: Place, _ bytes: borrowing Span<UInt8>, of event: inout Event
    ) {
        // what is not whole must not become a value that an exclusion trusts
        let name = invoked.state == .complete ? invoked.range : 0..<0
        if executable.isWhole,
            name.isEmpty || areEqual(bytes.extracting(name), bytes.extracting(executable.range))
        {
            setPath(.processExecutable, .processName, executable, place, bytes, of: &event)
            return
        }
        let base = directory.isWhole ? directory.range : 0..<0
        setPath(
            .process, executable, invoked: bytes.extracting(name), isScript: isScript,
            trustsInvoked: trustsInvoked, directory: bytes.extracting(base), bytes, of: &event)
    }

    @inline(__always)
    private mutating func setParent(
        _ parent: RecordText, _ place: Place, _ bytes: borrowing Span<UInt8>, of event: inout Event
    ) {
        if parent.isWhole {
            setPath(.parentExecutable, .parentName, parent, place, bytes, of: &event)
        } else if parent.state != .absent {
            let nothing = bytes.extracting(0..<0)
            setPath(
                .parent, parent, invoked: nothing, isScript: false, trustsInvoked: false,
                directory: nothing, bytes, of: &event)
        }
    }

    /// Sets an executable that has one value, and the name that follows from it.
    /// A kernel thread has neither.
    @inline(__always)
    private func setPath(
        _ executable: Field, _ name: Field, _ path: RecordText, _ place: Place,
        _ bytes: borrowing Span<UInt8>, of event: inout Event
    ) {
        if path.isEmpty { return }
        let range = path.range
        var start = range.upperBound
        while start > range.lowerBound, bytes[start &- 1] != UInt8(ascii: "/") { start &-= 1 }
        event.set(executable, place.slot(path))
        event.set(name, place.slot(path, from: start &- range.lowerBound))
    }

    /// Sets an executable with several values, or one that is not whole.
    private mutating func setPath(
        _ role: ProcessRole, _ executable: RecordText, invoked: borrowing Span<UInt8>, isScript: Bool,
        trustsInvoked: Bool, directory: borrowing Span<UInt8>, _ bytes: borrowing Span<UInt8>,
        of event: inout Event
    ) {
        switch executable.state {
        case .absent: break
        case .shed: event.header.degraded = true
        case .unreadable, .told:
            event.setUnknown(role.executable)
            event.setUnknown(role.name)
        case .complete, .foreign:
            event.setExecutable(
                role, resolved: bytes.extracting(executable.range), invoked: invoked, isScript: isScript,
                trustsInvoked: trustsInvoked, directory: directory, traits: executable.traits)
        case .cut:
            join(executable, bytes)
            event.setExecutable(
                role, resolved: joined.bytes.span.extracting(0..<joined.count), invoked: invoked,
                isScript: isScript, trustsInvoked: trustsInvoked, directory: directory, traits: .cut)
        }
    }

    // MARK: Arguments and the rest

    @inline(__always)
    private mutating func setArguments(
        _ arguments: RecordText, isMutable: Bool, _ place: Place, _ bytes: borrowing Span<UInt8>,
        of event: inout Event
    ) {
        let traits: Slot.Traits = isMutable ? .mutable : []
        if arguments.state == .complete, !arguments.range.isEmpty {
            event.setArguments(.process, at: place(arguments.range), traits: traits)
        } else if arguments.state != .absent {
            setRareArguments(arguments, traits, bytes, of: &event)
        }
    }

    private mutating func setRareArguments(
        _ arguments: RecordText, _ traits: Slot.Traits, _ bytes: borrowing Span<UInt8>,
        of event: inout Event
    ) {
        switch arguments.state {
        case .absent: break
        case .shed: event.header.degraded = true
        case .unreadable, .told:
            event.setUnknown(.processArgs, traits: traits)
            event.setUnknown(.processArgsCount, traits: traits)
            event.setUnknown(.processCommandLine, traits: traits)
        case .complete, .foreign:
            event.setArguments(.process, bytes.extracting(arguments.range), traits: traits)
        case .cut:
            join(arguments, bytes)
            event.setArguments(
                .process, joined.bytes.span.extracting(0..<joined.count), traits: traits.union(.cut))
        }
    }

    /// Variables as `NAME=value`, NUL-separated; one trailing NUL is none. Of a program
    /// start that was captured before rules asked for them they are unknown.
    private mutating func setEnvironment(
        _ environment: RecordText, _ place: Place, _ bytes: borrowing Span<UInt8>, of event: inout Event
    ) {
        guard environment.state != .absent else {
            if event.header.kind == .exec { event.setUnknown(.processEnvVars) }
            return
        }
        set(.processEnvVars, environment, place, bytes, of: &event)
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
    private func setThreadName<Name: BitwiseCopyable>(_ comm: Name, of event: inout Event) {
        precondition(MemoryLayout<Name>.size == 16)
        // SAFETY: sixteen bytes are read as two words, for which every pattern is valid.
        let (low, high) = unsafe withUnsafeBytes(of: comm) { name in
            unsafe (
                UInt64(littleEndian: name.loadUnaligned(as: UInt64.self)),
                UInt64(littleEndian: name.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
        let head = bytesBeforeZero(low)
        let length = head < 8 ? head : 8 + bytesBeforeZero(high)
        if length > 0 { event.set(.processThreadName, shortText: length, low, high) }
    }
}

/// Number of the user namespace that every other one is below: fixed by the kernel
/// (PROC_USER_INIT_INO in include/linux/proc_ns.h).
private let initialUserNamespace: UInt32 = 0xefff_fffd
