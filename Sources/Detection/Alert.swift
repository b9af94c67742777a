public import Events

/// A match that is to be told, as a value: what the encoders read.
public struct Alert: Sendable {
    /// Index into the rule set that was loaded when it was found.
    public let ruleIndex: Int
    /// Counts alerts since the sensor started.
    public let sequence: UInt64
    /// When the alert was made, in nanoseconds since 1970, UTC.
    public let created: Int64
    /// The matched events, in order; at least one.
    public let events: [EventSnapshot]
    /// Parent, grandparent and so on of the process of the last event.
    public let ancestry: [AncestryEntry]
    /// Name of the exception that suppresses it; told only on request.
    public let suppressedBy: String?
    /// Asked for by `--test-alert`.
    public let isTest: Bool

    public init(
        ruleIndex: Int, sequence: UInt64, created: Int64, events: [EventSnapshot],
        ancestry: [AncestryEntry] = [], suppressedBy: String? = nil, isTest: Bool = false
    ) {
        self.ruleIndex = ruleIndex
        self.sequence = sequence
        self.created = created
        self.events = events
        self.ancestry = ancestry
        self.suppressedBy = suppressedBy
        self.isTest = isTest
    }

    /// Whether the program that started is the one that acted last: the first
    /// process event's process is the last event's. Nil where events do not say.
    public var sameProcess: Bool? {
        guard let last = events.last, let first = events.first(where: \.isProcessEvent) else { return nil }
        if first.header.process.isKnown, last.header.process.isKnown {
            return first.header.process == last.header.process
        }
        if let one = first.firstText(.processEntityID), let other = last.firstText(.processEntityID) {
            return one == other
        }
        guard let one = first.integers(.processPID).first, let other = last.integers(.processPID).first
        else { return nil }
        return one == other
    }
}

extension EventSnapshot {
    fileprivate var isProcessEvent: Bool {
        switch header.kind {
        case .exec, .fork, .exit: true
        case .connect: false
        case .document: texts(.eventCategory).contains { $0.elementsEqual("process".utf8) }
        }
    }
}
