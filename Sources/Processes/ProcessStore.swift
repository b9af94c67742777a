internal import Events
internal import Platform

/// What the process table knows, and all it does for each event.
///
/// It never asks the host and never looks for room: what it could not answer
/// it says in `Missing`, and `ProcessTable` keeps room for the next event.
struct ProcessStore: ~Copyable {
    /// What an event still lacks, and /proc may know.
    struct Missing: OptionSet {
        let rawValue: UInt8
        static var executable: Missing { Missing(rawValue: 1) }
        static var parentExecutable: Missing { Missing(rawValue: 2) }
    }

    /// How an identity stands to the entry of its process number.
    private enum Standing {
        case absent
        case same
        /// The entry is of a process that had the number before.
        case reused
        /// The entry is of a process that got the number after.
        case outlived
    }

    var index: ProcessIndex
    var lineage: Lineage
    var users: UserNames
    var evidence: HeldEvidence
    var needs: ProcessNeeds
    let namer: EntityNamer
    var counters = ProcessCounters()
    /// The moment up to which all events were told: that of the latest.
    private(set) var now: UInt32 = 0

    init(limits: ProcessTableLimits, needs: ProcessNeeds, namer: EntityNamer, users: consuming UserNames) {
        index = ProcessIndex(limit: limits.processes)
        lineage = Lineage(processes: limits.processes, bytes: limits.bytes)
        evidence = HeldEvidence(limit: limits.processes / 4)
        self.needs = needs
        self.namer = namer
        self.users = users
    }

    /// Short form of a time: 67 milliseconds each, since boot.
    static func moment(_ time: Int64) -> UInt32 { UInt32(truncatingIfNeeded: time >> 26) }

    /// Notes that no event from before this time will follow: nanoseconds.
    mutating func advance(to time: Int64) {
        now = max(now, Self.moment(max(0, time)))
    }

    mutating func apply(_ event: inout Event) -> Missing {
        advance(to: event.header.time)
        switch event.header.kind {
        case .exec: return exec(&event)
        case .connect: return connect(&event)
        case .exit: return exit(&event)
        case .fork:
            fork(&event)
            return []
        case .document: return []
        }
    }

    // MARK: Kinds of events

    private mutating func exec(_ event: inout Event) -> Missing {
        let identity = event.header.process
        let (place, standing) = find(identity)
        guard identity.isKnown, standing != .outlived else {
            counters.late += 1
            return missingOfStranger(&event)
        }
        let parent = ancestor(of: event.header.parent, seenIn: &event)
        let old = lineage.ancestors[Int(index.entries[Int(place)].ancestor)].image
        let isSame = standing == .same
        var image = makeImage(
            of: &event, likely: isSame && old != 0 ? old : lineage.ancestors[Int(parent)].image)
        if isSame {
            image.previous = lineage.images[Int(old)].executable
            lineage.texts.retain(image.previous)
        }
        let hasExecutable = image.executable != 0
        setPrevious(image.previous, of: &event, all: false)
        let number = lineage.add(image)
        let origin = isSame ? origin(of: place, below: parent, image: number) : ForkOrigin()
        let ancestor = lineage.add(
            Ancestor(
                start: identity.start, pid: identity.pid, image: number, parent: parent, origin: origin))
        put(ancestor, at: place, standing, flags: [])
        var missing = fillParent(parent, of: &event)
        if !hasExecutable, event.slot(.processExecutable)?.isUnknown ?? false { missing.insert(.executable) }
        fillIdentities(of: &event)
        if needs.more { fillMore(parent: parent, self: ancestor, of: &event, all: false) }
        return missing
    }

