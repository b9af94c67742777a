private let slash = UInt8(ascii: "/")
private let dot = UInt8(ascii: ".")

extension Event {
    /// Sets the executable and the name of a process, with their further
    /// values.
    ///
    /// Value 1 of the executable is the resolved path; value 2, where it
    /// differs, the path as invoked; value 3, for a script invoked by a
    /// relative path, its absolute path. A caller chooses what a binary is
    /// invoked as, so the second counts in exclusions only for scripts, and only
    /// where it is absolute and lexically normal; the third never does, since the
    /// directory can be another by now than when the script was opened.
    ///
    /// - Parameters:
    ///   - resolved: path of the file that runs; of a script, the interpreter.
    ///   - invoked: path given to exec; empty if it is not known.
    ///   - trustsInvoked: the caller could not have made another file appear at
    ///     that path: it has no root directory and no privileges of its own.
    ///   - directory: working directory at exec; empty if it is not known.
    ///   - traits: of the resolved path.
    public mutating func setExecutable(
        _ role: ProcessRole, resolved: borrowing Span<UInt8>, invoked: borrowing Span<UInt8>,
        isScript: Bool, trustsInvoked: Bool = true, directory: borrowing Span<UInt8>,
        traits: Slot.Traits = []
    ) {
        var traits = traits
        guard let first = append(resolved) else { return setUnknown(role.executable, traits: .cut) }
        var end = first.upperBound
        var name = end..<end
        var count = 1
        let differs = !invoked.isEmpty && !areEqual(invoked, resolved)
        if differs, append(byte: 0) != nil, let second = append(invoked) {
            end = second.upperBound
            name = second
            count = 2
            if !(isScript && trustsInvoked && Event.isNormalPath(invoked)) {
                traits.insert(.untrustedSecond)
            }
            if isScript, invoked[0] != slash, !directory.isEmpty {
                // value 3 is built in place behind value 2
                if append(byte: 0) != nil, let third = appendJoined(directory, invoked) {
                    end = third.upperBound
                    count = 3
                    traits.insert(.untrustedThird)
                }
            }
        }
        set(role.executable, text: first.lowerBound..<end, count: count, traits: traits)
        setName(role, from: first, name, values: count, traits: traits)
    }

    /// Sets `process.name`: the last components of the executable's first two
    /// values, without repeating equal ones.
    private mutating func setName(
        _ role: ProcessRole, from path: Range<Int>, _ invoked: Range<Int>, values: Int,
        traits: Slot.Traits
    ) {
        let first = lastComponent(of: path)
        guard values > 1 else { return set(role.name, text: first, traits: traits) }
        let second = lastComponent(of: invoked)
        // value 3 of the executable is value 2 made absolute: same last component
        guard !isSame(first, second) else {
            return set(
                role.name, text: first, traits: traits.subtracting([.untrustedSecond, .untrustedThird]))
        }
        guard let start = appendCopy(of: first, replacing: 0, with: 0)?.lowerBound,
            append(byte: 0) != nil,
            let end = appendCopy(of: second, replacing: 0, with: 0)?.upperBound
        else { return set(role.name, text: first, traits: traits) }
        set(role.name, text: start..<end, count: 2, traits: traits.subtracting(.untrustedThird))
    }

    private func lastComponent(of path: Range<Int>) -> Range<Int> {
        let bytes = arena.bytes.span
        var start = path.upperBound
        while start > path.lowerBound, bytes[start - 1] != slash { start -= 1 }
        return start..<path.upperBound
    }

    /// Appends `directory/path` without `.` components and doubled slashes.
    private mutating func appendJoined(
        _ directory: borrowing Span<UInt8>, _ path: borrowing Span<UInt8>
    ) -> Range<Int>? {
        guard let joined = append(directory) else { return nil }
        var last = directory.isEmpty ? 0 : directory[directory.count - 1]
        var index = 0
        while index < path.count {
            var end = index
            while end < path.count, path[end] != slash { end += 1 }
            let isDot = end - index == 1 && path[index] == dot
            if end > index, !isDot {
                if last != slash, append(byte: slash) == nil { return nil }
                guard append(path.extracting(index..<end)) != nil else { return nil }
                last = path[end - 1]
            }
            index = end + 1
        }
        return joined.lowerBound..<arena.count
    }

    /// Sets args, args_count and command_line of a process.
    ///
    /// - Parameters:
    ///   - arguments: NUL-separated; one trailing NUL is not a value.
    ///   - traits: `cut` if the middle is missing, `mutable` if read late.
    public mutating func setArguments(
        _ role: ProcessRole, _ arguments: borrowing Span<UInt8>, traits: Slot.Traits = []
    ) {
        var length = arguments.count
        if length > 0, arguments[length - 1] == 0 {
            length -= 1
        } else if length == 0 {
            if let field = role.argsCount { set(field, integer: 0, traits: traits.subtracting(.cut)) }
            return
        }
        guard let range = append(arguments.extracting(0..<length)) else {
            return setUnknown(role.args, traits: .cut)
        }
        setArguments(role, in: range, traits: traits)
    }

    /// The same, of arguments that lie in the event already.
    public mutating func setArguments(_ role: ProcessRole, at range: Range<Int>, traits: Slot.Traits = []) {
        guard !range.isEmpty else {
            if let field = role.argsCount { set(field, integer: 0, traits: traits.subtracting(.cut)) }
            return
        }
        let end = arena.bytes[range.upperBound - 1] == 0 ? range.upperBound - 1 : range.upperBound
        setArguments(role, in: range.lowerBound..<end, traits: traits)
    }

    private mutating func setArguments(_ role: ProcessRole, in range: Range<Int>, traits: Slot.Traits) {
        var count = 0
        if let field = role.commandLine {
            let line = joinValues(in: range, by: UInt8(ascii: " "))
            count = line.count
            if let text = line.text {
                set(field, text: text, traits: traits)
            } else {
                setUnknown(field, traits: .cut)
            }
        } else {
            count = 1 + arena.occurrences(of: 0, in: range)
        }
        set(role.args, text: range, count: count, traits: traits)
        if let field = role.argsCount { set(field, integer: Int64(count), traits: traits) }
    }

    private func isSame(_ one: Range<Int>, _ other: Range<Int>) -> Bool {
        let bytes = arena.bytes.span
        return areEqual(bytes.extracting(one), bytes.extracting(other))
    }

    /// Whether a path is absolute, without empty, `.` or `..` components.
    static func isNormalPath(_ path: borrowing Span<UInt8>) -> Bool {
        guard path.count > 1, path[0] == slash else { return false }
        var start = 1
        for index in 1...path.count where index == path.count || path[index] == slash {
            switch index - start {
            case 0: return false
            case 1 where path[start] == dot: return false
            case 2 where path[start] == dot && path[start + 1] == dot: return false
            default: start = index + 1
            }
        }
        return true
    }
}
