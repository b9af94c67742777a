import Events
import Testing

@testable import Processes

private let systemd = Scene.process(1)

@Suite("What a parent was when it forked")
struct ParentFactsTests {
    private let daemon = Scene.process(20)
    private let worker = Scene.process(21)
    private let curl = Scene.process(30)

    private func scene(needs: FieldSet = FieldSet()) -> Scene {
        let scene = Scene(needs: needs)
        scene.seed(systemd, parent: .none, "/usr/lib/systemd/systemd", session: 1)
        scene.exec(
            daemon, parent: systemd, "/usr/sbin/daemon", cwd: "/", session: 20, user: 0, place: 1)
        return scene
    }

    private func start(
        _ scene: Scene, below parent: ProcessIdentity, cwd: Captured = "/", place: UInt64 = 1,
        complete: Bool = true
    ) throws -> EventSnapshot {
        try #require(
            scene.exec(
                curl, parent: parent, "/usr/bin/curl", cwd: cwd, parentExecutable: "/usr/sbin/daemon",
                session: 20, user: 5, place: place, complete: complete))
    }

    @Test("its user, who is not that of its program's start")
    func user() throws {
        let scene = scene()
        scene.fork(daemon, curl, user: 33, place: 1)
        let event = try start(scene, below: daemon)
        #expect(event.integer(.parentUserID) == 33 && event.integer(.parentRealUserID) == 34)
        #expect(event.integer(.parentGroupID) == 35 && event.integer(.parentRealGroupID) == 36)
        #expect(event.integer(.sessionLeaderUserID) == 33)
        #expect(event.integer(.processUserID) == 5)
        #expect(event.text(.parentWorkingDirectory) == "/")
    }

    @Test("of a worker that shares its program with others of other users")
    func workers() throws {
        let scene = scene(needs: FieldSet([.parentUserID]))
        let other = Scene.process(22)
        scene.fork(daemon, worker, user: 0, place: 1)
        scene.fork(daemon, other, user: 0, place: 1)
        scene.fork(worker, curl, user: 33, place: 1)
        let event = try start(scene, below: worker, complete: false)
        #expect(event.integer(.parentUserID) == 33)
        let wget = Scene.process(31)
        scene.fork(other, wget, user: 0, place: 1)
        let second = try #require(
            scene.exec(wget, parent: other, "/usr/bin/wget", parentExecutable: "/usr/sbin/daemon"))
        #expect(second.integer(.parentUserID) == 0)
    }

    @Test("also once the parent is gone")
    func gone() throws {
        let scene = scene()
        scene.fork(daemon, curl, user: 33, place: 1)
        _ = try start(scene, below: daemon)
        scene.host.alive = [1, 30]
        for second in 1...2 { scene.table.tick(at: Int64(second), told: scene.time + Int64(second) << 30) }
        scene.exec(Scene.process(20, start: 1 << 60), parent: systemd, "/bin/other", user: 7)
        let event = try #require(
            scene.connect(curl, parent: systemd, "/usr/bin/curl", session: 20, complete: true))
        #expect(event.header.parent == daemon && event.integer(.parentUserID) == 33)
    }

    @Test("the directory it had gone to, which its child was told with")
    func directory() throws {
        let scene = scene()
        scene.fork(daemon, curl, user: 0, place: 2)
        let event = try start(scene, below: daemon, cwd: "/srv/app", place: 2)
        #expect(event.text(.parentWorkingDirectory) == "/srv/app")
    }

    @Test("a directory that nobody named is unknown, not the one before")
    func unknownDirectory() throws {
        let scene = scene(needs: FieldSet([.parentWorkingDirectory]))
        scene.fork(daemon, curl, user: 0, place: 2)
        let event = try start(scene, below: daemon, cwd: "/elsewhere", place: 3, complete: false)
        #expect(event.slot(.parentWorkingDirectory)?.isUnknown == true)
        // back where its program was started
        scene.fork(daemon, Scene.process(32), user: 0, place: 1)
        let second = try #require(
            scene.exec(
                Scene.process(32), parent: daemon, "/usr/bin/wget", cwd: "/elsewhere",
                parentExecutable: "/usr/sbin/daemon", place: 3))
        #expect(second.text(.parentWorkingDirectory) == "/")
    }

    @Test("without forks that were seen: as of the start of its program")
    func unseen() throws {
        let scene = scene()
        let event = try start(scene, below: daemon, cwd: "/srv/app", place: 2)
        #expect(event.integer(.parentUserID) == 0 && event.text(.parentWorkingDirectory) == "/")
    }

    @Test("texts of directories are given back")
    func bytes() {
        let scene = scene()
        let before = scene.table.counters.bytes
        for number in 0..<UInt32(100) {
            let child = Scene.process(100 + number)
            scene.fork(daemon, child, user: 0, place: UInt64(10 + number))
            scene.exec(
                child, parent: daemon, "/usr/bin/curl", cwd: .text("/srv/\(number)"),
                parentExecutable: "/usr/sbin/daemon", place: UInt64(10 + number))
        }
        scene.host.alive = [1, 20]
        for second in 1...UInt32(3) {
            scene.table.tick(at: scene.time, told: scene.time + Int64(second) * 1_000_000_000)
        }
        // one name of a directory, at most
        #expect(scene.table.counters.bytes - before < 256)
    }

    @Test("each child with what it was then")
    func children() throws {
        let scene = scene()
        let other = Scene.process(31)
        scene.fork(daemon, curl, user: 33, place: 1)
        scene.fork(daemon, other, user: 0, place: 2)
        let first = try start(scene, below: daemon)
        #expect(first.integer(.parentUserID) == 33 && first.text(.parentWorkingDirectory) == "/")
        let second = try #require(
            scene.exec(
                other, parent: daemon, "/usr/bin/wget", cwd: "/root", parentExecutable: "/usr/sbin/daemon",
                place: 2, complete: true))
        #expect(second.integer(.parentUserID) == 0 && second.text(.parentWorkingDirectory) == "/root")
        let later = try #require(
            scene.connect(curl, parent: daemon, "/usr/bin/curl", session: 20, complete: true))
        #expect(later.integer(.parentUserID) == 33 && later.text(.parentWorkingDirectory) == "/")
    }

    @Test("not what it became by a program that it started since")
    func setuidProgram() throws {
        let scene = scene()
        scene.fork(daemon, curl, user: 1000, place: 1)
        scene.exec(
            daemon, parent: systemd, "/usr/bin/sudo", cwd: "/", parentExecutable: "/usr/lib/systemd/systemd",
            session: 20, user: 0, place: 1)
        let event = try #require(
            scene.exec(
                curl, parent: daemon, "/usr/bin/curl", parentExecutable: "/usr/bin/sudo", session: 20,
                user: 1000, place: 1, complete: true))
        #expect(event.text(.parentExecutable) == "/usr/bin/sudo")
        #expect(event.integer(.parentUserID) == 1000)
    }

    @Test("nothing of who took over an orphan")
    func orphan() throws {
        let scene = scene(needs: FieldSet([.parentUserID]))
        scene.fork(daemon, curl, user: 33, place: 1)
        let event = try #require(
            scene.exec(
                curl, parent: systemd, "/usr/bin/curl", parentExecutable: "/usr/lib/systemd/systemd",
                place: 1))
        #expect(event.integer(.parentUserID) == 0, "as systemd was seeded")
    }

    @Test("nothing of a sibling that forked for it, nor the parent's program")
    func sibling() throws {
        let scene = scene()
        scene.begin(.fork, curl, parent: daemon)
        scene.event.header.isBySibling = true
        scene.table.apply(&scene.event)
        let event = try #require(
            scene.connect(curl, parent: daemon, "/tmp/client", session: 20, complete: true))
        #expect(event.text(.processExecutable) == "/tmp/client" && event.all(.processArgs) == ["now"])
        #expect(event.integer(.parentUserID) == 0 && event.text(.parentExecutable) == "/usr/sbin/daemon")
    }

    @Test("a program whose start was missed is told as the connection tells it")
    func missedStart() throws {
        let scene = scene()
        scene.exec(
            curl, parent: daemon, "/usr/bin/sh", parentExecutable: "/usr/sbin/daemon", session: 20, execs: 4)
        scene.begin(.connect, curl, parent: daemon)
        scene.event.header.hasExeced = true
        scene.event.header.execs = 5
        scene.setExecutable(.process, "/usr/bin/curl")
        scene.table.apply(&scene.event)
        let taken = scene.event.snapshot()
        let event = try #require(taken)
        #expect(event.text(.processExecutable) == "/usr/bin/curl")
        #expect(scene.table.counters.execsMissed == 1)
    }
}
