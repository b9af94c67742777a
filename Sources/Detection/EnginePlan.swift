internal import EQL
internal import Events

/// The rules as the engine visits them: flat arrays, made once at load.
struct EnginePlan: ~Copyable {
    /// What an event that satisfies a stage does.
    enum Action: UInt8 {
        /// Completes a rule of one event.
        case single
        /// Is the first event of a sequence.
        case open
        /// Is the next event of a sequence.
        case advance
        /// Must not be: before the first, between two, after the last.
        case blockBefore, blockBetween, blockAfter
        /// Ends what is pending.
        case until
    }

    /// One stage of one rule.
    struct Step {
        var action: Action
        var rule: Int32
        /// Index into `sequences`; -1 for rules of one event.
        var sequence: Int32 = -1
        var stage: Int16 = 0
        /// The stage before that is not a missing event.
        var previous: Int16 = -1
        /// Nothing but missing events follows.
        var isLast = false
        var keys: Range<Int32> = 0..<0
    }

    /// What is common to the stages of one sequence.
    struct Sequence {
        var rule: Int32
        /// Nanoseconds; `Int64.max` if there is no limit.
        var maxspan: Int64
        /// Index of the first step, stages in order.
        var firstStep: Int32
        var stageCount: Int16
        var hasLeadingMissing = false
        var hasTrailingMissing = false
        /// The last stage that is not a missing event.
        var lastPositive: Int16 = 0
    }

    private(set) var steps: [Step] = []
    private(set) var programs: [Program] = []
    private(set) var keys: [StageKey] = []
    private(set) var sequences: [Sequence] = []
    /// The sequences that end with a missing event.
    private(set) var trailing: [Int32] = []
    /// Steps in the order in which an event tries them, kind after kind.
    private(set) var visits: [Int32] = []
    /// Where the program of each visit begins.
    private var entries: [UInt16] = []
    /// The part of `visits` for each `EventKind`.
    private(set) var visitRanges: [Range<Int>] = []
    /// The largest number of events that a match can have.
    private(set) var mostEvents = 1
    /// Which visits of each `EventKind` an event may satisfy.
    private var indexes = InlineArray<5, ConditionIndex> { _ in ConditionIndex([]) }
    private var isIndexed = InlineArray<5, Bool>(repeating: false)

    /// Up to this number of steps it is cheaper to try them all.
    static let unindexedSteps = 3

    /// - Parameter unindexedSteps: no index is made for a kind of events with
    ///   no more steps than these.
    init(_ rules: [Rule], unindexedSteps: Int = EnginePlan.unindexedSteps) {
        var requirements: [Requirement] = []
        var needs: [[Need]] = []
        // the steps of a rule in the order of trial: last stage first, so that
        // one event never is two stages of one match; then `until`
        var trials: [Int32] = []
        for (index, rule) in rules.enumerated() {
            let query = rule.query
            switch query.shape {
            case .event:
                guard let stage = query.stages.first else { continue }
                trials.append(Int32(steps.count))
                requirements.append(stage.requirement)
                needs.append(stage.needs)
                add(Step(action: .single, rule: Int32(index)), stage)
            case .sequence:
                guard query.stages.contains(where: { !$0.isMissing }) else { continue }
                let first = Int32(steps.count)
                add(query, rule: Int32(index))
                requirements += query.stages.map(\.requirement)
                needs += query.stages.map(\.needs)
                trials += (first..<(first + Int32(query.stages.count))).reversed()
                if let until = query.until {
                    trials.append(Int32(steps.count))
                    requirements.append(until.requirement)
                    needs.append(until.needs)
                    let step = Step(
                        action: .until, rule: Int32(index), sequence: Int32(sequences.count - 1), stage: -1)
                    add(step, until)
                }
                mostEvents = max(mostEvents, query.stages.count)
            }
        }
        for kind in [EventKind.document, .exec, .fork, .exit, .connect] {
            let start = visits.count
            let live = kind.requirement
            visits += trials.filter { requirements[Int($0)].kinds.isSuperset(of: live) }
            visitRanges.append(start..<visits.count)
        }
        entries = visits.map { programs[Int($0)].entry }
        let (visits, ranges) = (visits, visitRanges)
        isIndexed = InlineArray { ranges[$0].count > unindexedSteps }
        indexes = InlineArray { kind in
            ConditionIndex(
                ranges[kind].count > unindexedSteps ? visits[ranges[kind]].map { needs[Int($0)] } : [])
        }
    }

