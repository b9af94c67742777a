internal import Events
internal import Platform

extension ProcessStore {
    /// Fills what is missing from what the table knows now.
    ///
    /// The event may be a while old: what is told of its parent must still be
    /// of the program that the parent ran then.
    mutating func complete(_ event: inout Event) {
        let held = evidence[event.header.evidence]
        let ancestor = held?.ancestor ?? known(event.header.process)
        let process = lineage.ancestors[Int(ancestor)]
        if event.header.kind == .fork { restoreProcess(process.image, of: &event) }
        let wanted = event.header.parent
        var parent = process.parent
        let line = lineage.ancestors[Int(parent)]
        if wanted.isKnown, line.pid != wanted.pid || line.start != wanted.start { parent = known(wanted) }
        if parent != 0, event.text(.parentExecutable) == nil {
            _ = fillParent(parent, of: &event)
        } else if parent != 0 {
            let image = lineage.images[Int(lineage.ancestors[Int(parent)].image)]
            if image.executable != 0, !isText(image.executable, valueOf: .parentExecutable, of: &event) {
                parent = 0
            }
        }
        fillIdentities(of: &event)
        if event.header.parent.isKnown, !event.has(.parentStart) {
            setStart(.parentStart, event.header.parent.start, of: &event, traits: [])
        }
        fillMore(parent: parent, self: ancestor, held: held, of: &event, all: true)
    }

    mutating func appendAncestry(
        of process: ProcessIdentity, held evidence: UInt32, limit: Int, to arena: inout ByteArena
    ) -> Int {
        var count = 0
        let ancestor = self.evidence[evidence]?.ancestor ?? known(process)
        var number = lineage.ancestors[Int(ancestor)].parent
        while number != 0, count < limit {
            let ancestor = lineage.ancestors[Int(number)]
            let executable = lineage.texts.range(lineage.images[Int(ancestor.image)].executable)
            guard
                AncestryEntry.append(
                    ProcessIdentity(pid: ancestor.pid, start: ancestor.start),
                    executable: lineage.texts.heap.memory.bytes.span.extracting(executable), to: &arena)
            else { break }
            count += 1
            number = ancestor.parent
        }
        return count
    }

    // MARK: Learning what the host told

    /// The executable of a process that the kernel could not read.
    mutating func learnExecutable(
        _ path: [UInt8], traits: Slot.Traits, of event: inout Event
    ) {
        event.setExecutable(
            .process, resolved: path.span, invoked: Span(), isScript: false, directory: Span(), traits: traits
        )
        learn(path.span, ofImage: lineage.ancestors[Int(known(event.header.process))].image)
    }

    /// The executable of a parent that neither the kernel nor the table knew.
    mutating func learnParentExecutable(
        _ path: [UInt8], traits: Slot.Traits, of event: inout Event
    ) {
        counters.parentFromProc += 1
        event.setExecutable(
            .parent, resolved: path.span, invoked: Span(), isScript: false, directory: Span(), traits: traits)
        let process = lineage.ancestors[Int(known(event.header.process))]
        let parent = lineage.ancestors[Int(process.parent)]
        guard parent.pid == event.header.parent.pid else { return }
        if parent.image != 0 { return learn(path.span, ofImage: parent.image) }
        guard let executable = lineage.texts.intern(path.span) else { return }
        var image = ProcessImage()
        image.executable = executable
        image.owner = parent.pid
        image.flags = .fromProc
        lineage.learn(image: lineage.add(image), of: process.parent)
    }

    private mutating func learn(_ path: borrowing Span<UInt8>, ofImage number: UInt32) {
        guard number != 0, lineage.images[Int(number)].executable == 0,
            let executable = lineage.texts.intern(path)
        else { return }
        lineage.learn(executable: executable, traits: .fromProc, ofImage: number)
    }

    /// Whether a path is value 1 of an event's executable.
    mutating func isExecutable(_ path: [UInt8], of event: inout Event) -> Bool {
        guard let slot = event.text(.processExecutable) else { return false }
        let all = event.arena.bytes.span.extracting(slot.range)
        let end = slot.count > 1 ? all.firstNUL() : all.count
        return areEqual(all.extracting(0..<end), path.span)
    }

    // MARK: Room

    /// So few entries, ancestors or images are left that the next events may
    /// need them: a line that is cut takes sixteen.
    var isShortOfEntries: Bool {
        index.limit - index.count < min(16, index.limit / 4)
            || lineage.ancestorLimit - lineage.ancestorCount < min(64, lineage.ancestorLimit / 4)
            || lineage.imageLimit - lineage.imageCount < min(16, lineage.imageLimit / 4)
    }

    /// Less than an eighth of the bytes is left.
    var isShortOfBytes: Bool {
        bytesLeft < lineage.texts.heap.limit / 8
    }

    /// Less than a sixteenth is, although arguments gave way.
    var isVeryShortOfBytes: Bool {
        bytesLeft < lineage.texts.heap.limit / 16
    }

    private var bytesLeft: Int { lineage.texts.heap.limit - lineage.texts.heap.used }

    /// The next place in use, going round; 0 if there is none.
    mutating func nextEntry(after place: UInt32) -> UInt32 {
        let count = index.entries.count
        var next = Int(place)
        for _ in 0..<count {
            next = next + 1 < count ? next + 1 : 1
            guard next < count else { return 0 }
            if index.entries[next].pid != 0 { return UInt32(next) }
        }
        return 0
    }

    /// The next image that has arguments, going round, as long as there are steps left.
    mutating func nextImageWithArguments(after hand: inout UInt32, within left: inout Int) -> UInt32? {
        let count = lineage.images.count
        guard count > 1 else { return nil }
        while left > 0 {
            left -= 1
            hand = Int(hand) + 1 < count ? hand + 1 : 1
            let image = lineage.images[Int(hand)]
            if image.references > 0, image.argumentsLength > 0 { return hand }
        }
        return nil
    }

    /// Whether it is time to ask whether a process is still there: after a quarter of
    /// a second, since most that end do so soon; then every four.
    mutating func isDue(_ entry: ProcessEntry) -> Bool {
        now >= entry.seen && now - entry.seen > (entry.flags.contains(.lasting) ? 60 : 4)
    }

    /// Whether nothing can follow of a process that has ended. What it did lies in the
    /// ring before whatever began after its end; a child may still have been
    /// reading who its parent is, and gets a tenth of a second.
    mutating func isOver(_ entry: ProcessEntry) -> Bool { now > entry.seen && now - entry.seen > 2 }

    /// Notes that the process is there.
    mutating func noteLasting(_ place: UInt32) {
        index.touch(place, at: now)
        index.update(place, flags: index.entries[Int(place)].flags.union(.lasting))
    }

    /// Notes that the process had ended by a time.
    mutating func noteEnded(_ place: UInt32, by time: Int64) {
        index.touch(place, at: max(now, Self.moment(time)))
        index.update(place, flags: index.entries[Int(place)].flags.union(.exited))
    }

    mutating func remove(at place: UInt32) {
        let ancestor = index.entries[Int(place)].ancestor
        index.remove(at: place)
        lineage.release(ancestor: ancestor)
    }
}
