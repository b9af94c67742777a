/// What the sensor says about itself: counters, losses, what it uses.
public struct StatsRecord: Sendable, Equatable {
    /// Why it is said now: `started`, `loss`, `heartbeat`, `hook_changed`,
    /// `reloaded`, `reload_failed` or `stopped`.
    public var action: String
    /// Nanoseconds since 1970, UTC.
    public var timestamp: Int64
    public var message: String
    /// Value of a counter, by stage and what it counts. A stage's counters
    /// follow each other.
    public var counters: [Counter]
    /// What may have cost an event or alert; their sum is `imdswatch.lost`.
    public var losses: [Loss]
    /// Family of events and the hook that supplies it, in order.
    public var hooks: [HookUse]
    /// Digest of the loaded rules, and how many there are.
    public var rulesHash: String
    public var rulesLoaded: Int
    /// How often each exception was used, in the order of their files.
    public var exceptions: [ExceptionUse]

    public struct Counter: Sendable, Equatable {
        public var stage: String
        public var name: String
        public var value: UInt64

        public init(stage: String, name: String, value: UInt64) {
            self.stage = stage
            self.name = name
            self.value = value
        }
    }

    public struct Loss: Sendable, Equatable {
        /// `ring_full`, `queue_full` and so on.
        public var name: String
        public var value: UInt64

        public init(name: String, value: UInt64) {
            self.name = name
            self.value = value
        }
    }

    public struct HookUse: Sendable, Equatable {
        /// `exec`, `connect4` and so on.
        public var family: String
        public var hook: String

        public init(family: String, hook: String) {
            self.family = family
            self.hook = hook
        }
    }

    public struct ExceptionUse: Sendable, Equatable {
        public var name: String
        /// Matches that it held back.
        public var hits: UInt64

        public init(name: String, hits: UInt64) {
            self.name = name
            self.hits = hits
        }
    }

    public init(
        action: String, timestamp: Int64, message: String = "", counters: [Counter] = [],
        losses: [Loss] = [], hooks: [HookUse] = [], rulesHash: String = "", rulesLoaded: Int = 0,
        exceptions: [ExceptionUse] = []
    ) {
        self.action = action
        self.timestamp = timestamp
        self.message = message
        self.counters = counters
        self.losses = losses
        self.hooks = hooks
        self.rulesHash = rulesHash
        self.rulesLoaded = rulesLoaded
        self.exceptions = exceptions
    }

    /// What was lost, by name: `ring_full 3, late 1`.
    var lossText: String {
        losses.filter { $0.value > 0 }.map { "\($0.name) \($0.value)" }.joined(separator: ", ")
    }

    /// Its message, or what is lost.
    var words: String {
        message.isEmpty && action == "loss" ? "Lost since the start: \(lossText)" : message
    }

    /// All that may be missing.
    public var lost: UInt64 {
        losses.reduce(0) { $0.addingReportingOverflow($1.value).partialValue }
    }
}

/// Writes statistics as ECS documents, one line each.
public struct StatsEncoder: Sendable {
    public var context: RecordContext

    public init(_ context: RecordContext) { self.context = context }

    /// Appends the line of one record, without a newline.
    public func append(_ record: StatsRecord, to line: inout [UInt8]) {
        LineFitter.append(record, to: &line, limit: context.lineLimit) { exceptions, composer in
            write(record, exceptions, with: &composer)
        }
    }

    private func write(_ record: StatsRecord, _ exceptions: Int, with composer: inout LineComposer) {
        composer.begin(at: record.timestamp)
        composer.describe(
            kind: "metric", category: "host", action: record.action, dataset: "imdswatch.stats")
        composer.text("message", record.words, .text, name: "message")
        composer.host(context)
        composer.text("imdswatch.version", context.version, .text, name: "imdswatch.version")
        for use in record.hooks {
            composer.text(
                "imdswatch.hooks." + use.family, use.hook, .text, name: "imdswatch.hooks")
        }
        composer.text("imdswatch.rules.hash", record.rulesHash, .identifier, name: "imdswatch.rules.hash")
        composer.json.name("imdswatch.rules.loaded")
        composer.json.value(record.rulesLoaded)
        composer.exceptions(of: record, first: exceptions, prefix: "imdswatch")
        composer.counters(of: record, prefix: "imdswatch")
        if !composer.truncated.isEmpty { composer.names("imdswatch.truncated", composer.truncated) }
        composer.json.endObject()
    }
}

extension StatsRecord {
    /// Each stage once, in the order of their first counters. Losses have
    /// their own place.
    fileprivate var stages: [String] {
        var names = NameList()
        for counter in counters where counter.stage != "lost" { names.insert(counter.stage) }
        return names.names
    }

    /// How many exceptions, from the first on, a number of bytes has room for.
    fileprivate func exceptions(in room: Int) -> Int {
        var json = JSONWriter()
        json.beginArray()
        for (index, use) in exceptions.enumerated() {
            json.write(use)
            if json.bytes.count > room { return index }
        }
        return exceptions.count
    }
}

extension LineFitter {
    /// Appends a record with as many exceptions as there is room for besides
    /// the rest of it.
    ///
    /// - Parameter compose: writes the record with so many exceptions.
    static func append(
        _ record: StatsRecord, to line: inout [UInt8], limit: Int,
        _ compose: (Int, inout LineComposer) -> Void
    ) {
        var count = 0
        if !record.exceptions.isEmpty {
            var rest: [UInt8] = []
            append(to: &rest, limit: limit) { compose(0, &$0) }
            count = record.exceptions(in: limit - rest.count)
        }
        append(to: &line, limit: limit) { compose(count, &$0) }
    }
}

extension JSONWriter {
    fileprivate mutating func write(_ use: StatsRecord.ExceptionUse) {
        beginObject()
        name("name")
        value(use.name)
        name("hits")
        value(use.hits)
        endObject()
    }
}

extension LineComposer {
    /// How often the first exceptions were used.
    mutating func exceptions(of record: StatsRecord, first count: Int, prefix: String) {
        guard !record.exceptions.isEmpty else { return }
        json.name("\(prefix).exceptions")
        json.beginArray()
        for use in record.exceptions.prefix(count) { json.write(use) }
        json.endArray()
        if count < record.exceptions.count { noteTruncated("\(prefix).exceptions") }
    }

    /// What was counted, and what may have cost an event or alert.
    mutating func counters(of record: StatsRecord, prefix: String) {
        if shape != .skeleton {
            for stage in record.stages {
                for counter in record.counters where counter.stage == stage {
                    json.name("\(prefix).counters.\(stage).\(counter.name)")
                    json.value(counter.value)
                }
            }
        } else {
            noteTruncated("\(prefix).counters.*")
        }
        for loss in record.losses {
            json.name("\(prefix).counters.lost.\(loss.name)")
            json.value(loss.value)
        }
        json.name("\(prefix).lost")
        json.value(record.lost)
    }

    /// `event` of a record that the sensor itself makes.
    mutating func describe(kind: String, category: String, action: String, dataset: String) {
        json.name("event.kind")
        json.value(kind)
        json.name("event.category")
        json.beginArray()
        json.value(category)
        json.endArray()
        json.name("event.type")
        json.beginArray()
        json.value("info")
        json.endArray()
        json.name("event.action")
        json.value(action)
        json.name("event.module")
        json.value("imdswatch")
        json.name("event.dataset")
        json.value(dataset)
    }
}
