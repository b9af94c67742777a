public import Events
internal import Platform

/// The processes of the host: what each was when it last started a program,
/// and who its parents were then.
///
/// It is seeded at start and kept by events. Each event is completed with what
/// only the table knows: parents that have died or could not be read, scripts,
/// leaders. It holds a bounded number of processes and bytes; when it is full
/// the oldest give way, those that have ended first.
///
/// `apply` is for the hot thread: it does not lock, allocate or ask the host,
/// except where the kernel could not read something or the table is full.
public struct ProcessTable<Source: ProcessSource>: ~Copyable {
    private var store: ProcessStore
    private var source: Source
    private var buffer: [UInt8] = []
    /// How often /proc may still be asked for values until the next tick.
    private var readsLeft = 1000
    private var hand: UInt32 = 0
    private var imageHand: UInt32 = 0
    private var sweep = 0
    private var sweptAt: Int64 = 0
    private var ticks = 0
    /// The most bytes of text that were seen in use in the last ten ticks.
    private var mostBytes = 0

    /// - Parameters:
    ///   - source: the host.
    ///   - needs: what is filled for every event; the rest is for `complete`.
    ///   - namer: makes the text of identities.
    public init(
        source: consuming Source, needs: ProcessNeeds, namer: EntityNamer,
        limits: ProcessTableLimits = ProcessTableLimits(), users: consuming UserNames = UserNames()
    ) {
        self.source = source
        store = ProcessStore(limits: limits, needs: needs, namer: namer, users: users)
        buffer.reserveCapacity(32 * 1024)
    }

    /// What the loaded rules read; changed by a reload.
    public var needs: ProcessNeeds {
        get { store.needs }
        set { store.needs = newValue }
    }

    /// What was done and lost so far.
    public var counters: ProcessCounters {
        var counters = store.counters
        counters.processes = store.index.count
        counters.bytes = store.lineage.texts.heap.used
        return counters
    }

    /// Learns from an event and completes it with what rules read.
    public mutating func apply(_ event: inout Event) {
        let missing = store.apply(&event)
        if !missing.isEmpty { ask(for: missing, of: &event) }
        makeRoom()
    }

    /// Before and after the processes that were there when the sensor started.
    public mutating func beginSeeding() { source.beginSeeding() }
    public mutating func endSeeding() { source.endSeeding() }

    /// Learns of a process that was there when the sensor started.
    ///
    /// - Parameter startInTicks: start times are rounded down to 10 ms.
    public mutating func seed(_ event: inout Event, startInTicks: Bool = false) {
        seedArguments(of: &event)
        store.seed(&event, startInTicks: startInTicks)
        makeRoom()
    }

    /// Notes what `complete` needs to know of an event, so that it can be called
    /// after a while, if it ever is. False if it must be called now.
    ///
    /// - Parameter span: nanoseconds after the event.
    public mutating func hold(_ event: inout Event, for span: Int64) -> Bool {
        guard event.header.kind != .document, !wouldAsk(event) else { return false }
        return store.hold(&event, for: span)
    }

    /// Fills every field that is still missing and can be known: for alerts,
    /// and for events that are shown. Slower than `apply`.
    public mutating func complete(_ event: inout Event) {
        guard event.header.kind != .document else { return }
        store.complete(&event)
        completeFromSource(&event)
        store.writeIdentities(of: &event)
    }

    /// To be called whenever there were events: forgets some of the processes that
    /// have ended. Under load all places are looked at about four times a second.
    ///
    /// - Parameter time: nanoseconds that only grow.
    public mutating func forgetSome(at time: Int64) {
        let elapsed = min(max(time &- sweptAt, 0), 250_000_000)
        let places = Int(Int64(store.index.entries.count) * elapsed / 250_000_000)
        guard places > 0 else { return }
        sweptAt = time
        forgetEnded(places: places)
    }

