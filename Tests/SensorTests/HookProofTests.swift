import Events
import Testing

@testable import Lab
@testable import Sensor

@Suite("The canary's events")
struct HookProofTests {
    private func event(_ kind: EventKind, network: Int64, pid: UInt32 = 7) -> Event {
        var event = Event()
        event.header.kind = kind
        event.header.process = ProcessIdentity(pid: pid, start: 90_000_000)
        event.set(.networkNamespace, integer: network)
        event.set(.destinationIP, address: IPAddress(v4: 0xa9fe_a9fe))
        return event
    }

    @Test("are its own by pid and start, and its connections only in its own network")
    func claims() {
        let canary = Canary.Identity(pid: 7, startTicks: 9)
        var proof = HookProof(canary: canary, network: 42)
        let other = event(.exec, network: 42, pid: 8)
        let isOther = proof.claims(other)
        // a socket that somebody passed to it
        let passed = event(.connect, network: 1)
        let isPassed = proof.claims(passed)
        #expect(!isOther && !isPassed && !proof.sawExec && !proof.sawConnect4)
        let own = event(.connect, network: 42)
        let isOwn = proof.claims(own)
        let start = event(.exec, network: 1)
        let isStart = proof.claims(start)
        #expect(isOwn && isStart && proof.sawExec && proof.sawConnect4 && !proof.isComplete)
    }

    @Test("prove something only of a firing that was carried out")
    func complete() {
        func firing(_ connected: Int32, _ executed: Int32) -> Canary.Firing {
            Canary.Firing(
                process: Canary.Identity(pid: 8, startTicks: 10), connected4: connected,
                connected6: connected,
                executed: executed)
        }
        #expect(firing(111, 0).isComplete)
        #expect(!firing(-1, -1).isComplete)
        #expect(!firing(111, 11).isComplete)
    }
}
