internal import Detection
internal import EQL
internal import Logging
internal import Platform
internal import Probes
internal import Processes

extension Sensor {
    /// Replaces rules and exceptions. What the kernel lets through is widened
    /// first and narrowed last, so that no rule, old or new, misses an event; and what
    /// it has sent before is for the old rules, as which it was captured.
    /// On any error the old ones stay.
    mutating func apply(_ reload: Reload) {
        switch reload {
        case .options(let options): replace(options)
        case .refused(let reason): refuseReload(reason)
        }
    }

    /// Somebody believes that other rules are in force now: it is told where
    /// alerts are read, too.
    private mutating func refuseReload(_ reason: String) {
        log.error("reload failed, the old rules stay: \(reason)")
        report("reload_failed", message: "the old rules stay: \(reason)")
    }

    /// Handles what was sent up to now; in a storm, which never ends, what comes
    /// meanwhile as well.
    private mutating func finishWithOldRules() {
        let begin = Clock.boottime()
        Clock.sleep(nanoseconds: Sensor.settling)
        while drain() > 0, Clock.boottime() < begin + Sensor.longestFinish {}
    }

    /// Nanoseconds.
    private static let longestFinish: Int64 = 500_000_000

    private mutating func replace(_ new: SensorOptions) {
        var exceptions = ExceptionSet(new.exceptions, for: new.rules)
        exceptions.keepHits(of: pipeline.sink.exceptions)
        let requirement = Sensor.requirement(of: new.rules, exceptions)
        let old = Sensor.requirement(of: rules, pipeline.sink.exceptions)
        do throws(ProbeError) {
            try probes.widenDestinations(
                to: Sensor.destinations(requirement, all: options.writesEvents),
                any: requirement.destinations == .any)
            if requirement.kinds.contains(.exit) { try probes.attach(.exit) }
            if requirement.environment != [] { probes.setCapturesEnvironment(true) }
            if Sensor.timesForks(requirement, all: options.writesEvents) { probes.setTimesForks(true) }
        } catch {
            narrowKernel(to: old)
            return refuseReload("the kernel refused: \(error)")
        }
        finishWithOldRules()
        guard pipeline.sink.send(generation: generations.add(new.rules)) else {
            narrowKernel(to: old)
            return refuseReload("the output is blocked")
        }
        tellFlood(isLast: true)
        probes.setConnectionWindow(nil, afterForks: true)
        pipeline.replaceRules(new, requirement, exceptions)
        rules = new.rules
        // what the old rules have seen says nothing of the new ones
        forgetRegulars()
        probes.setConnectionWindow(
            Sensor.connectionWindow(rules, all: options.writesEvents), afterForks: rules.forksBeginMatches)
        narrowKernel(to: requirement)
        warnOfUnknowable()
        report("reloaded")
        log.notice("reloaded", metadata: ["rules": "\(rules.rules.count)"])
    }

    private static func requirement(
        of rules: RuleSet, _ exceptions: borrowing ExceptionSet
    ) -> Requirement {
        var requirement = rules.requirement
        requirement.formUnion(reading: exceptions.requirement)
        return requirement
    }

    /// Has the kernel let through what is needed, and no more.
    private mutating func narrowKernel(to requirement: Requirement) {
        do throws(ProbeError) {
            try probes.narrowDestinations(
                to: Sensor.destinations(requirement, all: options.writesEvents),
                any: requirement.destinations == .any)
        } catch {
            // more is let through than is needed: nothing is missed
            log.warning("the kernel's filter stays wide", metadata: ["error": "\(error)"])
        }
        probes.setCapturesEnvironment(requirement.environment != [])
        probes.setTimesForks(Sensor.timesForks(requirement, all: options.writesEvents))
        if !requirement.kinds.contains(.exit) { probes.detach(.exit) }
    }
}
