internal import Events
internal import Platform

extension ProcessStore {
    /// Holds what `complete` needs to know of an event later; false if there is not
    /// plenty of room, or if it would not do.
    ///
    /// - Parameter span: nanoseconds.
    mutating func hold(_ event: inout Event, for span: Int64) -> Bool {
        giveBack(by: now, atMost: 4)
        let ancestor = known(event.header.process)
        guard ancestor != 0, hasPlentyOfRoom else { return false }
        let process = lineage.ancestors[Int(ancestor)]
        let line = lineage.ancestors[Int(process.parent)]
        let parent = event.header.parent
        guard !parent.isKnown || line.pid == parent.pid && line.start == parent.start else { return false }
        let (session, sessionIdentity) = sessionLeader(of: ancestor, &event)
        event.header.sessionLeader = sessionIdentity
        let (group, groupIdentity) = groupLeader(of: ancestor, &event)
        event.header.groupLeader = groupIdentity
        let until = Self.moment(event.header.time.addingSaturated(span).addingSaturated(Self.heldBeyond))
        let number = evidence.append(
            HeldEvidence.Entry(
                until: until, ancestor: ancestor, sessionLeader: session, groupLeader: group))
        guard number != 0 else { return false }
        lineage.retain(ancestor: ancestor)
        lineage.retain(ancestor: session)
        lineage.retain(ancestor: group)
        event.header.evidence = number
        return true
    }

    /// For events that come late: nanoseconds.
    private static var heldBeyond: Int64 { 250_000_000 }

    /// What is held takes at most half of what there is.
    private var hasPlentyOfRoom: Bool {
        lineage.ancestorCount < lineage.ancestorLimit / 2 && lineage.imageCount < lineage.imageLimit / 2
            && lineage.texts.heap.used < lineage.texts.heap.limit / 2
    }

    /// Gives back what was held long enough by a moment.
    mutating func giveBack(by moment: UInt32, atMost limit: Int = .max) {
        var left = limit
        while left > 0, let entry = evidence.takeOver(at: moment) {
            lineage.release(ancestor: entry.ancestor)
            lineage.release(ancestor: entry.sessionLeader)
            lineage.release(ancestor: entry.groupLeader)
            left -= 1
        }
    }
}
