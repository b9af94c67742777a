internal import Events
internal import Platform

extension ProcessStore {
    /// Fills what rules seldom need: everything that is not there yet with
    /// `all`, else what the loaded rules read.
    ///
    /// - Parameter held: the leaders as they were then; nil to look for them now.
    mutating func fillMore(
        parent: UInt32, self ancestor: UInt32, held: HeldEvidence.Entry? = nil, of event: inout Event,
        all: Bool
    ) {
        if wants(.processStart, of: &event, all) {
            setStart(.processStart, event.header.process.start, of: &event, traits: [])
        }
        fillUserNames(of: &event, all: all)
        fillUnits(ancestor, of: &event, all: all)
        let origin = lineage.ancestors[Int(ancestor)].origin
        if all || needs.parent {
            fill(.parent, from: parent, origin, of: &event, all: all)
            markParentUnknown(&event, all: all)
        }
        if all || needs.sessionLeader {
            let (leader, identity) =
                held.map { ($0.sessionLeader, event.header.sessionLeader) }
                ?? sessionLeader(of: ancestor, &event)
            event.header.sessionLeader = identity
            fillLeader(
                .sessionLeader, identity, from: leader, leader == parent ? origin : ForkOrigin(), of: &event,
                all: all)
        }
        if all || needs.groupLeader {
            let (leader, identity) =
                held.map { ($0.groupLeader, event.header.groupLeader) } ?? groupLeader(of: ancestor, &event)
            event.header.groupLeader = identity
            fillLeader(
                .groupLeader, identity, from: leader, leader == parent ? origin : ForkOrigin(), of: &event,
                all: all)
        }
        if all || needs.entryLeader, ancestor != 0 {
            let (leader, kind) = entryLeader(of: ancestor, inSessionOf: held?.sessionLeader ?? 0)
            let entry = lineage.ancestors[Int(leader)]
            event.header.entryLeader = ProcessIdentity(pid: entry.pid, start: entry.start)
            fillLeader(
                .entryLeader, event.header.entryLeader, from: leader,
                leader == parent ? origin : ForkOrigin(), of: &event, all: all)
            if wants(.entryLeaderMetaType, of: &event, all) {
                event.set(.entryLeaderMetaType, text: kind.name)
                event.mark(.entryLeaderMetaType, .fromTable)
            }
        }
        if !needs.identityTexts.isEmpty { writeIdentities(of: &event) }
    }

    func wants(_ field: Field, of event: inout Event, _ all: Bool) -> Bool {
        (all || needs.fields.contains(field)) && !event.has(field)
    }

    // MARK: Roles

    private mutating func fillLeader(
        _ role: ProcessRole, _ identity: ProcessIdentity, from ancestor: UInt32, _ origin: ForkOrigin,
        of event: inout Event, all: Bool
    ) {
        guard identity.isKnown else { return }
        if wants(role.pid, of: &event, all) {
            event.set(role.pid, integer: Int64(identity.pid), traits: .fromTable)
        }
        if identity.start != 0, wants(role.entityID, of: &event, all) {
            event.set(role.entityID, identity: identity, traits: .fromTable)
        }
        if wants(role.start, of: &event, all) {
            setStart(role.start, identity.start, of: &event, traits: .fromTable)
        }
        fill(role, from: ancestor, origin, of: &event, all: all)
        // kernel threads are in no session or group
        if role != .entryLeader {
            let image = lineage.images[Int(lineage.ancestors[Int(ancestor)].image)]
            markUnknown(role, image, hasStart: identity.start != 0, of: &event, all: all)
        }
    }

