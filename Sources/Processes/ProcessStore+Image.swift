internal import Events
internal import Platform

extension ProcessStore {
    /// Keeps what an event says of its process. The image that it most likely
    /// shares its texts with saves looking them up.
    mutating func makeImage(of event: inout Event, likely number: UInt32) -> ProcessImage {
        var image = ProcessImage()
        image.owner = event.header.process.pid
        image.session = event.header.sessionLeader.pid
        image.execs = event.header.execs
        keepExecutable(of: &event, in: &image, likely: number)
        if let slot = event.text(.processWorkingDirectory) {
            image.directory = keep(slot.range, of: &event, likely: lineage.images[Int(number)].directory)
            if slot.isCut { image.flags.insert(.directoryCut) }
            image.place = event.header.directory
        }
        if let slot = event.text(.cgroup) {
            image.cgroup = keep(slot.range, of: &event, likely: lineage.images[Int(number)].cgroup)
        }
        keepArguments(of: &event, in: &image)
        if let user = event.slot(.processUserID) {
            image.users = event.userSet(effective: user)
            image.flags.insert(.users)
        }
        if let interactive = event.slot(.processInteractive) {
            image.flags.insert(.terminal)
            if interactive.payload != 0 {
                let major = event.number32(.processTTYMajor) & 0xfff
                image.terminal = max(1, major << 20 | event.number32(.processTTYMinor) & 0xfffff)
            }
        }
        if let slot = event.text(.processThreadName), slot.length <= 16 {
            let bytes = event.arena.bytes.span
            let (start, end) = (slot.range.lowerBound, slot.range.upperBound)
            image.threadName.0 = headWord(bytes, start, end)
            if slot.length > 8 { image.threadName.1 = headWord(bytes, start + 8, end) }
        }
        if event.isTrue(.executableDeleted) { image.flags.insert(.deleted) }
        if event.isTrue(.executableMemory) { image.flags.insert(.memory) }
        return image
    }

    private mutating func keepExecutable(
        of event: inout Event, in image: inout ProcessImage, likely: UInt32
    ) {
        guard let slot = event.text(.processExecutable), slot.length > 0 else { return }
        if event.isTrue(.executableScript) { image.flags.insert(.script) }
        let all = event.arena.bytes.span.extracting(slot.range)
        let end = slot.count > 1 ? all.firstNUL() : all.count
        image.executable =
            lineage.texts.intern(all.extracting(0..<end), likely: lineage.images[Int(likely)].executable)
            ?? noRoom()
        if slot.isCut { image.flags.insert(.executableCut) }
        if slot.traits.contains(.untrustedSecond) { image.flags.insert(.invokedUntrusted) }
        if slot.traits.contains(.fromProc) { image.flags.insert(.fromProc) }
        // value 2 is the path as invoked, where it differs
        if slot.count > 1 {
            let second = all.extracting((end + 1)..<all.firstNUL(from: end + 1))
            image.invoked =
                lineage.texts.intern(second, likely: lineage.images[Int(likely)].invoked) ?? noRoom()
        } else if event.has(.invokedAs) {
            image.invoked = image.executable
            lineage.texts.retain(image.invoked)
        }
    }

    private mutating func keepArguments(of event: inout Event, in image: inout ProcessImage) {
        if let count = event.slot(.processArgsCount), !count.isUnknown, !count.isCut {
            image.argumentCount = UInt32(clamping: count.payload)
        }
        guard let slot = event.slot(.processArgs), slot.kind == .text, !slot.isUnknown else {
            // no arguments at all: their number alone is set
            if let count = event.slot(.processArgsCount), count.payload == 0, !count.isUnknown {
                image.flags.insert(.arguments)
            }
            return
        }
        let length = Int(slot.length) + 1
        guard let block = lineage.texts.heap.allocate(length) else {
            counters.argumentsEvicted += 1
            return
        }
        lineage.texts.heap.write(event.arena.bytes.span.extracting(slot.range), to: block)
        lineage.texts.heap.write(0, to: block, at: Int(slot.length))
        image.argumentsBlock = block
        image.argumentsLength = UInt32(length)
        image.flags.insert(.arguments)
        if slot.isCut { image.flags.insert(.argumentsCut) }
        if slot.traits.contains(.mutable) { image.flags.insert(.argumentsMutable) }
    }

    /// For a process that is older than the sensor: whether it is a script,
    /// and which, as its arguments and its short name tell.
    ///
    /// The kernel starts `#!` scripts with the interpreter as first argument
    /// and the script after at most one option, and names the process after
    /// the script. The process can forge both, so it is a guess.
    mutating func guessScript(_ image: inout ProcessImage, of event: inout Event) {
        guard image.invoked == 0, image.executable != 0,
            let arguments = event.text(.processArgs), arguments.count >= 2,
            let name = event.text(.processThreadName), name.length > 0
        else { return }
        let comm = event.arena.bytes.span.extracting(name.range)
        let bytes = event.arena.bytes.span.extracting(arguments.range)
        guard !isName(comm, ofText: image.executable) else { return }
        var start = bytes.firstNUL() + 1
        for _ in 0..<2 where start < bytes.count {
            let end = bytes.firstNUL(from: start)
            if isName(comm, of: bytes.extracting(start..<end)) {
                image.invoked = lineage.texts.intern(bytes.extracting(start..<end)) ?? 0
                image.flags.insert(.invokedGuessed)
                return
            }
            start = end + 1
        }
    }

    private func isName(_ comm: borrowing Span<UInt8>, ofText number: UInt32) -> Bool {
        isName(comm, of: lineage.texts.heap.memory.bytes.span.extracting(lineage.texts.range(number)))
    }

    /// Whether a short name is that of a file: its first fifteen bytes.
    private func isName(_ comm: borrowing Span<UInt8>, of path: borrowing Span<UInt8>) -> Bool {
        let start = path.lastComponentStart
        return areEqual(comm, path.extracting(start..<min(start + 15, path.count)))
    }

    private mutating func keep(_ range: Range<Int>, of event: inout Event, likely: UInt32) -> UInt32 {
        lineage.texts.intern(event.arena.bytes.span.extracting(range), likely: likely) ?? noRoom()
    }

    private mutating func noRoom() -> UInt32 {
        counters.full += 1
        return 0
    }
}

// Inlined, because a borrowed event that is passed on is copied.
extension Event {
    /// The slot of a field that has text.
    @inline(__always)
    func text(_ field: Field) -> Slot? {
        guard let slot = slot(field), slot.kind == .text, !slot.isUnknown else { return nil }
        return slot
    }

    @inline(__always)
    func number32(_ field: Field) -> UInt32 {
        guard let slot = slot(field), slot.kind == .integer else { return 0 }
        return UInt32(truncatingIfNeeded: slot.payload)
    }

    /// The ids of the process, whose effective user id is given.
    @inline(__always)
    func userSet(effective user: Slot) -> UserSet {
        UserSet(
            effectiveUser: UInt32(truncatingIfNeeded: user.payload), realUser: number32(.processRealUserID),
            effectiveGroup: number32(.processGroupID), realGroup: number32(.processRealGroupID))
    }

    @inline(__always)
    func isTrue(_ field: Field) -> Bool {
        guard let slot = slot(field), slot.kind == .integer else { return false }
        return slot.payload != 0
    }
}

extension ProcessImage {
    /// Whether the path as invoked adds to the executable.
    var hasInvoked: Bool { invoked != 0 && invoked != executable }
}
