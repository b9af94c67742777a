import Events
import Probes
import Testing

@testable import Sensor

@Suite("Processes that connect again and again")
struct RegularConnectionTests {
    private static let service = RegularProcess.Destination(address: IPAddress(v4: 0xa9fe_a9fe), port: 80)
    private static let other = RegularProcess.Destination(address: IPAddress(v4: 0xa9fe_a9fe), port: 81)

    private struct Connection {
        var header = EventHeader()
        var destination = RegularConnectionTests.service

        init(
            _ pid: UInt32, execs: UInt32 = 5, parent: UInt32 = 1,
            to destination: RegularProcess.Destination = RegularConnectionTests.service, at time: Int64 = 0
        ) {
            header.kind = .connect
            header.time = time
            header.process = ProcessIdentity(pid: pid, start: 7)
            header.parent = ProcessIdentity(pid: parent, start: 0)
            header.execs = execs
            self.destination = destination
        }
    }

    private func told(_ connections: [Connection], repeatsMatter: Bool = true) -> [RegularProcess?] {
        var regulars = RegularConnections(repeatsMatter: repeatsMatter)
        return connections.map { regulars.count($0.header, to: $0.destination) }
    }

    @Test("are told at the third connection, once")
    func threshold() {
        let regular = RegularProcess(ProcessIdentity(pid: 40, start: 7), execs: 5, parent: 1)
        #expect(
            told(Array(repeating: Connection(40), count: 6)) == [nil, nil, regular, nil, nil, nil])
    }

    @Test("are others with another program, or where another process has the place")
    func others() {
        let mixed = [
            Connection(40), Connection(40), Connection(40, execs: 6),
            Connection(40 + 256), Connection(40, execs: 6), Connection(40, execs: 6),
            Connection(41), Connection(40, execs: 6),
        ]
        #expect(
            told(mixed).map { $0 != nil } == [false, false, false, false, false, false, false, true])
    }

    @Test("are told only if they and their parents are known")
    func unknown() {
        #expect(told(Array(repeating: Connection(40, execs: 0), count: 5)).allSatisfy { $0 == nil })
        #expect(told(Array(repeating: Connection(40, parent: 0), count: 5)).allSatisfy { $0 == nil })
        #expect(told(Array(repeating: Connection(0), count: 5)).allSatisfy { $0 == nil })
    }

    @Test("are told with what was seen last, a millisecond apart, where repeats do not matter")
    func repeats() {
        let times: [Int64] = [0, 10, 20, 999_999, 1_000_020, 9_000_000, 9_000_001]
        let seen = told(times.map { Connection(40, at: $0) }, repeatsMatter: false).map { $0?.seen }
        #expect(
            seen == [
                nil, nil, RegularProcess.Seen(destination: Self.service, time: 20), nil,
                RegularProcess.Seen(destination: Self.service, time: 1_000_020),
                RegularProcess.Seen(destination: Self.service, time: 9_000_000), nil,
            ])
    }

    @Test("have no repeats where they alternate between places, and are told once")
    func alternating() {
        let connections = (0..<8).map {
            Connection(40, to: $0 % 2 == 0 ? Self.service : Self.other, at: Int64($0) * 5_000_000)
        }
        let told = told(connections, repeatsMatter: false)
        #expect(told.count { $0 != nil } == 1)
        #expect(told.allSatisfy { $0?.seen == nil })
    }

    @Test("have no repeats while exceptions hold for them: what is pending goes on")
    func excepted() {
        var regulars = RegularConnections(repeatsMatter: false)
        let told = [false, false, true, false, false, false].enumerated().map { number, isExcepted in
            let connection = Connection(40, at: Int64(number) * 5_000_000)
            return regulars.count(
                connection.header, to: connection.destination, isExcepted: isExcepted)
        }
        #expect(told.map { $0?.seen != nil } == [false, false, false, false, false, true])
        #expect(told[2] != nil)
    }
}
