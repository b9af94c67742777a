internal import Events

/// Alerts that were held back, told in one record.
public struct AlertFlood: Sendable, Equatable {
    /// One combination that alerted too often.
    public struct Source: Sendable, Equatable {
        public let ruleIndex: Int
        /// Resolved path, cut to 255 bytes.
        public let executable: [UInt8]
        public let count: UInt64
    }

    /// Alerts held back.
    public let count: UInt64
    /// Of these, from combinations beyond the number that is told apart.
    public let others: UInt64
    /// First and last time of the window, by the clock of events.
    public let start: Int64
    public let end: Int64
    /// The sources of most, most first.
    public let top: [Source]
}

/// Holds alerts back when there are too many of the same.
///
/// Alerts are the same if rule, executable, parent executable, user and
/// container are. A combination that was not seen in the window passes, so a
/// flood of one cannot hide another. Memory is fixed.
public struct AlertLimiter: ~Copyable {
    private struct Combination {
        var hash: UInt64
        var ruleIndex: Int
        var admitted: Int
        var held: UInt64
        var label: Range<Int>
    }

    private let limit: Int
    private let most: Int
    private let window: Int64
    /// Nobody can choose a path that counts as another's.
    private let seed = UInt64.random(in: .min ... .max)

    private var combinations: [Combination] = []
    private var buckets: [Int32]
    private var labels: ByteArena
    private var start: Int64?
    private var held: UInt64 = 0
    private var others: UInt64 = 0
    /// A window that ended with alerts held back, not yet told.
    private var finished: AlertFlood?

    private var event = Event()
    private var key = ByteArena(capacity: 4096, limit: 4 * Event.byteLimit)

    /// - Parameters:
    ///   - limit: alerts of one combination in a window; 0 lets all pass.
    ///   - combinations: how many combinations pass in a window.
    ///   - window: nanoseconds.
    public init(
        limit: Int = 100, combinations most: Int = 1_000, window: Int64 = 300_000_000_000
    ) {
        self.limit = limit
        self.most = max(1, most)
        self.window = window
        var size = 16
        while size < 2 * self.most { size *= 2 }
        buckets = [Int32](repeating: -1, count: limit == 0 ? 0 : size)
        if limit > 0 { combinations.reserveCapacity(self.most) }
        labels = ByteArena(capacity: 0, limit: 256 * self.most)
    }

    /// Alerts held back in the current window.
    public var heldBack: UInt64 { held }

    /// Whether a match is to be told; if not, it is counted.
    public mutating func admits(_ match: borrowing Match) -> Bool {
        guard limit > 0 else { return true }
        guard event.load(image: match.arena.bytes.span.extracting(match.range(of: match.count - 1)))
        else { return true }
        let time = event.header.time
        if let start, time >= start.addingSaturated(window) { finish(at: time) }
        if start == nil { start = time }

        readKey(rule: match.ruleIndex)
        let hash = key.hash(seed: seed)
        var bucket = Int(truncatingIfNeeded: hash) & (buckets.count - 1)
        while buckets[bucket] >= 0 {
            let index = Int(buckets[bucket])
            if combinations[index].hash == hash {
                if combinations[index].admitted < limit {
                    combinations[index].admitted += 1
                    return true
                }
                combinations[index].held += 1
                held += 1
                return false
            }
            bucket = (bucket + 1) & (buckets.count - 1)
        }
        guard combinations.count < most else {
            held += 1
            others += 1
            return false
        }
        buckets[bucket] = Int32(combinations.count)
        combinations.append(
            Combination(
                hash: hash, ruleIndex: match.ruleIndex, admitted: 1, held: 0,
                label: event.appendLabel(to: &labels)))
        return true
    }

    /// What was held back in a window that has ended, once.
    ///
    /// - Parameter isLast: the current window ends now, whatever its length.
    public mutating func takeFlood(at time: Int64, isLast: Bool = false) -> AlertFlood? {
        if let start, isLast || time >= start.addingSaturated(window) { finish(at: time) }
        defer { finished = nil }
        return finished
    }

    private mutating func finish(at time: Int64) {
        if held > 0, let start {
            let before = finished
            let worst = combinations.filter { $0.held > 0 }.sorted { $0.held > $1.held }.prefix(5)
            var sources = worst.map {
                AlertFlood.Source(
                    ruleIndex: $0.ruleIndex, executable: Array(labels.bytes[$0.label]), count: $0.held)
            }
            if sources.isEmpty, let before { sources = before.top }
            finished = AlertFlood(
                count: held + (before?.count ?? 0), others: others + (before?.others ?? 0),
                start: before?.start ?? start, end: min(time, start.addingSaturated(window)),
                top: sources)
        }
        combinations.removeAll(keepingCapacity: true)
        for index in buckets.indices { buckets[index] = -1 }
        labels.truncate(to: 0)
        held = 0
        others = 0
        start = nil
    }

    private mutating func readKey(rule: Int) {
        key.truncate(to: 0)
        _ = key.append(integer: UInt32(truncatingIfNeeded: rule))
        readKey(.processExecutable)
        readKey(.parentExecutable)
        readKey(.userID)
        readKey(.containerID)
    }

    private mutating func readKey(_ field: Field) {
        if event.appendKey(StageKey(field), to: &key) == .unknown { _ = key.append(UInt8(ascii: "?")) }
    }
}

extension Event {
    /// Appends the resolved path of the process, cut to 255 bytes.
    fileprivate func appendLabel(to labels: inout ByteArena) -> Range<Int> {
        guard let slot = slot(.processExecutable), slot.kind == .text, !slot.isUnknown else {
            return 0..<0
        }
        let bytes = arena.bytes.span
        var end = slot.range.lowerBound
        while end < slot.range.upperBound, end - slot.range.lowerBound < 255,
            slot.count == 1 || bytes[end] != 0
        {
            end += 1
        }
        let start = slot.range.lowerBound
        guard let offset = labels.append(bytes.extracting(start..<end)) else { return 0..<0 }
        return offset..<(offset + end - start)
    }
}

extension StageKey {
    /// A field whose missing value is a value too.
    fileprivate init(_ field: Field) {
        self.field = field
        isOptional = true
        isIdentifier = false
    }
}
