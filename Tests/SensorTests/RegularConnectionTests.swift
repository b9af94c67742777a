import Events
import Testing

@testable import Sensor

@Suite("Processes that connect again and again")
struct RegularConnectionTests {
    private func connection(_ pid: UInt32, at seconds: Int64, execs: UInt32 = 5, parent: UInt32 = 1)
        -> EventHeader
    {
        var header = EventHeader()
        header.kind = .connect
        header.time = seconds * 1_000_000_000
        header.process = ProcessIdentity(pid: pid, start: 7)
        header.parent = ProcessIdentity(pid: parent, start: 0)
        header.execs = execs
        return header
    }

    private func told(_ connections: [EventHeader]) -> [Bool] {
        var regulars = RegularConnections()
        return connections.map { regulars.counts($0) }
    }

    @Test("are told from the third connection on, and again after a while")
    func threshold() {
        let times: [Int64] = [100, 100, 100, 100, 109, 110, 111, 120]
        #expect(
            told(times.map { connection(40, at: $0) })
                == [false, false, true, false, false, true, false, true])
    }

    @Test("are others with another program, or where another process has the place")
    func others() {
        let mixed = [
            connection(40, at: 1), connection(40, at: 1), connection(40, at: 1, execs: 6),
            connection(40 + 256, at: 1), connection(40, at: 1, execs: 6), connection(40, at: 1, execs: 6),
            connection(41, at: 1), connection(40, at: 1, execs: 6),
        ]
        #expect(told(mixed) == [false, false, false, false, false, false, false, true])
    }

    @Test("are told only if they and their parents are known")
    func unknown() {
        #expect(!told(Array(repeating: connection(40, at: 1, execs: 0), count: 5)).contains(true))
        #expect(!told(Array(repeating: connection(40, at: 1, parent: 0), count: 5)).contains(true))
        #expect(!told(Array(repeating: connection(0, at: 1), count: 5)).contains(true))
    }
}
