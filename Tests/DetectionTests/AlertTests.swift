import Detection
import EQL
import Events
import Fixtures
import Testing

/// Sends each match through a message.
private struct MessageSink: MatchSink, ~Copyable {
    var alerts: [Alert?] = []
    var bytes: [[UInt8]] = []
    var ancestry = ByteArena(capacity: 64, limit: 1024)
    var suppressedBy: [UInt8] = []
    var limit = 1 << 20

    mutating func matched(_ match: inout Match) {
        var arena = ByteArena(capacity: 1024, limit: limit)
        _ = arena.append(7)
        let range = AlertMessage.encode(
            match, sequence: 9, created: 1234,
            ancestry: ancestry.bytes.span.extracting(first: ancestry.count), suppressedBy: suppressedBy.span,
            isTest: true, to: &arena)
        guard let range else {
            alerts.append(nil)
            #expect(arena.count == 1)
            return
        }
        bytes.append(Array(arena.bytes[range]))
        alerts.append(AlertMessage.decode(arena.bytes.span.extracting(range)))
    }
}

@Suite("Alerts")
struct AlertTests {
    private func sequence() throws -> Rule {
        let text = "sequence [process where true] [network where true]"
        return Rule(id: "r", name: "r", text: text, query: try Query.compile(text))
    }

    private func alerts(
        _ rule: Rule, exec: ProcessIdentity, connect: ProcessIdentity, _ sink: inout MessageSink
    ) {
        var engine = DetectionEngine(rules: RuleSet([rule]))
        var event = Event.made(.exec, at: 1, [.processName: "curl"])
        event.header.process = exec
        engine.process(event, into: &sink)
        event = Event.made(.connect, at: 2, [.destinationIP: "169.254.169.254"])
        event.header.process = connect
        engine.process(event, into: &sink)
    }

    @Test("arrive as they were sent")
    func roundTrip() throws {
        var sink = MessageSink()
        let parent = ProcessIdentity(pid: 2, start: 20)
        let path = Array("/usr/bin/bash".utf8)
        let nothing: [UInt8] = []
        var isAdded = AncestryEntry.append(parent, executable: path.span, to: &sink.ancestry)
        #expect(isAdded)
        isAdded = AncestryEntry.append(
            ProcessIdentity(pid: 1, start: 1), executable: nothing.span, to: &sink.ancestry)
        #expect(isAdded)
        sink.suppressedBy = Array("known agent".utf8)
        let process = ProcessIdentity(pid: 5, start: 50)
        alerts(try sequence(), exec: process, connect: process, &sink)

        let alert = try #require(sink.alerts.first ?? nil)
        #expect(alert.ruleIndex == 0)
        #expect(alert.sequence == 9)
        #expect(alert.created == 1234)
        #expect(alert.isTest)
        #expect(alert.suppressedBy == "known agent")
        #expect(alert.events.count == 2)
        #expect(alert.events[0].header.kind == .exec)
        #expect(alert.events[0].firstText(.processName).map(Array.init) == Array("curl".utf8))
        #expect(alert.events[1].addresses(.destinationIP).map(\.description) == ["169.254.169.254"])
        #expect(
            alert.ancestry == [
                AncestryEntry(identity: parent, executable: path),
                AncestryEntry(identity: ProcessIdentity(pid: 1, start: 1), executable: []),
            ])
        #expect(alert.sameProcess == true)
    }

    @Test("say whether the program that started is the one that acted")
    func sameProcess() throws {
        var sink = MessageSink()
        let one = ProcessIdentity(pid: 5, start: 50)
        alerts(try sequence(), exec: one, connect: ProcessIdentity(pid: 5, start: 51), &sink)
        alerts(try sequence(), exec: .none, connect: .none, &sink)
        #expect(sink.alerts.map { $0?.sameProcess } == [false, nil])
    }

    @Test("of documents say so by entity id, else by pid")
    func sameProcessOfDocuments() throws {
        var sink = MessageSink()
        var engine = DetectionEngine(rules: RuleSet([try sequence()]))
        let fields: [[Field: FieldValue]] = [
            [.eventCategory: "process", .processEntityID: "x", .processPID: 1],
            [.eventCategory: "network", .processEntityID: "y", .processPID: 1],
            [.eventCategory: "process", .processPID: 1],
            [.eventCategory: "network", .processPID: 1],
        ]
        for each in fields { engine.process(Event.made(.document, each), into: &sink) }
        #expect(sink.alerts.map { $0?.sameProcess } == [false, true])
    }

    @Test("that do not fit leave nothing behind")
    func tooLarge() throws {
        var sink = MessageSink()
        sink.limit = 100
        alerts(try sequence(), exec: .none, connect: .none, &sink)
        #expect(sink.alerts.count == 1)
        #expect(sink.alerts.allSatisfy { $0 == nil })
    }

    @Test("that are damaged are refused, not trusted")
    func damaged() throws {
        var sink = MessageSink()
        alerts(try sequence(), exec: .none, connect: .none, &sink)
        let bytes = try #require(sink.bytes.first)
        for length in 0..<bytes.count {
            let alert = AlertMessage.decode(bytes.span.extracting(0..<length))
            #expect(alert == nil)
        }
        var random = SplitMix(state: 1)
        for _ in 0..<2_000 {
            var copy = bytes
            copy[Int.random(in: 0..<copy.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            _ = AlertMessage.decode(copy.span)
        }
    }
}

@Suite("Rule sets")
struct RuleSetTests {
    @Test("have the digest of what their rules say")
    func digest() throws {
        let query = try Query.compile("any where true")
        let rule = Rule(id: "a", name: "n", text: "any where true", query: query)
        var other = rule
        other.version = "2"
        #expect(RuleSet([rule]).digest == RuleSet([rule]).digest)
        #expect(RuleSet([rule]).digest != RuleSet([other]).digest)
        #expect(RuleSet([rule]).digest.count == 64)
        // SHA-256 of nothing, as FIPS 180-4 has it
        #expect(RuleSet([]).digest == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }
}
