internal import ECS
internal import Events
internal import Lab
internal import Logging
internal import Platform
internal import Probes

// Hooks that fired once may fall silent: tracing may be switched off, or the
// kernel's list of addresses emptied. So the canary keeps firing, and what does
// not come through any more is replaced; a better hook is taken back when it
// fires again.

extension Sensor {
    /// Once a second: takes the continuous proof one step on.
    mutating func keepProving() {
        let now = Clock.monotonic()
        switch proving.phase {
        case .resting(let due):
            if now >= due { startRound(now) }
        case .asked(let since):
            awaitAnswer(since, now)
        case .answered(_, let hasV6):
            let silent = silentFacts(hasV6: hasV6)
            if silent.isEmpty {
                endRound(now, hasV6: hasV6)
            } else if proving.isOver(at: now) {
                if proving.asksAgain { ask(now) } else { remedy(silent, now) }
            }
        case .ended: break
        }
    }

    private mutating func startRound(_ now: Int64) {
        restoreFilter()
        forgetRegulars()
        if proving.candidates.isEmpty { attachCandidates() }
        ask(now)
    }

    private mutating func ask(_ now: Int64) {
        pipeline.proof.expect()
        do throws(LabError) {
            try canary.request()
            proving.ask(at: now)
        } catch {
            endProof()
        }
    }

    private mutating func awaitAnswer(_ since: Int64, _ now: Int64) {
        do throws(LabError) {
            let firing = try canary.collect(timeout: .zero)
            guard firing.isComplete else {
                // what was not done says nothing of hooks
                tellTrouble("the canary could not start a program and connect")
                return proving.rest(from: now)
            }
            proving.toldOfTrouble = false
            proving.noteAnswer(at: now, hasV6: firing.connected6 == Sensor.refused)
        } catch .noAnswer {
            if now - since > ProvingState.answerPatience { tellTrouble("the canary does not answer") }
        } catch {
            endProof()
        }
    }

    /// Says once that hooks cannot be proven at present.
    private mutating func tellTrouble(_ reason: String) {
        guard !proving.toldOfTrouble else { return }
        proving.toldOfTrouble = true
        let message = "\(reason): hooks cannot be proven at present"
        log.warning("\(message)")
        report("hook_changed", message: message)
    }

    private mutating func endProof() {
        proving.end()
        proving.silences += 1
        log.error("the canary has ended: hooks are not proven any more")
        report("hook_changed", message: "the canary has ended: hooks are not proven any more")
    }

    private func silentFacts(hasV6: Bool) -> [ProbeFact] {
        let proof = pipeline.proof
        return ProbeFact.allCases.filter { fact in
            switch fact {
            case .exec: !proof.sawExec
            case .fork: !proof.sawFork
            case .connect4: !proof.sawConnect4
            case .connect6: hasV6 && !proof.sawConnect6
            case .exit: false
            }
        }
    }

    /// Somebody may have changed what the kernel lets through.
    private mutating func restoreFilter() {
        do throws(ProbeError) {
            guard try probes.restoreDestinations() else { return }
        } catch {
            log.error("the kernel's list of addresses cannot be read", metadata: ["error": "\(error)"])
            return
        }
        proving.silences += 1
        log.error("the kernel's list of addresses was changed by somebody else, and is restored")
        report(
            "hook_changed",
            message: "the kernel's list of addresses was changed by somebody else, and is restored")
    }

    /// What the kernel was told once, by whomever, does not count for ever.
    mutating func forgetRegulars() {
        pipeline.forgetRegulars()
        do throws(ProbeError) {
            try probes.forgetRegulars()
        } catch {
            log.error("the kernel's list of processes cannot be read", metadata: ["error": "\(error)"])
        }
    }

    // MARK: Down the ladder

    private mutating func remedy(_ silent: [ProbeFact], _ now: Int64) {
        dropCandidates()
        // where the ring is full, records of the canary are lost like others
        let lossesBefore = kernelCounters.total(.dropped)
        if let latest = try? probes.counters() { kernelCounters = latest }
        let isOverloaded = kernelCounters.total(.dropped) > lossesBefore
        var changes: [String] = []
        var hasChanged = false
        for fact in silent where !(isOverloaded && fact.family == nil) {
            let old = probes.report(fact).chosen
            if let replacement = replace(fact) {
                proving.told.remove(fact)
                proving.silences += 1
                hasChanged = true
                changes.append("\(fact.name): \(old?.name ?? "none") is silent, now \(replacement)")
            } else if proving.told.insert(fact).inserted {
                proving.silences += 1
                changes.append("\(fact.name): \(old?.name ?? "none") is silent, and there is no other hook")
            }
        }
        if hasChanged { proving.hurry(from: now) } else { proving.rest(from: now) }
        tell(changes)
    }

    /// Attaches the next hook of the ladder, and returns what it is.
    private mutating func replace(_ fact: ProbeFact) -> String? {
        guard let family = fact.family else {
            let program: ProbeProgram = fact == .fork ? .fork : .exec
            do throws(ProbeError) {
                try probes.reattach(program)
            } catch {
                log.error("cannot attach anew", metadata: ["event": "\(fact.name)", "error": "\(error)"])
                return nil
            }
            return proving.told.contains(fact) ? nil : "attached anew"
        }
        let rest = options.hooks.ladder.drop { $0 != probes.report(fact).chosen }.dropFirst()
        guard !rest.isEmpty else { return nil }
        let old = probes.report(fact).chosen
        let new = probes.attachConnect(family, Array(rest)).chosen
        return new == old ? nil : new?.name
    }

    private mutating func tell(_ changes: [String]) {
        guard !changes.isEmpty else { return }
        let message = changes.joined(separator: "; ")
        log.warning("\(message)")
        report("hook_changed", message: message)
    }

    // MARK: Up the ladder

    /// Attaches one better hook of each family beside the one in use.
    private mutating func attachCandidates() {
        for family in AddressFamily.allCases {
            guard let chosen = probes.report(.connect(family)).chosen else { continue }
            let better = options.hooks.ladder.prefix { $0 != chosen }
            guard !better.isEmpty else { continue }
            let hook = better[proving.turn % better.count]
            guard probes.attachStandby(family, hook),
                let before = try? probes.counter(.connect(family), .standby)
            else { continue }
            proving.candidates.append((family, hook, before))
        }
        proving.turn += 1
    }

    private mutating func endRound(_ now: Int64, hasV6: Bool) {
        var changes: [String] = []
        for fact in proving.told where fact != .connect6 || hasV6 {
            proving.told.remove(fact)
            changes.append("\(fact.name): fires again")
        }
        for candidate in proving.candidates {
            let fact = ProbeFact.connect(candidate.family)
            let count = (try? probes.counter(fact, .standby)) ?? 0
            guard count > candidate.before else {
                probes.releaseStandby(candidate.family, candidate.hook)
                continue
            }
            let old = probes.report(fact).chosen?.name ?? "none"
            probes.attachConnect(candidate.family, [candidate.hook])
            changes.append("\(fact.name): \(candidate.hook.name) fires again, and replaces \(old)")
        }
        let isBetter = !proving.candidates.isEmpty && !changes.isEmpty
        proving.candidates = []
        // what was taken back must prove itself at once
        if isBetter { proving.hurry(from: now) } else { proving.rest(from: now) }
        tell(changes)
    }

    private mutating func dropCandidates() {
        for candidate in proving.candidates { probes.releaseStandby(candidate.family, candidate.hook) }
        proving.candidates = []
    }
}