    /// To be called about once a second: forgets processes that have ended,
    /// and reads the user database again where it has changed.
    ///
    /// - Parameters:
    ///   - time: nanoseconds that only grow.
    ///   - told: no event from before this time will follow: nanoseconds since boot.
    public mutating func tick(at time: Int64, told: Int64 = 0) {
        store.users.refresh(at: time)
        store.advance(to: told)
        // an alert that is due may not have been reported until then
        store.giveBack(by: ProcessStore.moment(told))
        readsLeft = 1000
        forgetEnded(places: max(1024, store.index.entries.count / 8))
        giveBackTexts()
    }

    /// What texts took for a while, long arguments above all, goes back to the kernel
    /// where it was not needed for some time.
    private mutating func giveBackTexts() {
        mostBytes = max(mostBytes, store.lineage.texts.heap.used)
        ticks += 1
        guard ticks >= Self.ticksToGiveBack else { return }
        if store.lineage.texts.heap.touched - mostBytes >= Self.bytesToGiveBack {
            store.lineage.texts.heap.giveBack()
        }
        (ticks, mostBytes) = (0, 0)
    }

    private static var ticksToGiveBack: Int { 10 }
    private static var bytesToGiveBack: Int { 1 << 20 }

    /// Appends the parents of a process as `AncestryEntry`s, nearest first.
    ///
    /// - Parameter evidence: `EventHeader.evidence` of the event at hand.
    /// - Returns: how many were appended.
    @discardableResult
    public mutating func ancestry(
        of process: ProcessIdentity, held evidence: UInt32 = 0, limit: Int = 16, into arena: inout ByteArena
    ) -> Int {
        store.appendAncestry(of: process, held: evidence, limit: limit, to: &arena)
    }

    // MARK: Asking the host

    /// The kernel's list of processes has no arguments.
    private mutating func seedArguments(of event: inout Event) {
        guard !event.has(.processArgs) else { return }
        let process = event.header.process
        if let traits = source.read(.arguments, of: process, into: &buffer), !buffer.isEmpty {
            event.setArguments(.process, buffer.span, traits: traits)
        }
    }

    private mutating func ask(for missing: ProcessStore.Missing, of event: inout Event) {
        if missing.contains(.executable), let traits = read(.executable, of: event.header.process) {
            store.learnExecutable(buffer, traits: traits, of: &event)
        }
        if missing.contains(.parentExecutable) {
            if let traits = read(.executable, of: event.header.parent) {
                store.learnParentExecutable(buffer, traits: traits, of: &event)
            } else {
                store.counters.parentUnknown += 1
            }
        }
    }

    private mutating func read(_ text: ProcessText, of process: ProcessIdentity) -> Slot.Traits? {
        guard process.isKnown, readsLeft > 0 else { return nil }
        readsLeft -= 1
        guard let traits = source.read(text, of: process, into: &buffer), !buffer.isEmpty else { return nil }
        return traits
    }

    private mutating func completeFromSource(_ event: inout Event) {
        if event.slot(.parentExecutable)?.isUnknown ?? false,
            let traits = read(.executable, of: event.header.parent)
        {
            store.learnParentExecutable(buffer, traits: traits, of: &event)
        }
        guard event.header.kind != .exit, lacksOwn(event), isUnchanged(&event) else { return }
        if !hasText(.processArgs, event), let traits = read(.arguments, of: event.header.process) {
            event.setArguments(.process, buffer.span, traits: traits)
        }
        if !hasText(.processWorkingDirectory, event),
            let traits = read(.workingDirectory, of: event.header.process)
        {
            event.set(.processWorkingDirectory, text: buffer.span, traits: traits)
        }
    }

    /// Whether to complete an event would be to ask the host.
    private func wouldAsk(_ event: borrowing Event) -> Bool {
        event.slot(.parentExecutable)?.isUnknown ?? false || event.header.kind != .exit && lacksOwn(event)
    }

    /// Whether arguments or working directory are missing.
    private func lacksOwn(_ event: borrowing Event) -> Bool {
        !event.has(.processArgs) && !event.has(.processArgsCount)
            || event.slot(.processArgs)?.isUnknown ?? false
            || !hasText(.processWorkingDirectory, event)
    }

    /// Whether a process still runs the program that its event tells about.
    private mutating func isUnchanged(_ event: inout Event) -> Bool {
        guard read(.executable, of: event.header.process) != nil else { return false }
        return store.isExecutable(buffer, of: &event)
    }

