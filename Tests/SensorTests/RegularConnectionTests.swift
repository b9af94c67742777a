import Events
import Testing

@testable import Sensor

@Suite("Processes that connect again and again")
struct RegularConnectionTests {
    private func connection(_ pid: UInt32, execs: UInt32 = 5, parent: UInt32 = 1)
        -> EventHeader
    {
        var header = EventHeader()
        header.kind = .connect
        header.process = ProcessIdentity(pid: pid, start: 7)
        header.parent = ProcessIdentity(pid: parent, start: 0)
        header.execs = execs
        return header
    }

    private func told(_ connections: [EventHeader]) -> [Bool] {
        var regulars = RegularConnections()
        return connections.map { regulars.counts($0) }
    }

    @Test("are told at the third connection, once")
    func threshold() {
        #expect(
            told(Array(repeating: connection(40), count: 6)) == [false, false, true, false, false, false])
    }

    @Test("are others with another program, or where another process has the place")
    func others() {
        let mixed = [
            connection(40), connection(40), connection(40, execs: 6),
            connection(40 + 256), connection(40, execs: 6), connection(40, execs: 6),
            connection(41), connection(40, execs: 6),
        ]
        #expect(told(mixed) == [false, false, false, false, false, false, false, true])
    }

    @Test("are told only if they and their parents are known")
    func unknown() {
        #expect(!told(Array(repeating: connection(40, execs: 0), count: 5)).contains(true))
        #expect(!told(Array(repeating: connection(40, parent: 0), count: 5)).contains(true))
        #expect(!told(Array(repeating: connection(0), count: 5)).contains(true))
    }
}
