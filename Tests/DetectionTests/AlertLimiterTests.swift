@testable import Detection
import EQL
import Events
import Fixtures
import Testing

/// Asks a limiter about each match.
private struct LimitedSink: MatchSink, ~Copyable {
    var limiter: AlertLimiter
    var admitted = 0

    init(limiter: consuming AlertLimiter) { self.limiter = limiter }

    mutating func matched(_ match: inout Match) {
        if limiter.admits(match) { admitted += 1 }
    }
}

@Suite("The alert limiter")
struct AlertLimiterTests {
    private let rules: RuleSet

    init() throws {
        let text = "any where true"
        rules = RuleSet([Rule(id: "r", name: "r", text: text, query: try Query.compile(text))])
    }

    private func send(
        _ count: Int, of fields: [Field: FieldValue], at seconds: Int64 = 0,
        _ engine: inout DetectionEngine, _ sink: inout LimitedSink
    ) -> Int {
        let before = sink.admitted
        let event = Event.made(at: seconds * 1_000_000_000, fields)
        for _ in 0..<count { engine.process(event, into: &sink) }
        return sink.admitted - before
    }

    @Test("lets so many of the same pass in a window, and all that are new")
    func combinations() {
        var engine = DetectionEngine(rules: rules)
        var sink = LimitedSink(limiter: AlertLimiter())
        let curl: [Field: FieldValue] = [.processExecutable: "/usr/bin/curl", .userID: 1000]
        #expect(send(250, of: curl, &engine, &sink) == 100)
        // each part of the combination counts
        #expect(send(1, of: curl.merging([.userID: 1001]) { $1 }, &engine, &sink) == 1)
        #expect(send(1, of: curl.merging([.parentExecutable: "/bin/sh"]) { $1 }, &engine, &sink) == 1)
        #expect(send(1, of: curl.merging([.containerID: "c"]) { $1 }, &engine, &sink) == 1)
        #expect(send(1, of: [.processExecutable: "/usr/bin/wget"], &engine, &sink) == 1)
        #expect(send(1, of: [.processExecutable: .unknown], &engine, &sink) == 1)
        #expect(send(1, of: [:], &engine, &sink) == 1)
        #expect(send(1, of: curl, &engine, &sink) == 0)
        #expect(sink.limiter.heldBack == 151)

        let early = sink.limiter.takeFlood(at: 299_999_999_999)
        #expect(early == nil)
        let flood = sink.limiter.takeFlood(at: 300_000_000_000)
        #expect(flood?.count == 151)
        #expect(flood?.others == 0)
        #expect(
            flood?.top == [
                AlertFlood.Source(ruleIndex: 0, executable: Array("/usr/bin/curl".utf8), count: 151)
            ])
        let again = sink.limiter.takeFlood(at: 300_000_000_000)
        #expect(again == nil)
        #expect(send(1, of: curl, at: 301, &engine, &sink) == 1)
    }

    @Test("lets a thousand new combinations pass and counts the rest")
    func total() {
        var engine = DetectionEngine(rules: rules)
        var sink = LimitedSink(limiter: AlertLimiter())
        for user in 0..<1_500 { _ = send(1, of: [.userID: .integers([Int64(user)])], &engine, &sink) }
        #expect(sink.admitted == 1_000)
        let flood = sink.limiter.takeFlood(at: 10, isLast: true)
        #expect(flood?.count == 500)
        #expect(flood?.others == 500)
    }

    @Test("keeps what a window held back until it is asked")
    func unasked() {
        var engine = DetectionEngine(rules: rules)
        var sink = LimitedSink(limiter: AlertLimiter(limit: 1))
        #expect(send(3, of: [.userID: 1], &engine, &sink) == 1)
        #expect(send(3, of: [.userID: 1], at: 300, &engine, &sink) == 1)
        #expect(send(3, of: [.userID: 1], at: 600, &engine, &sink) == 1)
        let flood = sink.limiter.takeFlood(at: 0, isLast: true)
        #expect(flood?.count == 6)
        #expect(flood?.start == 0)
    }

    @Test("can be switched off")
    func off() {
        var engine = DetectionEngine(rules: rules)
        var sink = LimitedSink(limiter: AlertLimiter(limit: 0))
        #expect(send(500, of: [:], &engine, &sink) == 500)
        let flood = sink.limiter.takeFlood(at: .max, isLast: true)
        #expect(flood == nil)
    }
}
