internal import Detection
internal import EQL
internal import Logging
internal import Probes
internal import Processes

extension Sensor {
    /// Replaces rules and exceptions. What the kernel lets through is widened
    /// first and narrowed last, so that no rule, old or new, misses an event.
    /// On any error the old ones stay.
    mutating func apply(_ new: SensorOptions?) {
        guard let new else { return }
        let exceptions = ExceptionSet(new.exceptions, for: new.rules)
        var requirement = new.rules.requirement
        requirement.formUnion(reading: exceptions.requirement)
        let destinations = Sensor.destinations(requirement, all: options.writesEvents)
        let any = requirement.destinations == .any
        do throws(ProbeError) {
            try probes.widenDestinations(to: destinations, any: any)
            if requirement.kinds.contains(.exit) { try probes.attach(.exit) }
            probes.setCapturesEnvironment(requirement.environment != [])
        } catch {
            log.error("reload failed, the old rules stay", metadata: ["error": "\(error)"])
            return
        }
        guard pipeline.sink.send(generation: generations.add(new.rules)) else {
            log.error("reload failed, the old rules stay: the output is blocked")
            return
        }
        pipeline.replaceRules(new, requirement, exceptions)
        rules = new.rules
        do throws(ProbeError) {
            try probes.narrowDestinations(to: destinations, any: any)
        } catch {
            // more is let through than is needed: nothing is missed
            log.warning("the kernel's filter stays wide", metadata: ["error": "\(error)"])
        }
        if !requirement.kinds.contains(.exit) { probes.detach(.exit) }
        report("reloaded")
        log.notice("reloaded", metadata: ["rules": "\(rules.rules.count)"])
    }
}