    private mutating func fork(_ event: inout Event) {
        let identity = event.header.process
        let (place, standing) = find(identity)
        guard identity.isKnown, standing != .outlived else {
            counters.late += 1
            return
        }
        let known = index.entries[Int(place)].ancestor
        var origin = ForkOrigin()
        if let user = event.slot(.processUserID) {
            origin.users = event.userSet(effective: user)
            origin.place = event.header.directory
        }
        if standing == .same, lineage.ancestors[Int(known)].image != 0 {
            // seen at start, or by a later event that came first
            let line = lineage.ancestors[Int(lineage.ancestors[Int(known)].parent)]
            let forker = event.header.parent
            // it may have another parent by now
            if line.pid == forker.pid, line.start == forker.start {
                lineage.learn(origin: origin, of: known)
            }
            if needs.forks { fillForked(place, &event) }
            return
        }
        let parent = ancestor(of: event.header.parent)
        // a sibling's child runs the sibling's program
        let image = event.header.isBySibling ? 0 : lineage.ancestors[Int(parent)].image
        lineage.retain(image: image)
        if standing == .same {
            lineage.learn(image: image, of: known)
            lineage.learn(parent: parent, of: known)
            lineage.learn(origin: origin, of: known)
            index.update(place, flags: index.entries[Int(place)].flags.union(.forked))
        } else {
            let child = lineage.add(
                Ancestor(
                    start: identity.start, pid: identity.pid, image: image, parent: parent, origin: origin,
                    depth: image == 0 ? Lineage.unknownDepth : 1))
            put(child, at: place, standing, flags: .forked)
        }
        if needs.forks { fillForked(find(identity).place, &event) }
    }

    /// What forked the process of an entry, which has started a program: where that is
    /// in the directory that it was forked in, its name is told. With a reference.
    private mutating func origin(of place: UInt32, below parent: UInt32, image number: UInt32) -> ForkOrigin {
        let process = lineage.ancestors[Int(index.entries[Int(place)].ancestor)]
        let (forker, now) = (lineage.ancestors[Int(process.parent)], lineage.ancestors[Int(parent)])
        // whoever took over an orphan did not fork it
        guard forker.pid == now.pid, forker.start == now.start else { return ForkOrigin() }
        var origin = process.origin
        let image = lineage.images[Int(number)]
        if origin.directory == 0, origin.place != .unknown, origin.place == image.place,
            !image.flags.contains(.directoryCut)
        {
            origin.directory = image.directory
        }
        lineage.texts.retain(origin.directory)
        return origin
    }

    private mutating func fillForked(_ place: UInt32, _ event: inout Event) {
        guard place != 0 else { return }
        let ancestor = index.entries[Int(place)].ancestor
        restoreProcess(lineage.ancestors[Int(ancestor)].image, of: &event)
        fillParentAsKnown(ancestor, of: &event)
    }

    private mutating func connect(_ event: inout Event) -> Missing {
        let identity = event.header.process
        let (place, standing) = find(identity)
        guard identity.isKnown, standing != .outlived else {
            counters.late += 1
            return missingOfStranger(&event)
        }
        let known = index.entries[Int(place)].ancestor
        let entryFlags = index.entries[Int(place)].flags
        let execs = lineage.images[Int(lineage.ancestors[Int(known)].image)].execs
        let isMissed =
            event.header.hasExeced && entryFlags.contains(.forked)
            || execs != 0 && event.header.execs != 0 && execs != event.header.execs
        guard standing == .same, lineage.ancestors[Int(known)].image != 0, !isMissed else {
            if standing == .same, isMissed { counters.execsMissed += 1 }
            return learn(from: &event, at: place, standing, flags: [], replacing: isMissed)
        }
        index.touch(place, at: now)
        restoreProcess(lineage.ancestors[Int(known)].image, of: &event)
        var missing = fillParentAsKnown(known, of: &event)
        if event.slot(.processExecutable)?.isUnknown ?? false { missing.insert(.executable) }
        return missing
    }

    private mutating func exit(_ event: inout Event) -> Missing {
        let (place, standing) = find(event.header.process)
        guard standing == .same else { return [] }
        let known = index.entries[Int(place)].ancestor
        restoreProcess(lineage.ancestors[Int(known)].image, of: &event)
        // nobody can be asked about a process that has gone
        fillParentAsKnown(known, of: &event)
        index.update(place, flags: index.entries[Int(place)].flags.union(.exited))
        index.touch(place, at: now)
        return []
    }

