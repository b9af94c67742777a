import Detection
import EQL
import Testing

@Suite("How long connections can matter")
struct ConnectionWindowTests {
    private func window(_ queries: String...) throws -> Int64? {
        let rules = try queries.enumerated().map { number, query in
            Rule(id: "\(number)", name: "\(number)", text: query, query: try Query.compile(query))
        }
        return RuleSet(rules).connectionWindow
    }

    private static let start = #"[process where event.type == "start"]"#
    private static let connection = #"[network where destination.ip == "169.254.169.254"]"#

    @Test(
        "is the span of sequences that join a start and a connection by process or by parent",
        arguments: [
            "by process.parent.entity_id", "by process.entity_id", "by process.parent.pid, user.id",
            "by host.id, process.pid",
        ])
    func joined(by keys: String) throws {
        #expect(
            try window("sequence \(keys) with maxspan=3s \(Self.start) \(Self.connection)") == 3_000_000_000)
    }

    @Test("is the longest of all rules', and none where no rule looks at connections")
    func longest() throws {
        let short = "sequence by process.entity_id with maxspan=1s \(Self.start) \(Self.connection)"
        let long = """
            sequence by process.parent.entity_id with maxspan=1m \(Self.start)
            ![\(Self.connection.dropFirst()) \(Self.connection)
            """
        #expect(try window(short, long) == 60_000_000_000)
        #expect(try window("process where process.name == \"curl\"") == 0)
        #expect(try window() == 0)
        let perItem = """
            sequence with maxspan=1s
              [process where event.action == "exec"] by process.pid
              \(Self.connection) by process.pid
            """
        #expect(try window(short, perItem) == 1_000_000_000)
    }

    @Test(
        "is without end where a match may need any connection",
        arguments: [
            // one event, or the first one
            "\(connection.dropFirst().dropLast())",
            "sequence by process.parent.entity_id with maxspan=1s \(connection) \(start)",
            "sequence by process.parent.entity_id with maxspan=1s !\(connection) \(start) \(connection)",
            // the start may have been long ago, or another process'
            "sequence by process.parent.entity_id \(start) \(connection)",
            "sequence by host.id with maxspan=1s \(start) \(connection)",
            "sequence with maxspan=1s \(start) \(connection)",
            "sequence by process.session_leader.entity_id with maxspan=1s \(start) \(connection)",
            "sequence with maxspan=1s \(start) by process.entity_id \(connection) by process.parent.entity_id",
            // any connection ends what is pending
            "sequence by host.id with maxspan=1s \(start) \(start) until \(connection)",
            // its start is not what the first event is
            "sequence by process.entity_id with maxspan=1s [any where true] \(connection)",
            #"sequence by process.entity_id with maxspan=1s [process where event.type == "end"] \#(connection)"#,
        ])
    func open(query: String) throws {
        #expect(try window(query) == nil)
        let bounded = "sequence by process.entity_id with maxspan=1s \(Self.start) \(Self.connection)"
        #expect(try window(bounded, query) == nil)
    }

    @Test("follow forks where the first event can be one")
    func forks() throws {
        func begin(_ first: String) throws -> Bool {
            let query = "sequence by process.entity_id with maxspan=1s \(first) \(Self.connection)"
            return RuleSet([Rule(id: "1", name: "1", text: query, query: try Query.compile(query))])
                .forksBeginMatches
        }
        #expect(try begin(Self.start))
        #expect(try begin(#"[process where event.action == "fork"]"#))
        #expect(try !begin(#"[process where event.type == "start" and event.action == "exec"]"#))
    }

    private func repeatsMatter(_ queries: String...) throws -> Bool {
        let rules = try queries.enumerated().map { number, query in
            Rule(id: "\(number)", name: "\(number)", text: query, query: try Query.compile(query))
        }
        return RuleSet(rules).repeatedConnectionsMatter
    }

    private static let once = "sequence by process.parent.entity_id with maxspan=1s \(start) \(connection)"

    @Test("repeated ones do not matter where the start alone begins a match and they complete it")
    func once() throws {
        #expect(try !repeatsMatter())
        #expect(try !repeatsMatter("process where true"))
        #expect(try !repeatsMatter(Self.once))
        #expect(
            try !repeatsMatter(
                """
                sequence by host.id, process.entity_id with maxspan=1s \(Self.start)
                [network where cidrmatch(destination.ip, "10.0.0.0/8") and destination.port != 80 and
                  host.os.type == "linux" and event.action == "connection_attempted"]
                """))
    }

    @Test(
        "repeated ones matter where one may do what another did not",
        arguments: [
            // one of several events
            "sequence by process.entity_id with maxspan=1s \(start) \(connection) \(connection)",
            "sequence by process.entity_id with maxspan=1s \(start) \(connection) with runs=2",
            "sequence by process.entity_id with maxspan=1s \(start) \(connection) \(start)",
            "sequence by process.entity_id with maxspan=1s \(start) !\(connection)",
            "sequence by process.entity_id with maxspan=1s \(start) \(start) until \(connection)",
            // a process may change, or become known
            #"sequence by process.entity_id with maxspan=1s \#(start) [network where process.name == "x"]"#,
            #"sequence by process.entity_id with maxspan=1s \#(start) [network where source.port == 9]"#,
            "sequence by process.entity_id, user.id with maxspan=1s \(start) \(connection)",
            "\(connection.dropFirst().dropLast())",
        ])
    func again(query: String) throws {
        #expect(try repeatsMatter(query))
        #expect(try repeatsMatter(Self.once, query))
    }
}
