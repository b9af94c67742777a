import Events
import Foundation
import Processes
import Testing

private let systemd = Scene.process(1)

@Suite("Completed events tell everything")
struct CompleteTests {
    @Test("about the parent, leaders and the process itself")
    func everything() throws {
        let root = try TemporaryRoot([
            "etc/passwd": "web:x:1000:1000::/:/bin/sh\nroot:x:0:0\n", "etc/group": "grp:x:1002:\n",
        ])
        let scene = Scene(users: UserNames(root: root.path))
        scene.seed(systemd, parent: .none, "/usr/lib/systemd/systemd", session: 1)
        let (sshd, shell, curl) = (Scene.process(10), Scene.process(20), Scene.process(30))
        scene.exec(sshd, parent: systemd, "/usr/sbin/sshd", session: 10)
        scene.exec(
            shell, parent: sshd, "/bin/bash", args: ["-bash"], cwd: "/home/web", session: 20, tty: 136,
            user: 1000)
        scene.exec(
            curl, parent: shell, "/usr/bin/curl", parentExecutable: "/bin/bash", session: 20, tty: 136,
            user: 1000,
            cgroup: "session-3.scope")
        let event = try #require(
            scene.connect(curl, parent: systemd, "/usr/bin/curl", session: 20, complete: true))
        #expect(event.text(.parentCommandLine) == "-bash")
        #expect(event.integer(.parentArgsCount) == 1)
        #expect(event.text(.parentWorkingDirectory) == "/home/web")
        #expect(event.integer(.parentUserID) == 1000)
        #expect(event.text(.parentUserName) == "web")
        #expect(event.integer(.parentInteractive) == 1)
        #expect(event.text(.parentThreadName) == "comm")
        #expect(event.integer(.parentStart) == Int64(shell.start) + Scene.offset)
        #expect(event.integer(.processStart) == Int64(curl.start) + Scene.offset)
        #expect(event.integer(.sessionLeaderPID) == 20)
        #expect(event.text(.sessionLeaderExecutable) == "/bin/bash")
        #expect(event.integer(.entryLeaderPID) == 20)
        #expect(event.header.entryLeader == shell)
        #expect(event.text(.entryLeaderMetaType) == "sshd")
        #expect(event.all(.entryLeaderArgs) == ["-bash"])
        #expect(event.text(.processUserName) == "root")
        #expect(event.origin(.parentArgs) == "table")
        #expect(event.text(.serviceName) == "user.slice" || !event.has(.serviceName))
    }

    @Test("about a session leader that has ended and is forgotten")
    func endedLeader() throws {
        let scene = Scene()
        scene.seed(systemd, parent: .none, "/usr/lib/systemd/systemd", session: 1)
        let (shell, curl) = (Scene.process(20), Scene.process(30))
        scene.exec(shell, parent: systemd, "/bin/bash", args: ["-bash"], session: 20)
        scene.exec(curl, parent: shell, "/usr/bin/curl", session: 20)
        scene.host.alive = [1, 30]
        for second in 1...20 {
            scene.host.time = scene.time
            scene.time += 1_000_000_000
            scene.exec(Scene.process(40), parent: systemd, "/bin/true")
            scene.table.tick(at: Int64(second))
        }
        #expect(scene.table.counters.recycled > 0)
        // the kernel says nothing of a leader that is gone
        let event = try #require(scene.connect(curl, parent: systemd, "/usr/bin/curl", complete: true))
        #expect(event.integer(.sessionLeaderPID) == 20)
        #expect(event.integer(.sessionLeaderStart) == Int64(shell.start) + Scene.offset)
        #expect(event.text(.sessionLeaderExecutable) == "/bin/bash")
    }

    /// What is told of a program whose leaders are as the kernel says: start 0 where
    /// they have ended.
    private func event(
        _ kind: EventKind, _ process: ProcessIdentity, parent: ProcessIdentity,
        session: ProcessIdentity, group: ProcessIdentity = .none, in scene: Scene, complete: Bool = true
    ) throws -> EventSnapshot {
        scene.begin(kind, process, parent: parent)
        scene.setExecutable(.process, .text("/usr/bin/curl"))
        scene.event.header.sessionLeader = session
        scene.event.header.groupLeader = group
        scene.table.apply(&scene.event)
        if complete { scene.table.complete(&scene.event) }
        let taken = scene.event.snapshot()
        return try #require(taken)
    }

    @Test("about leaders that nobody knows: they are there")
    func unknownLeaders() throws {
        let scene = Scene()
        scene.seed(systemd, parent: .none, "/usr/lib/systemd/systemd", session: 1)
        let curl = Scene.process(30)
        let event = try event(
            .connect, curl, parent: systemd, session: ProcessIdentity(pid: 20, start: 0),
            group: ProcessIdentity(pid: 25, start: 0), in: scene)
        #expect(event.integer(.sessionLeaderPID) == 20 && event.integer(.groupLeaderPID) == 25)
        for role in [ProcessRole.sessionLeader, .groupLeader] {
            for field in [
                role.executable, role.name, role.args, role.entityID, role.start, role.interactive,
                role.userID,
            ] { #expect(event.slot(field)?.isUnknown == true, "\(field)") }
        }
    }

    @Test(
        "about a leader that nobody knows, to a rule that reads one thing of it",
        arguments: [
            Field.sessionLeaderArgs, .sessionLeaderName, .sessionLeaderUserID, .sessionLeaderEntityID,
        ])
    func unknownToRule(field: Field) throws {
        let scene = Scene(needs: FieldSet([field]))
        let event = try event(
            .exec, Scene.process(30), parent: systemd, session: ProcessIdentity(pid: 20, start: 0),
            in: scene, complete: false)
        #expect(event.slot(field)?.isUnknown == true)
    }

    @Test("about a leader without arguments: there are none, which is known")
    func leaderWithoutArguments() throws {
        let scene = Scene()
        let (shell, curl) = (Scene.process(20), Scene.process(30))
        scene.exec(shell, parent: systemd, "/bin/bash", args: [], session: 20)
        let event = try #require(
            scene.exec(curl, parent: shell, "/usr/bin/curl", session: 20, complete: true))
        #expect(event.text(.sessionLeaderExecutable) == "/bin/bash")
        #expect(!event.has(.sessionLeaderArgs))
    }

    @Test("about a kernel thread by which a session was entered: it runs nothing, which is known")
    func kernelThread() throws {
        let scene = Scene()
        let (thread, helper) = (Scene.process(2), Scene.process(30))
        scene.exec(helper, parent: thread, "/sbin/modprobe")
        let event = try #require(scene.connect(helper, parent: thread, "/sbin/modprobe", complete: true))
        #expect(event.header.entryLeader.isKnown)
        #expect(event.slot(.entryLeaderExecutable)?.isUnknown != true)
    }

    @Test("a number is not taken for the leader that had it in another session")
    func leaderOfOtherSession() throws {
        let scene = Scene()
        // 25 ran in session 10; a later session has a group whose leader, gone now, had that number
        let (old, shell, curl) = (Scene.process(25), Scene.process(40), Scene.process(50))
        scene.exec(old, parent: systemd, "/bin/old", session: 10)
        scene.exec(shell, parent: old, "/bin/bash", session: 40)
        scene.host.alive = [1, 40, 50]
        for second in 1...20 {
            scene.host.time = scene.time + Int64(second) * 1_000_000_000
            scene.table.tick(at: Int64(second), told: scene.time + Int64(second) * 1_000_000_000)
        }
        let event = try event(
            .exec, curl, parent: shell, session: shell, group: ProcessIdentity(pid: 25, start: 0), in: scene)
        #expect(event.text(.sessionLeaderExecutable) == "/bin/bash")
        #expect(event.integer(.groupLeaderPID) == 25)
        #expect(event.slot(.groupLeaderExecutable)?.isUnknown == true)
    }

    @Test("about leaders that ended before the program was started, from the line")
    func leaderInLine() throws {
        let scene = Scene()
        let (shell, script, curl) = (Scene.process(20), Scene.process(25), Scene.process(30))
        scene.exec(shell, parent: systemd, "/bin/bash", args: ["-bash"], session: 20)
        scene.exec(script, parent: shell, "/bin/sh", session: 20)
        scene.host.alive = [1, 25, 30]
        for second in 1...20 {
            scene.host.time = scene.time
            scene.time += 1_000_000_000
            scene.exec(Scene.process(40), parent: systemd, "/bin/true")
            scene.table.tick(at: Int64(second))
        }
        let event = try event(
            .exec, curl, parent: script, session: ProcessIdentity(pid: 20, start: 0),
            group: ProcessIdentity(pid: 25, start: 0), in: scene)
        #expect(event.header.sessionLeader == shell && event.header.groupLeader == script)
        #expect(event.text(.sessionLeaderExecutable) == "/bin/bash")
        #expect(event.text(.groupLeaderExecutable) == "/bin/sh")
        // and for what it does later, when nobody else is left
        let later = try #require(scene.connect(curl, parent: systemd, "/usr/bin/curl", complete: true))
        #expect(later.header.sessionLeader == shell)
    }

    /// A chain from the child of init down: executable, whether it leads a
    /// session, terminal. Then the entry leader expected, and its type.
    private typealias Entrance = (chain: [(String, Bool, Int)], leader: String, type: String)

    private static let entrances: [Entrance] = [
        // each chain from the child of init down: executable, whether it leads a session, terminal
        ([("/usr/sbin/nginx", true, 0), ("/bin/sh", false, 0)], "/usr/sbin/nginx", "init"),
        (
            [
                ("/usr/sbin/sshd", true, 0), ("/usr/lib/openssh/sshd-session", true, 0),
                ("/bin/bash", true, 136),
            ],
            "/bin/bash", "sshd"
        ),
        ([("/usr/sbin/sshd", true, 0), ("/usr/sbin/sshd", true, 0)], "/usr/sbin/sshd", "init"),
        (
            [
                ("/usr/bin/amazon-ssm-agent", true, 0), ("/usr/bin/ssm-session-worker", false, 0),
                ("/bin/sh", true, 136),
            ], "/bin/sh", "ssm"
        ),
        (
            [
                ("/usr/bin/containerd-shim-runc-v2", true, 0), ("/bin/app", true, 0),
                ("/bin/sh", false, 0),
            ], "/bin/app", "container"
        ),
        ([("/usr/bin/kubelet", true, 0), ("/bin/probe", false, 0)], "/bin/probe", "kubelet"),
        (
            [("/sbin/agetty", true, 4), ("/bin/login", true, 4), ("/bin/bash", true, 4)], "/bin/bash",
            "console"
        ),
        ([("/usr/bin/tmux", true, 136), ("/bin/ls", false, 136)], "/usr/bin/tmux", "terminal"),
        ([("/usr/bin/orphan", false, 0)], "/usr/bin/orphan", "unknown"),
    ]

    @Test("how a session was entered", arguments: entrances.indices)
    func entries(index: Int) throws {
        let (chain, leader, type) = CompleteTests.entrances[index]
        let scene = Scene(needs: FieldSet([.entryLeaderMetaType, .entryLeaderExecutable]))
        scene.seed(systemd, parent: .none, "/usr/lib/systemd/systemd", session: 1)
        var parent = systemd
        var session: UInt32 = 999
        var event: EventSnapshot?
        for (index, (executable, leads, tty)) in chain.enumerated() {
            let process = Scene.process(UInt32(10 + index))
            if leads { session = process.pid }
            event = scene.exec(process, parent: parent, .text(executable), session: session, tty: UInt32(tty))
            parent = process
        }
        #expect(event?.text(.entryLeaderExecutable) == leader)
        #expect(event?.text(.entryLeaderMetaType) == type)
    }

    @Test("only what rules read is filled before that")
    func needs() throws {
        let scene = Scene(needs: FieldSet([.parentArgs, .sessionLeaderName]))
        let (shell, curl) = (Scene.process(20), Scene.process(30))
        scene.exec(shell, parent: systemd, "/bin/bash", args: ["bash"], session: 20)
        let event = try #require(scene.exec(curl, parent: shell, "/usr/bin/curl", session: 20))
        #expect(event.all(.parentArgs) == ["bash"])
        #expect(event.text(.sessionLeaderName) == "bash")
        #expect(!event.has(.entryLeaderPID) && !event.has(.groupLeaderPID) && !event.has(.parentUserID))
    }

    @Test("evidence that was shed is read from /proc, while the same program runs")
    func shed() throws {
        let scene = Scene()
        let curl = Scene.process(30)
        scene.host.starts[30] = curl.start
        scene.host.texts[30] = [
            .executable: "/usr/bin/curl", .arguments: "curl\0-s\0", .workingDirectory: "/srv",
        ]
        let event = try #require(
            scene.exec(curl, parent: systemd, "/usr/bin/curl", args: nil, cwd: .absent, complete: true))
        #expect(event.all(.processArgs) == ["curl", "-s"])
        #expect(event.origin(.processArgs) == "proc")
        #expect(event.slot(.processArgs)?.traits.contains(.mutable) == true)
        #expect(event.text(.processWorkingDirectory) == "/srv")
        scene.host.texts[30]?[.executable] = "/usr/bin/other"
        let later = try #require(
            scene.exec(curl, parent: systemd, "/usr/bin/curl", args: nil, cwd: .absent, complete: true))
        #expect(!later.has(.processArgs))
    }

    @Test("an older event is not told with what its parent became")
    func olderEvent() throws {
        let scene = Scene()
        let (shell, curl) = (Scene.process(20), Scene.process(30))
        scene.exec(shell, parent: systemd, "/bin/bash", args: ["bash"])
        scene.exec(curl, parent: shell, "/usr/bin/curl", parentExecutable: "/bin/bash")
        var image = ByteArena(capacity: 4096, limit: 1 << 16)
        let appended = scene.event.appendImage(to: &image)
        let range = try #require(appended)
        scene.exec(shell, parent: systemd, "/usr/bin/python3", args: ["python3"])
        scene.exec(curl, parent: shell, "/usr/bin/wget", parentExecutable: "/usr/bin/python3")
        let loaded = scene.event.load(image: image.bytes.span.extracting(range))
        #expect(loaded)
        scene.table.complete(&scene.event)
        let copied = scene.event.snapshot()
        let event = try #require(copied)
        #expect(event.text(.parentExecutable) == "/bin/bash")
        #expect(event.slot(.parentArgs)?.isUnknown == true)
    }

    @Test("containers and services are read from the control group")
    func units() throws {
        let scene = Scene(needs: FieldSet([.containerID, .serviceName]))
        let id = String(repeating: "0123456789abcdef", count: 4)
        let inside = try #require(
            scene.exec(Scene.process(30), parent: systemd, "/bin/sh", cgroup: "docker-\(id).scope"))
        #expect(inside.text(.containerID) == id)
        let service = try #require(
            scene.exec(Scene.process(31), parent: systemd, "/bin/sh", cgroup: "nginx.service"))
        #expect(service.text(.serviceName) == "nginx.service")
        #expect(!service.has(.containerID))
    }

    @Test("starts are told by one clock")
    func starts() throws {
        let scene = Scene()
        let (shell, curl) = (Scene.process(20), Scene.process(30))
        scene.exec(shell, parent: systemd, "/bin/bash")
        scene.exec(curl, parent: shell, "/usr/bin/curl", parentExecutable: "/bin/bash")
        scene.event.set(.processStart, integer: Int64(curl.start) + 77)
        scene.table.complete(&scene.event)
        let start = scene.event.slot(.parentStart)?.payload
        #expect(start == Int64(shell.start) + 77)
    }

    @Test("documents are left alone")
    func documents() {
        let scene = Scene()
        scene.begin(.document, Scene.process(3), parent: systemd)
        scene.table.apply(&scene.event)
        scene.table.complete(&scene.event)
        let present = scene.event.present
        #expect(present == FieldSet([.processPID]))
    }
}

/// A folder that stands for the root of a file system, and is removed.
final class TemporaryRoot {
    let path: String

    init(_ files: [String: String]) throws {
        path = NSTemporaryDirectory() + "processes-" + UUID().uuidString
        for (name, content) in files { try write(name, content) }
    }

    func write(_ name: String, _ content: String) throws {
        let file = URL(fileURLWithPath: path + "/" + name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(content.utf8).write(to: file)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