    /// A process that was there when the sensor started.
    mutating func seed(_ event: inout Event, startInTicks: Bool) {
        let identity = event.header.process
        let (place, standing) = find(identity, inTicks: startInTicks)
        guard identity.isKnown, standing != .outlived else { return }
        let known = index.entries[Int(place)].ancestor
        if standing == .same, lineage.ancestors[Int(known)].image != 0 { return }
        counters.seeded += 1
        _ = learn(from: &event, at: place, standing, flags: startInTicks ? .startInTicks : [])
    }

    /// Makes an entry from an event that tells about a process as it is now.
    private mutating func learn(
        from event: inout Event, at place: UInt32, _ standing: Standing, flags: ProcessEntry.Flags,
        replacing: Bool = false
    ) -> Missing {
        let identity = event.header.process
        let parent = ancestor(
            of: event.header.parent, seenIn: &event, inTicks: flags.contains(.startInTicks))
        var image = makeImage(of: &event, likely: lineage.ancestors[Int(parent)].image)
        guessScript(&image, of: &event)
        let hasExecutable = image.executable != 0
        let number = lineage.add(image)
        let ancestor: UInt32
        if standing == .same, !replacing {
            ancestor = index.entries[Int(place)].ancestor
            lineage.learn(image: number, of: ancestor)
            lineage.learn(parent: parent, of: ancestor)
            index.touch(place, at: now)
        } else {
            let origin =
                standing == .same ? origin(of: place, below: parent, image: number) : ForkOrigin()
            ancestor = lineage.add(
                Ancestor(
                    start: identity.start, pid: identity.pid, image: number, parent: parent, origin: origin))
            put(ancestor, at: place, standing, flags: flags)
        }
        if image.hasInvoked {
            setExecutable(.process, from: number, of: &event, traits: [])
        }
        var missing = fillParent(lineage.ancestors[Int(ancestor)].parent, of: &event)
        if !hasExecutable, event.slot(.processExecutable)?.isUnknown ?? false { missing.insert(.executable) }
        fillIdentities(of: &event)
        if needs.more {
            fillMore(
                parent: lineage.ancestors[Int(ancestor)].parent, self: ancestor, of: &event, all: false)
        }
        return missing
    }

    /// What can be said of a process whose number has gone to another already.
    private mutating func missingOfStranger(_ event: inout Event) -> Missing {
        let parent = ancestor(of: event.header.parent)
        let missing = fillParent(parent, of: &event)
        fillIdentities(of: &event)
        lineage.release(ancestor: parent)
        return missing
    }

    // MARK: Entries

    /// The place of the entry of a process number, and whether it is of this
    /// very process. An entry that knows the start only in ticks learns it.
    private mutating func find(
        _ identity: ProcessIdentity, inTicks: Bool = false
    ) -> (place: UInt32, standing: Standing) {
        let place = index.find(identity.pid)
        guard place != 0 else { return (0, .absent) }
        let entry = index.entries[Int(place)]
        let start = entry.start
        if start == identity.start || identity.start == 0 { return (place, .same) }
        let isInTicks = entry.flags.contains(.startInTicks)
        if isInTicks || inTicks,
            start / ProcessTick.nanoseconds == identity.start / ProcessTick.nanoseconds
        {
            if isInTicks, !inTicks {
                lineage.learn(start: identity.start, of: entry.ancestor)
                index.update(place, start: identity.start)
                index.update(place, flags: entry.flags.subtracting(.startInTicks))
            }
            return (place, .same)
        }
        return (place, start < identity.start ? .reused : .outlived)
    }

    /// The ancestor that an identity is now, if the table knows it; else 0.
    mutating func known(_ identity: ProcessIdentity) -> UInt32 {
        guard identity.isKnown else { return 0 }
        let (place, standing) = find(identity)
        return standing == .same ? index.entries[Int(place)].ancestor : 0
    }