    /// How long a match may need the evidence of an event that satisfies a step:
    /// nanoseconds, 0 if it is complete with it.
    func span(after step: Step) -> Int64 {
        guard step.action != .single else { return 0 }
        let sequence = sequences[Int(step.sequence)]
        return step.isLast && !sequence.hasTrailingMissing ? 0 : sequence.maxspan
    }

    /// Leaves out what the values of an example settle for all events of its kind.
    mutating func settle(by example: borrowing Event) {
        for visit in visitRanges[Int(example.header.kind.rawValue)] {
            entries[visit] = programs[Int(visits[visit])].entry(settledBy: example)
        }
    }

    /// Words of memory that `evaluate` works in.
    var scratchCount: Int {
        var most = 0
        for kind in indexes.indices { most = max(most, indexes[kind].scratchCount) }
        return most
    }

    /// Finds the steps whose condition an event satisfies.
    ///
    /// - Parameter hits: room for all steps; these come first, in the order in
    ///   which they are to be applied.
    /// - Returns: how many they are.
    func evaluate(
        _ event: borrowing Event, into hits: inout [Int32], using candidates: inout [UInt64]
    ) -> Int {
        let programs = self.programs.span
        let visits = self.visits.span
        let entries = self.entries.span
        let kind = Int(event.header.kind.rawValue)
        let range = visitRanges[kind]
        var count = 0
        guard isIndexed[kind] else {
            for visit in range where event.satisfies(programs, at: Int(visits[visit]), from: entries[visit]) {
                hits[count] = visits[visit]
                count += 1
            }
            return count
        }
        indexes[kind].select(event, into: &candidates)
        for word in 0..<indexes[kind].wordCount {
            var rest = candidates[word]
            while rest != 0 {
                let visit = range.lowerBound + 64 * word + rest.trailingZeroBitCount
                rest &= rest &- 1
                if event.satisfies(programs, at: Int(visits[visit]), from: entries[visit]) {
                    hits[count] = visits[visit]
                    count += 1
                }
            }
        }
        return count
    }

    private mutating func add(_ query: CompiledQuery, rule: Int32) {
        let positives = query.stages.indices.filter { !query.stages[$0].isMissing }
        guard let firstPositive = positives.first, let lastPositive = positives.last else { return }
        let index = Int32(sequences.count)
        sequences.append(
            Sequence(
                rule: rule, maxspan: query.maxspan ?? .max, firstStep: Int32(steps.count),
                stageCount: Int16(query.stages.count), hasLeadingMissing: firstPositive > 0,
                hasTrailingMissing: lastPositive < query.stages.count - 1,
                lastPositive: Int16(lastPositive)))
        if lastPositive < query.stages.count - 1 { trailing.append(index) }
        for (number, stage) in query.stages.enumerated() {
            let previous = positives.last { $0 < number }
            let action: Action =
                if stage.isMissing {
                    number < firstPositive
                        ? .blockBefore : number > lastPositive ? .blockAfter : .blockBetween
                } else {
                    number == firstPositive ? .open : .advance
                }
            add(
                Step(
                    action: action, rule: rule, sequence: index, stage: Int16(number),
                    previous: Int16(previous ?? -1), isLast: number == lastPositive),
                stage)
        }
    }

    private mutating func add(_ step: Step, _ stage: Stage) {
        var step = step
        let start = Int32(keys.count)
        keys += stage.keys.map(StageKey.init)
        step.keys = start..<Int32(keys.count)
        steps.append(step)
        programs.append(stage.program)
    }
}

extension EventKind {
    /// What a stage must admit for an event of this kind to be able to match.
    /// What a stage demands of live events says nothing about documents.
    fileprivate var requirement: Requirement.Kinds {
        switch self {
        case .document: []
        case .exec: .exec
        case .fork: .fork
        case .exit: .exit
        case .connect: .connect
        }
    }
}
