public import Events

/// The events that completed a rule.
///
/// One `Match` is filled over and over; it is valid only during the call that
/// hands it out. The events are images (`Event.appendImage`) in `arena`.
public struct Match: ~Copyable {
    /// Index into the rule set.
    public private(set) var ruleIndex = 0
    /// The images, one after the other.
    public private(set) var arena: ByteArena
    private var ends: [Int] = []
    /// Memory to put an image in place of another in.
    private var spare: ByteArena

    init(limit: Int, events: Int) {
        arena = ByteArena(capacity: min(limit, 16 * 1024), limit: limit)
        spare = ByteArena(capacity: 0, limit: limit)
        ends.reserveCapacity(events)
    }

    /// Number of events, at least one.
    public var count: Int { ends.count }

    /// Where the image of an event lies in `arena.bytes`, in order.
    public func range(of index: Int) -> Range<Int> {
        (index == 0 ? 0 : ends[index - 1])..<ends[index]
    }

    /// Puts an event in place of the one at an index, of which it is a fuller
    /// version; false, and nothing is changed, if there is no room.
    public mutating func replace(_ index: Int, with event: borrowing Event) -> Bool {
        let old = range(of: index)
        spare.truncate(to: 0)
        guard spare.append(part: 0..<old.lowerBound, of: arena),
            let new = event.appendImage(to: &spare),
            spare.append(part: old.upperBound..<arena.count, of: arena)
        else { return false }
        swap(&arena, &spare)
        for place in index..<ends.count { ends[place] += new.count - old.count }
        return true
    }

    mutating func begin(rule: Int) {
        ruleIndex = rule
        arena.truncate(to: 0)
        ends.removeAll(keepingCapacity: true)
    }

    /// Adds the image of the event that is happening.
    mutating func append(_ event: borrowing Event) -> Bool {
        guard let range = event.appendImage(to: &arena) else { return false }
        ends.append(range.upperBound)
        return true
    }

    /// Adds a piece of what was kept of earlier events: whole images, cut
    /// anywhere. `finishImages` finds where they end.
    mutating func append(images bytes: borrowing Span<UInt8>) -> Bool {
        arena.append(bytes) != nil
    }

    mutating func finishImages() -> Bool {
        var end = 0
        while end < arena.count {
            guard let size: UInt32 = arena.bytes.span.integer(at: end), size > 0 else { return false }
            end += Int(size)
            ends.append(end)
        }
        return end == arena.count
    }
}

extension ByteArena {
    fileprivate mutating func append(part range: Range<Int>, of other: borrowing ByteArena) -> Bool {
        append(other.bytes.span.extracting(range)) != nil
    }
}

/// Takes what the engine finds.
public protocol MatchSink: ~Copyable {
    /// Called once for each match, during `process`, `advance` or `flush`. The
    /// sink may make its events fuller.
    mutating func matched(_ match: inout Match)

    /// Whether a match of a rule is not told if this event is part of it. The
    /// event then takes no pending match with it.
    mutating func excepts(_ event: borrowing Event, rule: Int) -> Bool
}

extension MatchSink where Self: ~Copyable {
    public mutating func excepts(_ event: borrowing Event, rule: Int) -> Bool { false }
}