    /// What nobody knows of a leader any more is not nothing.
    private mutating func markUnknown(
        _ role: ProcessRole, _ image: ProcessImage, hasStart: Bool, of event: inout Event, all: Bool
    ) {
        func mark(_ field: Field, isKnown: Bool, of event: inout Event) {
            if !isKnown, wants(field, of: &event, all) { event.setUnknown(field) }
        }
        mark(role.executable, isKnown: image.executable != 0, of: &event)
        mark(role.name, isKnown: image.executable != 0, of: &event)
        mark(role.args, isKnown: image.flags.contains(.arguments), of: &event)
        mark(role.interactive, isKnown: image.flags.contains(.terminal), of: &event)
        mark(role.userID, isKnown: image.flags.contains(.users), of: &event)
        mark(role.entityID, isKnown: hasStart, of: &event)
        mark(role.start, isKnown: hasStart, of: &event)
    }

    /// Facts about the parent or a leader, as of the image it had.
    ///
    /// - Parameter origin: what it was when it forked the process, if it did.
    private mutating func fill(
        _ role: ProcessRole, from ancestor: UInt32, _ origin: ForkOrigin, of event: inout Event, all: Bool
    ) {
        let process = lineage.ancestors[Int(ancestor)]
        let image = lineage.images[Int(process.image)]
        fillArguments(role, from: image, of: &event, all: all)
        guard ancestor != 0 else { return }
        if wants(role.start, of: &event, all) {
            setStart(role.start, process.start, of: &event, traits: .fromTable)
        }
        fillUsers(role, origin, image, of: &event, all: all)
        if role == .parent { fillParentDirectory(origin, image, of: &event, all: all) }
        guard process.image != 0 else { return }
        if image.executable != 0, wants(role.executable, of: &event, all) || wants(role.name, of: &event, all)
        {
            setExecutable(role, from: process.image, of: &event, traits: .fromTable)
        }
        if image.flags.contains(.terminal), wants(role.interactive, of: &event, all) {
            event.set(role.interactive, integer: image.terminal == 0 ? 0 : 1, traits: .fromTable)
        }
        if role == .parent, image.threadName.0 != 0, wants(.parentThreadName, of: &event, all) {
            setThreadName(.parentThreadName, image.threadName, of: &event)
        }
    }

    /// Whose rights a process had when it forked the other, or, where that is not
    /// known, when its program started.
    private mutating func fillUsers(
        _ role: ProcessRole, _ origin: ForkOrigin, _ image: ProcessImage, of event: inout Event, all: Bool
    ) {
        guard let ids = origin.users ?? (image.flags.contains(.users) ? image.users : nil) else { return }
        set(role.userID, ids.effectiveUser, of: &event, all: all)
        guard role == .parent else { return }
        set(.parentRealUserID, ids.realUser, of: &event, all: all)
        set(.parentGroupID, ids.effectiveGroup, of: &event, all: all)
        set(.parentRealGroupID, ids.realGroup, of: &event, all: all)
        if wants(.parentUserName, of: &event, all) {
            users.setUser(.parentUserName, ids.effectiveUser, of: &event)
        }
    }

    /// Where the parent was when it forked. What that is called is known if its own
    /// program was started there, or the child's was.
    private mutating func fillParentDirectory(
        _ origin: ForkOrigin, _ image: ProcessImage, of event: inout Event, all: Bool
    ) {
        guard wants(.parentWorkingDirectory, of: &event, all) else { return }
        let isAsImage =
            origin.place == .unknown || image.place == .unknown || origin.place == image.place
        if isAsImage, image.directory != 0 {
            let traits: Slot.Traits = image.flags.contains(.directoryCut) ? [.fromTable, .cut] : .fromTable
            setText(.parentWorkingDirectory, image.directory, of: &event, traits: traits)
        } else if origin.directory != 0 {
            setText(.parentWorkingDirectory, origin.directory, of: &event)
        }
    }

