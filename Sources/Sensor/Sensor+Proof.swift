internal import Detection
internal import ECS
internal import EQL
internal import Events
internal import Lab
internal import Logging
internal import Platform
internal import Probes

// An attach that succeeds proves nothing: some kernels attach hooks that never
// fire. The canary starts a program and opens connections in a network of its
// own, and a hook counts only when its events have come through.

extension Sensor {
    /// Waits until each hook has fired; where a connect hook stays silent, goes
    /// down the ladder.
    mutating func prove() throws(SensorError) {
        while true {
            let silent = try fireCanary()
            if silent.isEmpty { return }
            var hasFallback = false
            for fact in silent {
                guard let family = fact.family, let chosen = probes.report(fact).chosen else { continue }
                let rest = Array(options.hooks.ladder.drop { $0 != chosen }.dropFirst())
                log.warning(
                    "hook attached but silent", metadata: ["event": "\(fact.name)", "hook": "\(chosen.name)"])
                probes.detachConnect(family)
                if probes.attachConnect(family, rest).chosen != nil { hasFallback = true }
            }
            guard hasFallback, silent.allSatisfy({ $0.family != nil }) else { throw .silent(silent) }
        }
    }

    /// Fires once, and returns the facts that did not come through.
    private mutating func fireCanary() throws(SensorError) -> [ProbeFact] {
        pipeline.proof.expect()
        var firing: Canary.Firing?
        do throws(LabError) {
            for attempt in 1...3 {
                try canary.request()
                firing = try canary.collect(timeout: .seconds(2))
                if firing?.isComplete ?? false { break }
                if attempt == 3 { throw .notFired }
            }
        } catch {
            throw .canary(error)
        }
        let hasV6 = firing.map { $0.connected6 == Sensor.refused } ?? false
        let deadline = Clock.monotonic() + Sensor.proofPatience
        while true {
            drain()
            let proof = pipeline.proof
            var silent: [ProbeFact] = []
            if !proof.sawExec { silent.append(.exec) }
            if !proof.sawFork { silent.append(.fork) }
            if !proof.sawConnect4 { silent.append(.connect4) }
            if hasV6, !proof.sawConnect6 { silent.append(.connect6) }
            if silent.isEmpty || Clock.monotonic() >= deadline { return silent }
            Clock.sleep(nanoseconds: 500_000)
        }
    }

    /// ECONNREFUSED: nobody listens where the canary connects to.
    static let refused: Int32 = 111
    private static let proofPatience: Int64 = 100_000_000

    /// Event families and the hooks that supply them, as `ready` names them.
    var hookText: String {
        hooksInUse.map { "\($0.family)=\($0.hook)" }.joined(separator: " ")
    }

    /// A rule that asks for what a hook in use cannot know never matches: that is
    /// not to pass in silence.
    func warnOfUnknowable() {
        let fields = rules.requirement.fields
        let names = [Field.eventOutcome, .errorCode, .sourcePort].filter(fields.contains).map(\.name)
        let isBlind = AddressFamily.allCases.contains {
            probes.report($0 == .v4 ? .connect4 : .connect6).chosen == .tracepoint
        }
        guard isBlind, !names.isEmpty else { return }
        log.warning(
            "rules test \(names.joined(separator: ", ")): the tracepoint hook does not know that of connections"
        )
    }
}

extension ProbeFact {
    /// The address family of a connect hook.
    var family: AddressFamily? {
        switch self {
        case .connect4: .v4
        case .connect6: .v6
        case .exec, .fork, .exit: nil
        }
    }
}
