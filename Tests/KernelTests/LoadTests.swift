import Foundation
import Testing

extension KernelTests {
    @Suite("Under load", .serialized)
    struct Load {
        private static let storm = "/usr/lib/x/storm"
        private static let nop = "/usr/lib/x/nop"
        /// Each is found by another test of the rule: its name, its place.
        private static let clients = ["/usr/lib/x/curl", "/tmp/a b/tool", "/var/tmp/é", "/srv/python3"]

        private static var items: [Arena.Item] {
            [.program(storm, .storm), .program(nop, .client), .directory("/work-places")]
                + clients.map { .program($0, .fixedClient) }
        }

        @Test("100 accesses hidden in 5,000 starts are exactly 100 alerts, each with its own evidence")
        func hidden() throws {
            let (alerts, result) = try raisedAlerts(
                [Self.storm, "5000", "100", "/work-places", Self.nop] + Self.clients, items: Self.items,
                status: 0)
            #expect(alerts.count == 100)
            let accesses = result.numbers("access")
            #expect(accesses.count == 100)
            let byPid = Dictionary(grouping: alerts) { $0.int("process.pid") ?? 0 }
            for access in accesses {
                let number = access[0]
                let alert = try #require(byPid[access[1]]?.first, "access \(number) raised no alert")
                let client = Self.clients[number % Self.clients.count]
                #expect(alert.strings("process.args") == [client, "access-\(number)"])
                #expect(alert.string("process.working_directory") == "/work-places/\(number)")
                #expect(alert.string("process.executable") == client)
                #expect(alert.int("process.parent.pid") == access[2])
                #expect(alert.string("process.parent.executable") == Self.storm)
            }
        }

        @Test("accesses on one CPU alert at once while the other is flooded with starts")
        func latency() throws {
            try Machine.requireQuiet()
            let sensor = try Sensor()
            let flood = try Arena(
                [Self.storm, "1000000", "0", "/work-places", Self.nop, Self.nop], items: Self.items, cpu: 0)
            let accesses = try Arena(
                [Self.storm, "100", "100", "/work-places", Self.nop] + Self.clients, items: Self.items, cpu: 1
            ).finish()
            kill(flood.process.processIdentifier, SIGKILL)
            _ = try? flood.finish()
            let records = try sensor.stop()
            // by the sensor's own clock: with both CPUs saturated, this process waits for its turn to read
            let delays = records.arrivals { $0.involves(accesses.arena) }.map { document, _ in
                Double((document.time("event.created") ?? 0) - (document.time("@timestamp") ?? 0)) / 1e6
            }.sorted()
            try #require(delays.count == 100)
            #expect(records.losses.isEmpty)
            #expect(delays[0] > 0)
            #expect(delays[50] <= 1, "median of \(delays[50]) ms")
            // The timer's period is 50 ms.
            #expect(delays[99] < 40, "longest of \(delays[99]) ms")
        }

        @Test("memory for a burst of long arguments is given back when it is over")
        func memoryGivenBack() throws {
            let sensor = try Sensor()
            let before = try Machine.anonymousMemory(sensor.pid)
            // 32 KiB are kept of each
            let loop = #"i=0; while [ $i -lt 400 ]; do /bin/true "$1"; i=$((i + 1)); done"#
            let long = String(repeating: "x", count: 60_000)
            try Process.run(URL(filePath: "/bin/sh"), arguments: ["-c", loop, "sh", long]).waitUntilExit()
            /// Kilobytes, once they are as wanted, or at last.
            func memory(within seconds: Int, until isWanted: (Int) -> Bool) throws -> Int {
                let end = ContinuousClock.now + .seconds(seconds)
                while true {
                    let memory = try Machine.anonymousMemory(sensor.pid)
                    if isWanted(memory) || ContinuousClock.now > end { return memory }
                    Thread.sleep(forTimeInterval: 0.1)
                }
            }
            let most = try memory(within: 5) { $0 > before + 4_000 }
            #expect(most > before + 4_000, "\(most) kB with the arguments, \(before) before")
            let rest = try memory(within: 40) { $0 < most - 2_500 }
            #expect(rest < most - 2_500, "\(rest) kB when they are gone, \(most) with them")
            #expect(try sensor.stop().losses.isEmpty)
        }

        @Test("all alerts of a flood are counted, and only those over the limit are held back")
        func floodLimit() throws {
            let sensor = try Sensor(limitAlerts: true)
            let result = try Arena(
                [Self.storm, "150", "150", "/work-places", Self.nop, Self.clients[0]], items: Self.items
            ).finish()
            let records = try sensor.stop()
            #expect(records.alerts(of: result.arena).count == 100)
            #expect(records.losses == ["flood_suppressed": 50])
        }
    }
}
