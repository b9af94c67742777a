public import Events

extension ProcessTable {
    /// Seeds the table from the host's list of processes: for kernels whose
    /// own list cannot be had. Start times are then in ticks of 10 ms.
    ///
    /// - Parameter event: used as scratch, and left empty.
    /// - Returns: how many processes were found.
    @discardableResult
    public mutating func seedFromSource(through event: inout Event) -> Int {
        var found: [ProcessFacts] = []
        var starts: [UInt32: UInt64] = [:]
        for pid in listProcesses() {
            guard let facts = readFacts(of: pid) else { continue }
            found.append(facts)
            starts[pid] = facts.identity.start
        }
        func identity(_ pid: UInt32) -> ProcessIdentity {
            guard let start = starts[pid] else { return .none }
            return ProcessIdentity(pid: pid, start: start)
        }
        for facts in found {
            seed(
                facts, parent: identity(facts.parent), session: identity(facts.session),
                group: identity(facts.group), through: &event)
        }
        event.reset()
        return found.count
    }

    /// Seeds one process that the kernel's list may leave out.
    public mutating func seedFromSource(_ pid: UInt32, through event: inout Event) {
        guard let facts = readFacts(of: pid) else { return }
        seed(facts, parent: .none, session: .none, group: .none, through: &event)
        event.reset()
    }

    private mutating func seed(
        _ facts: ProcessFacts, parent: ProcessIdentity, session: ProcessIdentity, group: ProcessIdentity,
        through event: inout Event
    ) {
        event.reset()
        event.header.kind = .exec
        event.header.process = facts.identity
        event.header.parent = parent
        event.header.sessionLeader = session
        event.header.groupLeader = group
        event.set(.processThreadName, text: facts.threadName.span)
        event.set(.processUserID, integer: Int64(facts.effectiveUser))
        event.set(.processRealUserID, integer: Int64(facts.realUser))
        event.set(.processGroupID, integer: Int64(facts.effectiveGroup))
        event.set(.processRealGroupID, integer: Int64(facts.realGroup))
        event.set(.processInteractive, boolean: facts.terminalMajor != 0)
        event.set(.processTTYMajor, integer: Int64(facts.terminalMajor))
        event.set(.processTTYMinor, integer: Int64(facts.terminalMinor))
        readTexts(of: facts.identity, into: &event)
        seed(&event, startInTicks: true)
    }
}
