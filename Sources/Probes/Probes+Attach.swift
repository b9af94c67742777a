public import Events

extension Probes {
    /// Attaches a program that has no alternative: exec, fork or exit.
    public mutating func attach(_ program: ProbeProgram) throws(ProbeError) {
        guard let fact = program.fact else { return }
        if let refusal = tryAttach(program) {
            note(fact, [.init(hook: .tracepoint, program: program, outcome: .refusedAtAttach(refusal))], nil)
            throw .attach(program, code: refusal.code, log: refusal.message)
        }
        note(fact, [.init(hook: .tracepoint, program: program, outcome: .attached)], .tracepoint)
    }

    public mutating func detach(_ program: ProbeProgram) {
        links.remove(program)
        if let fact = program.fact { note(fact, [], nil) }
    }

    /// Attaches the first connect hook of a ladder that this kernel takes, and
    /// then lets go of the one in use before. If none can be had, that one stays.
    ///
    /// An attach that succeeds proves nothing: fire the hook, and look whether
    /// its counter moved. If not, call again with the rest of the ladder.
    @discardableResult
    public mutating func attachConnect(_ family: AddressFamily, _ ladder: [Hook]) -> AttachReport {
        let fact = ProbeFact.connect(family)
        var attempts: [AttachReport.Attempt] = []
        for hook in ladder {
            let attempt = tryAttach(hook, family)
            attempts.append(attempt)
            guard attempt.outcome == .attached else { continue }
            let old = report(fact).chosen
            settings.setConnectHook(family, UInt32(hook.rawValue))
            note(fact, attempts, hook)
            if let old, old != hook { release(old, family) }
            return report(fact)
        }
        note(fact, attempts, report(fact).chosen)
        return report(fact)
    }

    /// Attaches a connect hook beside the one in use: it writes no records, and
    /// the counter `standby` tells whether it fires. `attachConnect` puts it to
    /// use, `release` lets go of it.
    ///
    /// - Returns: whether this kernel takes it.
    public mutating func attachStandby(_ family: AddressFamily, _ hook: Hook) -> Bool {
        tryAttach(hook, family).outcome == .attached
    }

    /// Lets go of a connect hook that is not the one in use.
    public mutating func releaseStandby(_ family: AddressFamily, _ hook: Hook) {
        if report(.connect(family)).chosen != hook { release(hook, family) }
    }

    /// Attaches a program anew whose link does not do what it should.
    public mutating func reattach(_ program: ProbeProgram) throws(ProbeError) {
        links.remove(program)
        try attach(program)
    }

    public mutating func detachConnect(_ family: AddressFamily) {
        let fact = ProbeFact.connect(family)
        guard let hook = report(fact).chosen else { return }
        settings.setConnectHook(family, 0)
        note(fact, [], nil)
        release(hook, family)
    }

    /// What was tried for a fact, and what is in use.
    public func report(_ fact: ProbeFact) -> AttachReport { attachments[Int(fact.rawValue)] }

    private mutating func note(_ fact: ProbeFact, _ attempts: [AttachReport.Attempt], _ chosen: Hook?) {
        attachments[Int(fact.rawValue)].attempts = attempts
        attachments[Int(fact.rawValue)].chosen = chosen
    }

    /// Attaches all programs of a hook, or none.
    private mutating func tryAttach(_ hook: Hook, _ family: AddressFamily) -> AttachReport.Attempt {
        let programs = hook.programs(family)
        var fresh: [ProbeProgram] = []
        if let failure = require(ProgramGroup(hook)) {
            return .init(
                hook: hook, program: programs.first ?? .connectTracepoint, outcome: .refusedAtLoad(failure))
        }
        for program in programs {
            if let refusal = refusals[program] {
                return .init(hook: hook, program: program, outcome: .refusedAtLoad(refusal))
            }
            if links.has(program) { continue }
            if let refusal = tryAttach(program) {
                for program in fresh { links.remove(program) }
                return .init(hook: hook, program: program, outcome: .refusedAtAttach(refusal))
            }
            fresh.append(program)
        }
        return .init(hook: hook, program: programs.first ?? .connectTracepoint, outcome: .attached)
    }

    private mutating func tryAttach(_ program: ProbeProgram) -> Refusal? {
        if links.has(program) { return nil }
        if let failure = require(ProgramGroup(program)) { return failure }
        if let refusal = refusals[program] { return refusal }
        guard let group = groups[ProgramGroup(program)] else { return Refusal(code: 0, message: "") }
        do throws(Refusal) {
            links.set(program, try group.object.attach(program))
            return nil
        } catch {
            return error
        }
    }

    /// Loads a group that was not needed before. Says why it could not be, other
    /// than by refusals of its programs.
    private mutating func require(_ group: ProgramGroup?) -> Refusal? {
        guard let group, groups[group] == nil,
            !group.programs.allSatisfy({ refusals[$0] != nil })
        else { return nil }
        let result = loader.load(group)
        groups.merge(result.groups) { _, new in new }
        refusals.merge(result.refusals) { _, new in new }
        switch result.failure {
        case .load(_, let code, let log), .objectUnreadable(let code, let log):
            return Refusal(code: code, message: log)
        case .map(let name, let code), .mapping(let name, let code):
            return Refusal(code: code, message: name)
        case .some(let error): return Refusal(code: 0, message: "\(error)")
        case nil: return nil
        }
    }

    /// Detaches the programs of a hook, except for one that both families share
    /// and the other still needs.
    private mutating func release(_ hook: Hook, _ family: AddressFamily) {
        let other: AddressFamily = family == .v4 ? .v6 : .v4
        let shared = report(.connect(other)).chosen == hook ? hook.programs(other) : []
        for program in hook.programs(family) where !shared.contains(program) {
            links.remove(program)
        }
    }
}

extension ProbeProgram {
    /// The fact of a program that is alone in reporting it.
    fileprivate var fact: ProbeFact? {
        switch self {
        case .exec: .exec
        case .fork: .fork
        case .exit: .exit
        default: nil
        }
    }
}
