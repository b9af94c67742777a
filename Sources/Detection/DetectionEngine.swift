internal import EQL
public import Events

/// What an event can become.
public struct Prospect: Sendable, Equatable {
    /// For how long, in nanoseconds from its time, a match may need its evidence:
    /// 0 if it is needed now or never, `Int64.max` if there is no limit.
    public var span: Int64
}

/// Runs rules over events, one event at a time, in one thread.
///
/// Between two calls nothing is allocated, locked or retained, once memory has
/// grown to the largest use; it never grows beyond the limits.
public struct DetectionEngine: ~Copyable {
    public let rules: RuleSet
    private var plan: EnginePlan
    private var state: SequenceState
    /// The first are the steps whose condition the event at hand satisfies.
    private var hits: [Int32]
    private var hitCount = 0
    /// Memory that the index works in.
    private var candidates: [UInt64]

    public init(rules: RuleSet, limits: DetectionLimits = DetectionLimits()) {
        self.init(rules: rules, limits: limits, unindexedSteps: EnginePlan.unindexedSteps)
    }

    /// - Parameter unindexedSteps: up to how many steps are all tried.
    package init(rules: RuleSet, limits: DetectionLimits, unindexedSteps: Int) {
        self.rules = rules
        plan = EnginePlan(rules.rules, unindexedSteps: unindexedSteps)
        candidates = [UInt64](repeating: 0, count: plan.scratchCount)
        state = SequenceState(plan, rules: rules.rules.count, limits: limits)
        hits = [Int32](repeating: 0, count: plan.steps.count)
    }

    /// Tells what all later events of one kind have in common: the kind and all
    /// values of an example, which are not tested again. What such events have
    /// beside these may differ.
    public mutating func settle(by example: borrowing Event) {
        plan.settle(by: example)
    }

    /// Lets an event pass all rules. Its `header.time` orders it; what is due
    /// before that time is reported first.
    public mutating func process<Sink: MatchSink & ~Copyable>(
        _ event: borrowing Event, into sink: inout Sink
    ) {
        _ = examine(event, into: &sink)
        apply(event, into: &sink)
    }

    /// First half of `process`: finds the stages that the event satisfies, and
    /// reports what is due before it. Says what the event can become, nil if it
    /// cannot become part of a match; `apply` is due either way.
    public mutating func examine<Sink: MatchSink & ~Copyable>(
        _ event: borrowing Event, into sink: inout Sink
    ) -> Prospect? {
        if state.begin(event.header.time) { reportWaiting(dueOnly: true, into: &sink) }
        hitCount = plan.evaluate(event, into: &hits, using: &candidates)
        var prospect: Prospect?
        for index in 0..<hitCount {
            let step = plan.steps[Int(hits[index])]
            switch step.action {
            case .single, .open: break
            case .advance: guard state.awaits(step, plan, event) else { continue }
            case .blockBefore, .blockBetween, .blockAfter, .until: continue
            }
            prospect = Prospect(span: max(prospect?.span ?? 0, plan.span(after: step)))
        }
        return prospect
    }

    /// Second half of `process`, with the same event.
    public mutating func apply<Sink: MatchSink & ~Copyable>(
        _ event: borrowing Event, into sink: inout Sink
    ) {
        for index in 0..<hitCount {
            let step = plan.steps[Int(hits[index])]
            let isExcepted = canTake(step, event) && sink.excepts(event, rule: Int(step.rule))
            if state.apply(step, plan, event, isExcepted: isExcepted) { sink.matched(&state.match) }
        }
    }

    /// Whether a step could use up or replace a pending match.
    private mutating func canTake(_ step: EnginePlan.Step, _ event: borrowing Event) -> Bool {
        switch step.action {
        case .open: !step.isLast
        case .advance: state.awaits(step, plan, event)
        case .single, .blockBefore, .blockBetween, .blockAfter, .until: false
        }
    }

    /// Notes that time has passed without events: reports sequences that end
    /// with a missing event whose span is over. No event that happened up to
    /// that time may follow.
    public mutating func advance<Sink: MatchSink & ~Copyable>(to time: Int64, into sink: inout Sink) {
        if state.advance(to: time) { reportWaiting(dueOnly: true, into: &sink) }
        for sequence in plan.sequences.indices {
            state.dropExpired(sequence, slack: state.limits.lateness, atMost: 256)
        }
    }

    /// Reports all sequences that only wait for their span to pass, as if no
    /// event would ever follow.
    public mutating func flush<Sink: MatchSink & ~Copyable>(into sink: inout Sink) {
        reportWaiting(dueOnly: false, into: &sink)
    }

    private mutating func reportWaiting<Sink: MatchSink & ~Copyable>(
        dueOnly: Bool, into sink: inout Sink
    ) {
        while state.takeWaiting(plan, dueOnly: dueOnly) { sink.matched(&state.match) }
    }

    /// Goes on where another engine stopped: takes over its counters, and what is
    /// pending of rules that both have, unchanged. What is pending of others is
    /// gone with them.
    public mutating func adopt(_ other: borrowing DetectionEngine) {
        let origins = rules.rules.map { rule in
            other.rules.rules.firstIndex { $0.id == rule.id && $0.text == rule.text }
        }
        var sequences = [Int32?](repeating: nil, count: other.plan.sequences.count)
        for index in plan.sequences.indices {
            guard let origin = origins[Int(plan.sequences[index].rule)] else { continue }
            let found = other.plan.sequences.firstIndex { Int($0.rule) == origin }
            if let found { sequences[found] = Int32(index) }
        }
        // a process is named by a number or by a text, as all rules together need it
        let areAlike = rules.requirement.identityTexts == other.rules.requirement.identityTexts
        state.adopt(other.state, rules: origins, sequences: sequences, keysAreAlike: areAlike)
    }

    // MARK: What happened

    public var counters: DetectionCounters { state.counters }

    /// By index of the rule.
    public var ruleCounters: [RuleCounters] { state.ruleCounters }

    /// Number of pending matches.
    public var pendingCount: Int { state.table.count }

    /// Bytes that pending matches take.
    public var pendingBytes: Int { state.pool.used * BlockPool.blockSize }
}