    /// Makes an ancestor what a process is now. The reference is taken over.
    private mutating func put(
        _ ancestor: UInt32, at place: UInt32, _ standing: Standing, flags: ProcessEntry.Flags
    ) {
        guard ancestor != 0 else {
            counters.full += 1
            return
        }
        let process = lineage.ancestors[Int(ancestor)]
        let entry = ProcessEntry(
            start: process.start, pid: process.pid, ancestor: ancestor, seen: now, flags: flags)
        guard standing != .absent else {
            if index.insert(entry) == 0 {
                lineage.release(ancestor: ancestor)
                counters.full += 1
            }
            return
        }
        if standing == .reused { counters.reused += 1 }
        let old = index.entries[Int(place)].ancestor
        index.replace(place, with: entry)
        lineage.release(ancestor: old)
    }

    /// What a process is now, to be the parent of another: with a reference of
    /// its own. A process that was never heard of gets an entry.
    private mutating func ancestor(of identity: ProcessIdentity, inTicks: Bool = false) -> UInt32 {
        guard identity.isKnown else { return 0 }
        let (place, standing) = find(identity, inTicks: inTicks)
        if standing == .same {
            var ancestor = index.entries[Int(place)].ancestor
            if lineage.ancestors[Int(ancestor)].depth >= Lineage.depthLimit {
                ancestor = lineage.shortened(ancestor)
                index.update(place, ancestor: ancestor)
            }
            lineage.retain(ancestor: ancestor)
            return ancestor
        }
        let stranger = lineage.add(
            Ancestor(start: identity.start, pid: identity.pid, depth: Lineage.unknownDepth))
        if standing != .outlived, stranger != 0 {
            lineage.retain(ancestor: stranger)
            put(stranger, at: place, standing, flags: inTicks ? .startInTicks : [])
        }
        return stranger
    }

    /// The same, and the event's own word on the executable of the parent is
    /// heard: the table learns what it did not know or has missed.
    private mutating func ancestor(
        of identity: ProcessIdentity, seenIn event: inout Event, inTicks: Bool = false
    ) -> UInt32 {
        let parent = ancestor(of: identity, inTicks: inTicks)
        guard parent != 0, let slot = event.slot(.parentExecutable), slot.kind == .text,
            slot.traits.isDisjoint(with: [.unknown, .cut]), slot.length > 0
        else { return parent }
        let image = lineage.ancestors[Int(parent)].image
        let executable = lineage.images[Int(image)].executable
        let bytes = event.arena.bytes.span.extracting(slot.range)
        let end = slot.count > 1 ? bytes.firstNUL() : bytes.count
        let path = bytes.extracting(0..<end)
        if executable != 0 {
            if lineage.texts.holds(executable, path) { return parent }
            if lineage.images[Int(image)].flags.contains(.executableCut) { return parent }
            // no program was started since: the file was renamed, or the parent says
            // that it runs another (PR_SET_MM_EXE_FILE)
            let execs = lineage.images[Int(image)].execs
            if execs != 0, execs == event.header.parentExecs { return parent }
        }
        guard let learnt = lineage.texts.intern(path) else { return parent }
        if executable == 0, image != 0 {
            lineage.learn(executable: learnt, traits: [], ofImage: image)
            return parent
        }
        var fresh = ProcessImage()
        fresh.executable = learnt
        fresh.owner = identity.pid
        fresh.session = lineage.images[Int(image)].session
        if image == 0 {
            lineage.learn(image: lineage.add(fresh), of: parent)
            return parent
        }
        // an exec of the parent was missed
        counters.execsMissed += 1
        let line = lineage.ancestors[Int(parent)].parent
        lineage.retain(ancestor: line)
        let origin = lineage.ancestors[Int(parent)].origin
        lineage.texts.retain(origin.directory)
        let number = lineage.add(fresh)
        let corrected = lineage.add(
            Ancestor(
                start: lineage.ancestors[Int(parent)].start, pid: identity.pid, image: number,
                parent: line, origin: origin))
        guard corrected != 0 else { return parent }
        let (place, standing) = find(identity)
        if standing == .same {
            lineage.retain(ancestor: corrected)
            put(corrected, at: place, standing, flags: [])
        }
        lineage.release(ancestor: parent)
        return corrected
    }
}
