internal import Detection
internal import Events
internal import Output
internal import Platform
internal import Processes

/// Kinds of messages between the thread that finds and the thread that writes.
enum MessageKind: UInt8 {
    /// An `AlertMessage`.
    case alert = 1
    /// The image of an event.
    case event = 2
    /// A finished line.
    case line = 3
    /// The number of the rule set that later alerts count in: `UInt32`.
    case rules = 4
    /// The new content of the file of metrics.
    case metrics = 5
    /// The image of an event like those that alerts tell of, to prepare with.
    case sample = 6
}

/// What became of matches on their way to the queue.
struct AlertCounters: Sendable {
    /// Alerts handed to the writer, but for those that an exception held back
    /// and that are shown all the same.
    var sent: UInt64 = 0
    /// Matches that an exception held back.
    var suppressed: UInt64 = 0
    /// Alerts held back because there were too many of their kind.
    var flooded: UInt64 = 0
    /// Alerts for which the queue had no room.
    var queueFull: UInt64 = 0
    /// Events for which the queue had no room (`--events`).
    var eventsQueueFull: UInt64 = 0
}

/// Knows more about the events of a match than rules had to.
protocol EvidenceSource: ~Copyable {
    /// Fills what an event can still be told.
    mutating func complete(_ event: inout Event)

    /// Appends the processes above the one of an event as `AncestryEntry`s.
    mutating func appendAncestry(of event: borrowing Event, to arena: inout ByteArena)
}

/// Documents say all that is known.
struct NoEvidence: EvidenceSource {
    mutating func complete(_ event: inout Event) {}
    mutating func appendAncestry(of event: borrowing Event, to arena: inout ByteArena) {}
}

extension ProcessTable: EvidenceSource {
    mutating func appendAncestry(of event: borrowing Event, to arena: inout ByteArena) {
        ancestry(of: event.header.process, held: event.header.evidence, into: &arena)
    }
}

/// Takes matches from the engine, holds back what is to be held back, completes
/// the rest and hands it to the writer. Allocates nothing in steady state.
struct AlertSink<Outlet: MessageOutlet, Evidence: EvidenceSource & ~Copyable>: ~Copyable, MatchSink {
    private(set) var counters = AlertCounters()
    var evidence: Evidence
    var exceptions: ExceptionSet
    var limiter: AlertLimiter
    /// The processes above that of the last event of a match, as `AncestryEntry`s.
    private var ancestry = ByteArena(capacity: 4096, limit: 64 * 1024)
    /// The time of the event that is tried, in nanoseconds since 1970, UTC.
    var now: Int64 = 0
    /// Live: what makes UTC of the time since boot. A match that waited for something
    /// not to happen is told while another event is tried.
    var utcOffset: Int64?
    /// When alerts are made, if that is another time.
    var created: Int64?
    /// Exceptions may read what was not filled in for rules and exceptions before them.
    var completesFirst = false
    /// Matches that are being reported are a test of the output.
    var isTest = false
    /// How often an exception kept an event from advancing what is pending.
    private(set) var exceptedEvents: UInt64 = 0
    /// The number of the last alert, shown ones that were held back among them.
    private var sequence: UInt64 = 0

    private let showsSuppressed: Bool
    private let queue: Outlet
    private var message = ByteArena(capacity: 64 * 1024, limit: MessageQueue.longestMessage)
    private var event = Event()

    init(
        evidence: consuming Evidence, exceptions: consuming ExceptionSet,
        limiter: consuming AlertLimiter, showsSuppressed: Bool, queue: Outlet
    ) {
        self.evidence = evidence
        self.exceptions = exceptions
        self.limiter = limiter
        self.showsSuppressed = showsSuppressed
        self.queue = queue
    }

    mutating func matched(_ match: inout Match) {
        if let utcOffset { now = Clock.boottime() + utcOffset }
        if completesFirst { complete(&match) }
        if let exception = exceptions.suppression(of: match, at: now) {
            counters.suppressed += 1
            guard showsSuppressed else { return }
            if !completesFirst { complete(&match) }
            let name = exceptions.exceptions[exception].name
            _ = send(match, suppressedBy: name.utf8.span)
            return
        }
        if !completesFirst { complete(&match) }
        guard limiter.admits(match) else {
            counters.flooded += 1
            return
        }
        if send(match, suppressedBy: [UInt8]().span) { counters.sent += 1 }
    }

    /// Fills what only an alert tells into the events that wait for it.
    private mutating func complete(_ match: inout Match) {
        ancestry.truncate(to: 0)
        for index in 0..<match.count {
            guard event.load(image: match.arena.bytes.span.extracting(match.range(of: index)))
            else { continue }
            if index == match.count - 1 { evidence.appendAncestry(of: event, to: &ancestry) }
            guard event.header.evidence != 0 else { continue }
            evidence.complete(&event)
            event.header.evidence = 0
            _ = match.replace(index, with: event)
        }
    }

    mutating func excepts(_ event: borrowing Event, rule: Int) -> Bool {
        let isExcepted = exceptions.holds(for: event, rule: rule, at: now)
        if isExcepted { exceptedEvents += 1 }
        return isExcepted
    }

    /// Hands an alert to the writer; false if there is no room.
    private mutating func send(
        _ match: borrowing Match, suppressedBy name: borrowing Span<UInt8>
    ) -> Bool {
        message.truncate(to: 0)
        let range = AlertSink.encode(
            match, sequence: sequence + 1, created: created ?? now, ancestry: ancestry,
            suppressedBy: name,
            isTest: isTest, to: &message)
        guard let range,
            queue.push(
                kind: MessageKind.alert.rawValue, message.bytes.span.extracting(range), priority: .high)
        else {
            counters.queueFull += 1
            return false
        }
        sequence += 1
        return true
    }

    private static func encode(
        _ match: borrowing Match, sequence: UInt64, created: Int64, ancestry: borrowing ByteArena,
        suppressedBy name: borrowing Span<UInt8>, isTest: Bool, to message: inout ByteArena
    ) -> Range<Int>? {
        AlertMessage.encode(
            match, sequence: sequence, created: created,
            ancestry: ancestry.bytes.span.extracting(0..<ancestry.count), suppressedBy: name, isTest: isTest,
            to: &message)
    }

    /// Hands an event to the writer, where there is room left for alerts.
    mutating func send(_ event: borrowing Event) {
        if !push(event, as: .event) { counters.eventsQueueFull += 1 }
    }

    /// Gives the writer an event to prepare with.
    mutating func send(sample event: borrowing Event) { _ = push(event, as: .sample) }

    private mutating func push(_ event: borrowing Event, as kind: MessageKind) -> Bool {
        message.truncate(to: 0)
        guard let range = event.appendImage(to: &message) else { return false }
        return queue.push(
            kind: kind.rawValue, message.bytes.span.extracting(range), priority: .low)
    }

    /// Says that later alerts count in another rule set; false if there is no room.
    func send(generation: Int) -> Bool {
        var bytes = ByteArena(capacity: 4, limit: 4)
        _ = bytes.append(integer: UInt32(generation))
        return queue.push(kind: MessageKind.rules.rawValue, bytes.bytes.span, priority: .high)
    }

    /// Hands the content of the file of metrics to the writer; false if there is no room.
    func send(metrics: [UInt8]) -> Bool {
        queue.push(kind: MessageKind.metrics.rawValue, metrics.span, priority: .low)
    }

    /// Hands a finished line to the writer; false if there is no room.
    func send(line: [UInt8]) -> Bool {
        queue.push(kind: MessageKind.line.rawValue, line.span, priority: .high)
    }
}
