internal import Events
internal import Probes

/// Where the continuous proof of the hooks stands. Pure: times come in,
/// decisions go out.
///
/// Every `interval` the canary is asked to fire. What does not come through
/// within `patience` of its answer is asked for once more before it counts as
/// silent: from the moment it falls silent to the remedy it is half a minute.
struct ProvingState: Sendable {
    enum Phase: Sendable, Equatable {
        /// Until this time.
        case resting(Int64)
        /// The canary was asked at this time.
        case asked(Int64)
        /// It answered at this time; a host without IPv6 has no such hook to prove.
        case answered(Int64, hasV6: Bool)
        /// It has ended: nothing is proven any more.
        case ended
    }

    private(set) var phase = Phase.resting(0)
    /// How often a hook, or the kernel's list of addresses, was found not to work.
    var silences: UInt64 = 0
    /// The canary could not fire, or did not answer, and that was told.
    var toldOfTrouble = false
    /// Facts for which nothing fires, and which have been told.
    var told: Set<ProbeFact> = []
    /// Better hooks that are attached to see whether they fire, with what their
    /// counter said before.
    var candidates: [(family: AddressFamily, hook: Hook, before: UInt64)] = []
    /// Which of the better hooks is looked at next.
    var turn = 0
    private(set) var attempt = 0

    static let interval: Int64 = 20_000_000_000
    static let patience: Int64 = 2_000_000_000
    /// For the canary's answer.
    static let answerPatience: Int64 = 10_000_000_000
    static let attempts = 2

    /// Starts over after the interval.
    mutating func rest(from now: Int64) {
        phase = .resting(now + ProvingState.interval)
        attempt = 0
    }

    /// Asks again at the next tick.
    mutating func hurry(from now: Int64) {
        phase = .resting(now)
        attempt = 0
    }

    mutating func ask(at now: Int64) {
        phase = .asked(now)
        attempt += 1
    }

    mutating func noteAnswer(at now: Int64, hasV6: Bool) { phase = .answered(now, hasV6: hasV6) }

    mutating func end() { phase = .ended }

    /// Nothing more may come in this round.
    func isOver(at now: Int64) -> Bool {
        guard case .answered(let since, _) = phase else { return false }
        return now - since >= ProvingState.patience
    }

    /// Whether to ask once more before what is silent counts as such.
    var asksAgain: Bool { attempt < ProvingState.attempts }
}
