import Detection
import EQL
import Events
import Fixtures
import Testing

@Suite("Join keys")
struct JoinKeyTests {
    struct Pair: CustomTestStringConvertible, Sendable {
        let keys: String
        let first: [Field: FieldValue]
        let second: [Field: FieldValue]
        let joins: Bool

        var testDescription: String { "\(keys) \(first) \(second)" }
    }

    static let pairs = [
        Pair(keys: "process.pid", first: [.processPID: 7], second: [.processPID: 7], joins: true),
        Pair(keys: "process.pid", first: [.processPID: 7], second: [.processPID: 8], joins: false),
        Pair(
            keys: "destination.ip", first: [.destinationIP: "10.0.0.1"],
            second: [.destinationIP: "::ffff:10.0.0.1"], joins: true),
        Pair(
            keys: "destination.ip", first: [.destinationIP: "10.0.0.1"],
            second: [.destinationIP: "10.0.0.2"], joins: false),
        Pair(
            keys: "process.entity_id", first: [.processEntityID: .identity(7, 100)],
            second: [.processEntityID: .identity(7, 100)], joins: true),
        Pair(
            keys: "process.entity_id", first: [.processEntityID: .identity(7, 100)],
            second: [.processEntityID: .identity(7, 101)], joins: false),
        // user ids are numbers or their text
        Pair(keys: "user.id", first: [.userID: 1000], second: [.userID: "1000"], joins: true),
        Pair(keys: "user.id", first: [.userID: -12], second: [.userID: "-12"], joins: true),
        Pair(keys: "user.id", first: [.userID: 0], second: [.userID: "0"], joins: true),
        Pair(keys: "user.id", first: [.userID: 1000], second: [.userID: "100"], joins: false),
        // of several values, the first
        Pair(
            keys: "process.executable", first: [.processExecutable: ["/bin/sh", "./x"]],
            second: [.processExecutable: ["/bin/sh", "./y"]], joins: true),
        Pair(
            keys: "process.executable", first: [.processExecutable: ["/bin/sh", "./x"]],
            second: [.processExecutable: ["/bin/bash", "./x"]], joins: false),
        // keys do not run into each other
        Pair(
            keys: "user.name, host.name", first: [.userName: "ab", .hostName: "c"],
            second: [.userName: "a", .hostName: "bc"], joins: false),
        Pair(
            keys: "?user.name, host.name", first: [.hostName: "-"],
            second: [.userName: "-", .hostName: ""], joins: false),
        Pair(keys: "?user.name", first: [.userName: .unknown], second: [.userName: .unknown], joins: false),
    ]

    @Test("join equal values and nothing else", arguments: pairs)
    func joins(_ pair: Pair) throws {
        let text =
            "sequence by \(pair.keys) [any where event.action == \"a\"] [any where event.action == \"b\"]"
        let rule = Rule(id: "r", name: "r", text: text, query: try Query.compile(text))
        var engine = DetectionEngine(rules: RuleSet([rule]))
        var collector = Collector()
        var event = Event.made(at: 1, position: 1, pair.first.merging([.eventAction: "a"]) { $1 })
        engine.process(event, into: &collector)
        event = Event.made(at: 2, position: 2, pair.second.merging([.eventAction: "b"]) { $1 })
        engine.process(event, into: &collector)
        #expect(collector.numbers == (pair.joins ? [[1, 2]] : []))
    }

    @Test("are text everywhere once one of them must be")
    func identityTexts() throws {
        let text = """
            sequence [any where process.entity_id == "x"] by process.entity_id \
            [any where true] by process.parent.entity_id
            """
        let rules = RuleSet([Rule(id: "r", name: "r", text: text, query: try Query.compile(text))])
        #expect(rules.requirement.identityTexts.contains(.processEntityID))
        #expect(rules.requirement.identityTexts.contains(.parentEntityID))

        let plain = "sequence by process.entity_id [any where true] [any where true]"
        let other = RuleSet([Rule(id: "r", name: "r", text: plain, query: try Query.compile(plain))])
        #expect(other.requirement.identityTexts.isEmpty)
    }
}