    private func hasText(_ field: Field, _ event: borrowing Event) -> Bool {
        guard let slot = event.slot(field) else { return false }
        return !slot.isUnknown
    }

    // MARK: Seeding

    mutating func listProcesses() -> [UInt32] { source.processes() }

    mutating func readFacts(of pid: UInt32) -> ProcessFacts? { source.facts(of: pid) }

    mutating func readTexts(of process: ProcessIdentity, into event: inout Event) {
        if let traits = source.read(.executable, of: process, into: &buffer) {
            event.setExecutable(
                .process, resolved: buffer.span, invoked: Span(), isScript: false, directory: Span(),
                traits: traits)
        }
        if let traits = source.read(.workingDirectory, of: process, into: &buffer) {
            event.set(.processWorkingDirectory, text: buffer.span, traits: traits)
        }
        if let traits = source.read(.arguments, of: process, into: &buffer) {
            event.setArguments(.process, buffer.span, traits: traits)
        }
        if let traits = source.read(.controlGroup, of: process, into: &buffer) {
            event.set(.cgroup, text: buffer.span, traits: traits)
        }
    }

    // MARK: Room

    /// Keeps room for whatever the next event brings, in small steps.
    private mutating func makeRoom() {
        if store.isShortOfEntries { _ = evictEntry(sparingLiving: false) }
        if store.isShortOfBytes { evictTexts() }
    }

    /// The oldest entry gives way, unless it is of a process that is alive: that
    /// gets another chance, but not without end where the living are not spared.
    ///
    /// - Returns: whether one did.
    private mutating func evictEntry(sparingLiving: Bool) -> Bool {
        for chance in 1...8 {
            hand = store.nextEntry(after: hand)
            guard hand != 0 else { return false }
            let pid = store.index.entries[Int(hand)].pid
            let isAlive =
                !store.index.entries[Int(hand)].flags.contains(.exited) && source.timeAfterEnd(of: pid) == nil
            guard !isAlive || chance == 8 && !sparingLiving else { continue }
            if isAlive { store.counters.evicted += 1 } else { store.counters.recycled += 1 }
            store.remove(at: hand)
            return true
        }
        return false
    }

    /// Arguments give way first, of the dead before the living; then entries of the
    /// dead; of the living only where that does not do.
    private mutating func evictTexts() {
        var dropped = 0
        var left = Self.imagesLookedAt
        for step in 0..<32 where store.isShortOfBytes {
            guard let number = store.nextImageWithArguments(after: &imageHand, within: &left) else { break }
            let sparesLiving = step < 16 && left > Self.imagesLookedAt / 2
            let owner = store.lineage.images[Int(number)].owner
            if sparesLiving, source.timeAfterEnd(of: owner) == nil { continue }
            if store.lineage.dropArguments(ofImage: number) { dropped += 1 }
        }
        store.counters.argumentsEvicted += dropped
        for _ in 0..<4 where store.isShortOfBytes {
            let sparesLiving = dropped > 0 && !store.isVeryShortOfBytes
            guard evictEntry(sparingLiving: sparesLiving) else { break }
        }
    }

    /// For one event, where text is short.
    private static var imagesLookedAt: Int { 2048 }

    /// Looks at some of the places in turn. A process that has ended is first marked
    /// and only forgotten when all that it did must have been told: its connection may
    /// still be on its way.
    private mutating func forgetEnded(places: Int) {
        for _ in 0..<min(places, 8192) {
            sweep = sweep + 1 < store.index.entries.count ? sweep + 1 : 0
            let entry = store.index.entries[sweep]
            if entry.pid == 0 { continue }
            if entry.flags.contains(.exited) {
                guard store.isOver(entry) else { continue }
                store.counters.recycled += 1
                store.remove(at: UInt32(sweep))
            } else if store.isDue(entry) {
                if let time = source.timeAfterEnd(of: entry.pid) {
                    store.noteEnded(UInt32(sweep), by: time)
                } else {
                    store.noteLasting(UInt32(sweep))
                }
            }
        }
    }
}
