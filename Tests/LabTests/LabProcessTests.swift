import Foundation
import Testing

@testable import Lab

private let isRoot = geteuid() == 0

/// These fork, make namespaces and so need root; nothing leaves their namespaces.
@Suite("Processes of the lab", .serialized, .enabled(if: isRoot, "needs root: makes network namespaces"))
struct LabProcessTests {
    @Test("the canary's program start succeeds, and its connections are refused")
    func canary() throws {
        let canary = try Canary.start(program: .init(path: "/bin/true", arguments: ["true"]))
        for _ in 0..<3 {
            let firing = try canary.fire()
            #expect(firing.executed == 0)
            #expect(firing.connected4 == ECONNREFUSED)
            #expect([ECONNREFUSED, EAFNOSUPPORT, EADDRNOTAVAIL, ENETUNREACH].contains(firing.connected6))
            #expect(firing.process.pid > 1 && firing.process.pid != canary.identity.pid)
            #expect(firing.process.startTicks >= canary.identity.startTicks)
        }
        let pid = canary.identity.pid
        canary.stop()
        #expect(!processExists(pid))
    }

    @Test("the canary says which program start failed")
    func canaryWithoutProgram() throws {
        let canary = try Canary.start(program: .init(path: "/nowhere", arguments: ["x"]))
        #expect(try canary.fire().executed == ENOENT)
        canary.stop()
    }

    @Test("commands reach the metadata service, and this process stays outside")
    func service() throws {
        let before = try networkNamespace()
        let lab = try NetworkLab.start()
        let outcome = try lab.run(
            "exec 2>&1; curl -s http://169.254.169.254/latest/meta-data/instance-id; readlink /proc/self/ns/net"
        )
        #expect(outcome.exitStatus == 0)
        #expect(outcome.outputTail.hasPrefix("i-0000000000000demo"))
        #expect(!outcome.outputTail.contains(before))
        #expect(try networkNamespace() == before)
        lab.stop()
    }

    @Test("every action of the demo does what it says")
    func actions() throws {
        let lab = try NetworkLab.start()
        let actions = try lab.demoActions()
        #expect(actions.count >= 3)
        for action in actions {
            let outcome = try lab.perform(action)
            #expect(outcome.exitStatus == 0, "\(action.title): \(outcome.outputTail)")
            #expect(!outcome.outputTail.isEmpty, "\(action.title)")
        }
        lab.stop()
        #expect(!FileManager.default.fileExists(atPath: NetworkLab.directory))
    }

    @Test("exit statuses, timeouts and long output come back as they are")
    func outcomes() throws {
        let lab = try NetworkLab.start()
        #expect(try lab.run("exit 7").exitStatus == 7)
        #expect(try lab.run("kill -9 $$").exitStatus == 137)
        #expect(try lab.run("sleep 60", timeout: .seconds(1)).exitStatus == nil)
        let long = try lab.run("yes | head -c 100000; printf end")
        #expect(long.exitStatus == 0)
        #expect(long.outputTail.utf8.count == 4096)
        #expect(long.outputTail.hasSuffix("end"))
        lab.stop()
    }

    @Test("processes that were left running end with the lab")
    func leftovers() throws {
        let lab = try NetworkLab.start()
        let outcome = try lab.run("setsid sleep 86413 > /dev/null 2>&1 & readlink /proc/self; echo")
        #expect(outcome.exitStatus == 0)
        // it may not have become that program yet
        var running: [String] = []
        for _ in 0..<500 where running.isEmpty {
            running = try processes(named: "sleep", with: "86413")
            if running.isEmpty { usleep(10_000) }
        }
        #expect(running.count == 1)
        lab.stop()
        #expect(try processes(named: "sleep", with: "86413").isEmpty)
    }

    private func networkNamespace() throws -> String {
        try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/net")
    }

    private func processExists(_ pid: Int32) -> Bool { kill(pid, 0) == 0 }

    private func processes(named name: String, with argument: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { entry in
            guard Int(entry) != nil, let line = FileManager.default.contents(atPath: "/proc/\(entry)/cmdline")
            else { return false }
            return line.elementsEqual("\(name)\0\(argument)\0".utf8)
        }
    }
}
