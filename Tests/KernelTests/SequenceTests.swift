import Testing

extension KernelTests {
    /// A first program is one that the rule names and that does nothing; the
    /// connection comes from a process that the rule does not name.
    @Suite("The sequence", .serialized)
    struct Sequence {
        private static let steps = "/usr/lib/x/steps"
        private static let curl = "/usr/lib/x/curl"
        private static let tool = "/usr/lib/x/tool"

        private func alerts(of script: String) throws -> (alerts: [Document], result: Arena.Result) {
            try raisedAlerts(
                [Self.steps] + script.split(separator: " ").map(String.init),
                items: [
                    .program(Self.steps, .steps), .program(Self.curl, .client),
                    .program(Self.tool, .fixedClient),
                ], status: 0)
        }

        @Test("is complete when a sibling connects, and the alert names both")
        func sibling() throws {
            let (alerts, result) = try alerts(of: "run \(Self.curl) + run \(Self.tool)")
            #expect(alerts.count == 1)
            let alert = try #require(alerts.first)
            let pids = result.numbers("run").map(\.[0])
            #expect(alert.bool("imdswatch.same_process") == false)
            #expect(alert.documents("imdswatch.matched").map { $0.int("process.pid") } == pids)
            #expect(alert.int("process.pid") == pids.last)
            #expect(alert.string("process.executable") == Self.tool)
            #expect(alert.string("message")?.contains("curl") == true)
            #expect(alert.string("message")?.contains("tool") == true)
        }

        @Test("is complete when a sibling that forked without exec connects")
        func forkedSibling() throws {
            let (alerts, result) = try alerts(of: "run \(Self.curl) + fork-connect metadata 80")
            #expect(alerts.map { $0.int("process.pid") } == result.numbers("fork-connect").map(\.[0]))
            #expect(alerts.first?.string("process.executable") == Self.steps)
        }

        @Test("is not complete under another parent")
        func otherParent() throws {
            let (alerts, _) = try alerts(of: "apart \(Self.curl) + run \(Self.tool)")
            #expect(alerts.isEmpty)
        }

        @Test("is not complete when the parent itself connects")
        func parentConnects() throws {
            let (alerts, _) = try alerts(of: "run \(Self.curl) + connect metadata 80")
            #expect(alerts.isEmpty)
        }

        @Test("is not complete in the wrong order")
        func order() throws {
            let (alerts, _) = try alerts(of: "run \(Self.tool) + run \(Self.curl)")
            #expect(alerts.isEmpty)
        }

        @Test("ends after a second", arguments: [(850, 1), (1150, 0)])
        func span(milliseconds: Int, count: Int) throws {
            let (alerts, _) = try alerts(
                of: "run \(Self.curl) + until \(milliseconds) + fork-connect metadata 80")
            #expect(alerts.count == count)
        }

        @Test("one start and two connections are one alert, two starts and two connections two")
        func consumption() throws {
            let connect = "fork-connect metadata 80"
            #expect(try alerts(of: "run \(Self.curl) + \(connect) + \(connect)").alerts.count == 1)
            #expect(try alerts(of: "run \(Self.curl) + run \(Self.curl) + \(connect)").alerts.count == 1)
            let twice = "run \(Self.curl) + \(connect)"
            #expect(try alerts(of: "\(twice) + \(twice)").alerts.count == 2)
        }

        @Test(
            "takes the metadata address in every form of it, and no other",
            arguments: [("metadata", 1), ("mapped", 1), ("other", 0), ("metadata6", 0)])
        func addresses(address: String, count: Int) throws {
            let (alerts, _) = try alerts(of: "run \(Self.curl) + fork-connect \(address) 80")
            #expect(alerts.count == count)
            #expect(alerts.allSatisfy { $0.string("destination.ip") == "169.254.169.254" })
        }

        @Test("survives a parent that exits between the start and the connection")
        func orphan() throws {
            let (alerts, result) = try alerts(of: "start \(Self.curl) metadata 80 300 + exit")
            #expect(alerts.count == 1)
            #expect(alerts.first?.int("process.pid") == result.numbers("start").first?.first)
            #expect(alerts.first?.int("process.parent.pid") == result.child)
            #expect(alerts.first?.string("process.parent.executable") == Self.steps)
        }

        @Test("survives a parent that is exiting while its child starts the program", arguments: 1...3)
        func exitingParent(attempt: Int) throws {
            let parent = "/usr/lib/x/parent"
            let (alerts, result) = try raisedAlerts(
                [parent, Self.curl],
                items: [.program(parent, .exitingParent), .program(Self.curl, .fixedClient)],
                status: 0)
            #expect(alerts.count == 1)
            #expect(alerts.first?.int("process.pid") == result.numbers("child").first?.first)
            #expect(alerts.first?.int("process.parent.pid") == result.numbers("parent").first?.first)
            #expect(alerts.first?.string("process.parent.executable") == parent)
        }
    }
}
