import Testing

@testable import Lab

@Suite("Actions of the demo")
struct DemoTests {
    @Test(
        "are four attacks and two benign ones wherever one usual client exists",
        arguments: [
            ["curl", "wget", "python3", "perl", "busybox", "bash"], ["curl", "python3", "perl"],
            ["curl", "wget", "bash"], ["wget", "perl", "bash"],
        ])
    func counts(clients: [String]) {
        let actions = Demo.actions(available: Set(clients))
        #expect(actions.filter(\.expectsAlert).count == 4)
        #expect(actions.filter { !$0.expectsAlert }.count == 2)
    }

    @Test("name no client that is not there")
    func onlyAvailable() {
        for client in ["curl", "python3", "perl"] {
            let others = Set(Demo.clients).subtracting([client])
            let actions = Demo.actions(available: others)
            #expect(actions.allSatisfy { !$0.command.split(separator: " ").contains { $0 == client } })
        }
    }

    @Test("reach the metadata service exactly where an alert is due, or an exclusion holds")
    func addresses() {
        for action in Demo.actions(available: Set(Demo.clients)) {
            let reaches = (action.command + (action.preparation ?? "")).contains("169.254.169.254")
            #expect(reaches == (action.expectsAlert || action.command.contains("/opt/rapid7")))
        }
    }

    @Test("are none without any client")
    func none() {
        #expect(Demo.actions(available: []).isEmpty)
    }
}