    /// What nobody knows of a parent is not nothing.
    private mutating func markParentUnknown(_ event: inout Event, all: Bool) {
        guard event.header.parent.isKnown else { return }
        for field in ProcessRole.parent.userFields where wants(field, of: &event, all) {
            // a user may have no name
            if field != .parentUserName || event.slot(.parentUserID)?.isUnknown ?? true {
                event.setUnknown(field)
            }
        }
        if wants(.parentInteractive, of: &event, all) { event.setUnknown(.parentInteractive) }
        if wants(.parentWorkingDirectory, of: &event, all) { event.setUnknown(.parentWorkingDirectory) }
    }

    /// A process that runs a program has arguments, also where nobody knows them.
    private mutating func fillArguments(
        _ role: ProcessRole, from image: ProcessImage, of event: inout Event, all: Bool
    ) {
        guard
            wants(role.args, of: &event, all) || wants(role.argsCount, of: &event, all)
                || wants(role.commandLine, of: &event, all)
        else { return }
        if image.flags.contains(.arguments) { return setArguments(role, from: image, of: &event) }
        guard image.executable != 0 || event.has(role.executable) else { return }
        event.setUnknown(role.args)
        if let field = role.argsCount { event.setUnknown(field) }
        if let field = role.commandLine { event.setUnknown(field) }
    }

    private func wants(_ field: Field?, of event: inout Event, _ all: Bool) -> Bool {
        guard let field else { return false }
        return (all || needs.fields.contains(field)) && !event.has(field)
    }

    private mutating func set(_ field: Field, _ value: UInt32, of event: inout Event, all: Bool) {
        if wants(field, of: &event, all) { event.set(field, integer: Int64(value), traits: .fromTable) }
    }

    /// A date from a time since boot: the event knows how the two differ, at best from
    /// the start of its own process.
    mutating func setStart(_ field: Field, _ start: UInt64, of event: inout Event, traits: Slot.Traits) {
        guard start != 0 else { return }
        var offset = event.header.timestamp &- event.header.time
        if let own = event.slot(.processStart), own.kind == .integer, event.header.process.start != 0 {
            offset = own.payload &- Int64(truncatingIfNeeded: event.header.process.start)
        }
        event.set(field, integer: Int64(truncatingIfNeeded: start) &+ offset, traits: traits)
    }

    private mutating func setThreadName(_ field: Field, _ name: (UInt64, UInt64), of event: inout Event) {
        let start = event.arena.count
        for index in 0..<16 {
            let word = index < 8 ? name.0 : name.1
            let byte = UInt8(truncatingIfNeeded: word >> UInt64(8 * (index & 7)))
            if byte == 0 || event.append(byte: byte) == nil { break }
        }
        event.set(field, text: start..<event.arena.count, traits: .fromTable)
    }

    /// Who leads the session of an event's process; where the event does not say it,
    /// what was told of the program that the process runs.
    mutating func sessionLeader(
        of ancestor: UInt32, _ event: inout Event
    ) -> (ancestor: UInt32, identity: ProcessIdentity) {
        var identity = event.header.sessionLeader
        let isTold = identity.isKnown
        if !isTold {
            let process = lineage.ancestors[Int(ancestor)]
            identity.pid = lineage.images[Int(process.image)].session
        }
        let leader = self.leader(identity, of: ancestor, inSession: identity.pid, &event)
        if leader == 0, !isTold, index.find(identity.pid) != 0 { identity = .none }
        return (leader, started(identity, as: leader))
    }

    mutating func groupLeader(
        of ancestor: UInt32, _ event: inout Event
    ) -> (ancestor: UInt32, identity: ProcessIdentity) {
        let identity = event.header.groupLeader
        let session = event.header.sessionLeader.pid
        let leader = self.leader(identity, of: ancestor, inSession: session, &event)
        return (leader, started(identity, as: leader))
    }

