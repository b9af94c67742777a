import Detection
import EQL
import Events
import Output
import Synchronization
import Testing

@testable import Sensor

/// Keeps the alerts that are handed to the writer.
private final class Outlet: MessageOutlet {
    let alerts = Mutex<[Alert]>([])

    func push(kind: UInt8, _ message: borrowing Span<UInt8>, priority: MessageQueue.Priority) -> Bool {
        guard kind == MessageKind.alert.rawValue, let alert = AlertMessage.decode(message) else {
            return false
        }
        alerts.withLock { $0.append(alert) }
        return true
    }
}

/// Knows the working directory of everybody, and that the parent is one more.
private struct Oracle: EvidenceSource {
    var asked = 0

    mutating func complete(_ event: inout Event) {
        asked += 1
        event.set(.processWorkingDirectory, text: "/known")
    }

    mutating func appendAncestry(of event: borrowing Event, to arena: inout ByteArena) {
        let parent = ProcessIdentity(pid: event.header.process.pid + 1000, start: 1)
        _ = AncestryEntry.append(parent, executable: [UInt8]().span, to: &arena)
    }
}

@Suite("Matches on their way to the writer")
struct AlertSinkTests {
    private let outlet = Outlet()

    private func rules(_ text: String) throws -> RuleSet {
        RuleSet([Rule(id: "r", name: "r", text: text, query: try Query.compile(text))])
    }

    private func sink(
        _ rules: RuleSet, except condition: String? = nil, limit: Int = 0
    ) throws -> AlertSink<Outlet, Oracle> {
        var exceptions: [Detection.Exception] = []
        if let condition {
            exceptions.append(
                Detection.Exception(
                    name: "e", reason: "r", text: condition,
                    query: try Query.compile(condition, role: .exception)))
        }
        return AlertSink(
            evidence: Oracle(), exceptions: ExceptionSet(exceptions, for: rules),
            limiter: AlertLimiter(limit: limit), showsSuppressed: false, queue: outlet)
    }

    private func event(_ kind: EventKind, pid: UInt32, at seconds: Int64, held: UInt32) -> Event {
        var event = Event()
        event.header.kind = kind
        event.header.time = seconds * 1_000_000_000
        event.header.process = ProcessIdentity(pid: pid, start: 5)
        event.header.evidence = held
        event.set(.eventCategory, text: kind == .connect ? "network" : "process")
        event.set(.processPID, integer: Int64(pid))
        event.set(.processName, text: "curl")
        return event
    }

    @Test("are completed where their evidence was held, and only there")
    func completes() throws {
        let rules = try rules("sequence with maxspan=9s [process where true] [network where true]")
        var engine = DetectionEngine(rules: rules)
        var sink = try sink(rules)
        engine.process(event(.exec, pid: 1, at: 1, held: 7), into: &sink)
        engine.process(event(.connect, pid: 2, at: 2, held: 0), into: &sink)
        let alert = try #require(outlet.alerts.withLock { $0.first })
        #expect(alert.events.map { $0.has(.processWorkingDirectory) } == [true, false])
        #expect(alert.events.map(\.header.process.pid) == [1, 2])
        #expect(alert.events.map(\.header.evidence) == [0, 0])
        #expect(alert.ancestry.map(\.identity.pid) == [1002])
    }

    @Test("that waited for something not to happen are told with their own ancestry")
    func waiting() throws {
        let rules = try rules("sequence with maxspan=1s [process where true] ![network where true]")
        var engine = DetectionEngine(rules: rules)
        var sink = try sink(rules)
        engine.process(event(.exec, pid: 1, at: 1, held: 7), into: &sink)
        sink.utcOffset = 1 << 60
        engine.process(event(.connect, pid: 2, at: 5, held: 8), into: &sink)
        let alert = try #require(outlet.alerts.withLock { $0.first })
        #expect(alert.ancestry.map(\.identity.pid) == [1001])
        #expect(alert.events.first?.has(.processWorkingDirectory) == true)
        #expect(alert.created > 1 << 60, "now, not when an event was last tried")
    }

    @Test("that an exception holds back are not completed")
    func suppressed() throws {
        let rules = try rules("process where true")
        var engine = DetectionEngine(rules: rules)
        var sink = try sink(rules, except: "any where process.name == \"curl\"")
        engine.process(event(.exec, pid: 1, at: 1, held: 7), into: &sink)
        #expect(sink.counters.suppressed == 1 && sink.evidence.asked == 0)
        #expect(outlet.alerts.withLock { $0.isEmpty })
    }
}
