import Events
import Fixtures
import Testing

@Suite("Test events")
struct EventBuilderTests {
    @Test("hold what was written")
    func holds() throws {
        let event = Event.made(
            .connect, at: 7,
            [
                .processArgs: ["curl", "-s"], .destinationIP: "::ffff:10.0.0.1", .destinationPort: 80,
                .parentExecutable: .unknown, .hostOSType: .missing, .parentEntityID: .identity(4, 9),
            ])
        let copy = event.snapshot()
        let snapshot = try #require(copy)
        #expect(snapshot.header.time == 7)
        #expect(snapshot.texts(.processArgs).map { String(decoding: $0, as: UTF8.self) } == ["curl", "-s"])
        #expect(snapshot.addresses(.destinationIP) == [IPAddress(v4: 0x0a00_0001)])
        #expect(snapshot.integers(.destinationPort) == [80])
        #expect(snapshot.slot(.parentExecutable)?.isUnknown == true)
        #expect(!snapshot.has(.hostOSType))
        #expect(snapshot.slot(.parentEntityID)?.identity == ProcessIdentity(pid: 4, start: 9))
        #expect(snapshot.firstText(.eventAction) == Array("connection_attempted".utf8)[...])
    }
}