    /// The leader, or 0. It may have ended: its number is nobody else's as long as it
    /// has followers, the table may not have forgotten it, and all of a session
    /// come of its leader, so that the line knows it.
    private mutating func leader(
        _ identity: ProcessIdentity, of ancestor: UInt32, inSession session: UInt32, _ event: inout Event
    ) -> UInt32 {
        guard identity.isKnown else { return 0 }
        // an entry that knows the start only in ticks learns it
        let known = self.known(identity)
        let youngest = event.header.process.start
        if known != 0, isLeader(known, identity, startedBy: youngest) { return known }
        var number = ancestor
        while number != 0 {
            let process = lineage.ancestors[Int(number)]
            let image = lineage.images[Int(process.image)]
            // it ran something in another session: then it leads none of this one, but
            // the session itself, which it may have begun after that
            let isOutside = image.owner == process.pid && image.session != 0 && image.session != session
            if isLeader(number, identity, startedBy: youngest), !isOutside || identity.pid == session {
                return number
            }
            number = isOutside ? 0 : process.parent
        }
        return 0
    }

    private mutating func started(_ identity: ProcessIdentity, as leader: UInt32) -> ProcessIdentity {
        leader == 0 || identity.start != 0
            ? identity
            : ProcessIdentity(pid: identity.pid, start: lineage.ancestors[Int(leader)].start)
    }

    /// A leader is never younger than its session.
    private mutating func isLeader(
        _ ancestor: UInt32, _ identity: ProcessIdentity, startedBy youngest: UInt64
    ) -> Bool {
        let process = lineage.ancestors[Int(ancestor)]
        guard process.pid == identity.pid else { return false }
        return identity.start == 0
            ? process.start <= youngest
            : process.start / ProcessTick.nanoseconds == identity.start / ProcessTick.nanoseconds
    }

    // MARK: Users, containers, services

    private mutating func fillUserNames(of event: inout Event, all: Bool) {
        setUserName(.processUserName, for: .processUserID, of: &event, all: all)
        setUserName(.processRealUserName, for: .processRealUserID, of: &event, all: all)
        setUserName(.userName, for: .userID, of: &event, all: all)
        setUserName(.userEffectiveName, for: .userEffectiveID, of: &event, all: all)
        setGroupName(.processGroupName, for: .processGroupID, of: &event, all: all)
        setGroupName(.groupName, for: .groupID, of: &event, all: all)
    }

    private mutating func setUserName(_ field: Field, for id: Field, of event: inout Event, all: Bool) {
        guard wants(field, of: &event, all), let slot = event.slot(id), slot.kind == .integer else { return }
        users.setUser(field, UInt32(truncatingIfNeeded: slot.payload), of: &event)
    }

    private mutating func setGroupName(_ field: Field, for id: Field, of event: inout Event, all: Bool) {
        guard wants(field, of: &event, all), let slot = event.slot(id), slot.kind == .integer else { return }
        users.setGroup(field, UInt32(truncatingIfNeeded: slot.payload), of: &event)
    }

    private mutating func fillUnits(_ ancestor: UInt32, of event: inout Event, all: Bool) {
        guard wants(.containerID, of: &event, all) || wants(.serviceName, of: &event, all) else { return }
        if !event.has(.cgroup) {
            let image = lineage.images[Int(lineage.ancestors[Int(ancestor)].image)]
            guard image.cgroup != 0 else { return }
            setText(.cgroup, image.cgroup, of: &event)
        }
        guard let slot = event.text(.cgroup) else { return }
        let container = ContainerID.range(inControlGroup: event.arena.bytes.span.extracting(slot.range))
        let service = ContainerID.unit(ofControlGroup: event.arena.bytes.span.extracting(slot.range))
        if let container, wants(.containerID, of: &event, all) {
            let start = slot.range.lowerBound
            event.set(
                .containerID, text: (start + container.lowerBound)..<(start + container.upperBound),
                traits: slot.traits)
        }
        if let service, wants(.serviceName, of: &event, all) {
            let start = slot.range.lowerBound
            event.set(
                .serviceName, text: (start + service.lowerBound)..<(start + service.upperBound),
                traits: slot.traits)
        }
    }
}
