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

    @Test("more sets of ids than are kept apart are nobody's")
    func manySets() {
        var sets = UserSets(limit: 100)
        var numbers: Set<UInt16> = []
        for user in 0..<UInt32(100) { numbers.insert(sets.number(of: UserSet(effectiveUser: user))) }
        #expect(numbers.count == 100 && !numbers.contains(UserSets.unknown) && !numbers.contains(0))
        #expect(sets.number(of: UserSet(effectiveUser: 100)) == UserSets.unknown)
        let number = sets.number(of: UserSet(effectiveUser: 7))
        #expect(numbers.contains(number) && sets[number]?.effectiveUser == 7)
        #expect(sets[UserSets.unknown] == nil && sets[UserSets.asImage] == nil)
    }
}
