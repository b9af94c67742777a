import Events
import Processes
import Testing

private let systemd = Scene.process(1)

@Suite("The process table is bounded")
struct BoundsTests {
    private func scene(processes: Int, bytes: Int = 8 << 20) -> Scene {
        let scene = Scene(limits: ProcessTableLimits(processes: processes, bytes: bytes))
        scene.seed(systemd, parent: .none, "/usr/lib/systemd/systemd")
        return scene
    }

    @Test("processes that have ended give way without a loss")
    func recycles() {
        let scene = scene(processes: 256)
        scene.host.alive = [1]
        for pid in 2..<UInt32(5000) {
            scene.exec(Scene.process(pid), parent: systemd, "/bin/true")
        }
        let counters = scene.table.counters
        #expect(counters.processes <= 256)
        #expect(counters.evicted == 0 && counters.full == 0)
        #expect(counters.recycled > 4500)
    }

    @Test("the old who are alive get a second chance before the young who are dead")
    func secondChance() throws {
        let scene = scene(processes: 256)
        let daemon = Scene.process(2)
        scene.exec(daemon, parent: systemd, "/usr/sbin/daemon")
        scene.host.alive = [1, 2]
        for pid in 3..<UInt32(5000) {
            scene.exec(Scene.process(pid), parent: systemd, "/bin/true")
        }
        let event = try #require(scene.connect(daemon, parent: systemd, "/usr/sbin/daemon"))
        #expect(event.all(.processArgs) == ["arg"])
        #expect(event.origin(.processArgs) == "table")
    }

    @Test("when all are alive the oldest gives way, and that is counted as a loss")
    func evicts() throws {
        let scene = scene(processes: 256)
        scene.host.alive = Set(1...2000)
        for pid in 2..<UInt32(1000) {
            scene.exec(Scene.process(pid), parent: systemd, "/bin/sleep")
        }
        let counters = scene.table.counters
        #expect(counters.evicted >= 740 && counters.full == 0)
        #expect(counters.processes <= 256)
        let newest = try #require(scene.connect(Scene.process(999), parent: systemd, "/bin/sleep"))
        #expect(newest.origin(.processArgs) == "table")
        // each step looks at a few only
        #expect(scene.host.aliveQuestions < 9 * 1000)
    }

    @Test("arguments give way first, those of the dead before those of the living")
    func argumentsFirst() throws {
        let scene = scene(processes: 4096, bytes: 256 * 1024)
        let long = [String(repeating: "x", count: 2000)]
        let daemon = Scene.process(2)
        scene.host.alive = [1, 2]
        scene.exec(daemon, parent: systemd, "/usr/sbin/daemon", args: ["daemon", "--flag"])
        for pid in 3..<UInt32(1000) {
            scene.exec(Scene.process(pid), parent: systemd, "/bin/true", args: long)
        }
        let counters = scene.table.counters
        #expect(counters.argumentsEvicted > 800)
        #expect(counters.bytes <= 256 * 1024)
        #expect(counters.evicted == 0 && counters.full == 0)
        let event = try #require(scene.connect(daemon, parent: systemd, "/usr/sbin/daemon", args: ["x"]))
        #expect(event.all(.processArgs) == ["daemon", "--flag"])
        // without its arguments a process is still known
        let old = try #require(scene.connect(Scene.process(10), parent: systemd, "/bin/true", args: ["now"]))
        #expect(old.all(.processArgs) == ["now"])
        #expect(old.text(.parentExecutable) == "/usr/lib/systemd/systemd")
    }

    @Test("where text runs short the living keep their place as long as somebody has arguments")
    func livingKeepTheirPlace() throws {
        let scene = scene(processes: 4096, bytes: 256 * 1024)
        scene.host.alive = Set(1...100)
        let long = [String(repeating: "x", count: 30_000)]
        for pid in 2..<UInt32(100) {
            scene.exec(Scene.process(pid), parent: systemd, "/usr/sbin/daemon", args: ["daemon", "--flag"])
        }
        for pid in 100..<UInt32(400) {
            scene.exec(Scene.process(pid), parent: systemd, "/bin/true", args: long)
        }
        let counters = scene.table.counters
        #expect(counters.argumentsEvicted > 280)
        #expect(counters.evicted == 0 && counters.full == 0)
        for pid in 2..<UInt32(100) {
            let event = try #require(scene.connect(Scene.process(pid), parent: systemd, .unreadable))
            #expect(event.text(.processExecutable) == "/usr/sbin/daemon")
        }
    }

    @Test("where all are alive, and few have arguments, room is made still", arguments: [20, 1, 7])
    func roomAmongTheLiving(every: UInt32) {
        let scene = scene(processes: 4096, bytes: 256 * 1024)
        scene.host.alive = Set(1...4000)
        let tail = String(repeating: "/d", count: 1000)
        for pid in 2..<UInt32(3000) {
            scene.exec(
                Scene.process(pid), parent: systemd, "/usr/sbin/daemon",
                args: pid % every == 0 ? ["daemon"] : [], cwd: .text("/\(pid)\(tail)"))
        }
        let counters = scene.table.counters
        #expect(counters.evicted > 1000 && counters.full == 0)
        #expect(counters.bytes < 250_000)
    }

    @Test("paths that nobody shares fill the table, and old processes give way")
    func paths() {
        let scene = scene(processes: 4096, bytes: 256 * 1024)
        scene.host.alive = [1]
        let tail = String(repeating: "/d", count: 1000)
        for pid in 2..<UInt32(2000) {
            scene.exec(
                Scene.process(pid), parent: systemd, .text("/\(pid)\(tail)/x"), cwd: .text("/\(pid)\(tail)"))
        }
        let counters = scene.table.counters
        #expect(counters.bytes <= 256 * 1024)
        #expect(counters.recycled > 1500)
        #expect(counters.evicted == 0)
    }

    @Test("a daemon that forks itself anew forever leaks nothing", arguments: [false, true])
    func reforks(withExec: Bool) throws {
        let scene = scene(processes: 1024)
        var last = systemd
        for pid in 2..<UInt32(20_000) {
            let next = Scene.process(pid)
            scene.fork(last, next)
            if withExec, pid % 2 == 0 {
                scene.exec(next, parent: last, .text("/usr/bin/p\(pid)"))
                // the parent moves on too, so that only its child remembers it
                scene.exec(last, parent: systemd, "/usr/bin/other")
            }
            scene.host.alive = [1, pid]
            last = next
        }
        let counters = scene.table.counters
        #expect(counters.full == 0 && counters.evicted == 0)
        #expect(counters.bytes < 512 * 1024)
        var arena = ByteArena(capacity: 1024, limit: 1 << 16)
        let count = scene.table.ancestry(of: last, limit: 100, into: &arena)
        #expect(count >= 10 && count <= 32)
    }

    @Test("the line of parents is told nearest first, as each was when its child started")
    func ancestry() {
        let scene = scene(processes: 1024)
        let (ssh, bash, make, curl) = (
            Scene.process(10), Scene.process(20), Scene.process(30), Scene.process(40)
        )
        scene.exec(ssh, parent: systemd, "/usr/sbin/sshd")
        scene.exec(bash, parent: ssh, "/bin/bash")
        scene.exec(make, parent: bash, "/usr/bin/make")
        scene.fork(make, curl)
        scene.exec(curl, parent: make, "/usr/bin/curl")
        scene.exec(bash, parent: ssh, "/bin/later")
        var arena = ByteArena(capacity: 16, limit: 1 << 16)
        let count = scene.table.ancestry(of: curl, into: &arena)
        let list = AncestryEntry.list(arena.bytes.span.extracting(0..<arena.count))
        #expect(count == 4)
        #expect(list.map(\.identity) == [make, bash, ssh, systemd])
        #expect(
            list.map { String(decoding: $0.executable, as: UTF8.self) } == [
                "/usr/bin/make", "/bin/bash", "/usr/sbin/sshd", "/usr/lib/systemd/systemd",
            ])
        arena.truncate(to: 0)
        let two = scene.table.ancestry(of: curl, limit: 2, into: &arena)
        let none = scene.table.ancestry(of: Scene.process(99), into: &arena)
        #expect(two == 2 && none == 0)
    }

    @Test("those that ended are forgotten once nothing of theirs can follow")
    func sweeps() {
        let scene = scene(processes: 4096)
        for pid in 2..<UInt32(1000) {
            scene.exec(Scene.process(pid), parent: systemd, "/bin/true")
        }
        scene.host.alive = [1, 5]
        // a second and a tenth are in these events; nothing is asked of the youngest
        scene.table.tick(at: 1)
        let before = scene.table.counters
        let asked = scene.host.aliveQuestions
        #expect(before.processes == 999)
        #expect((500..<800).contains(asked))

        // seen to have ended, long after their last event: they stay until an event
        // from after that was told
        scene.time += 30_000_000_000
        scene.host.time = scene.time + 5_000_000_000
        scene.exec(Scene.process(1000), parent: systemd, "/bin/true")
        scene.table.tick(at: 2)
        scene.exec(Scene.process(2), parent: systemd, "/bin/false")
        scene.table.tick(at: 3)
        let marked = scene.table.counters
        #expect((500..<800).contains(marked.recycled) && marked.processes > 200)

        scene.time = scene.host.time + 300_000_000
        scene.host.alive.insert(2)
        scene.exec(Scene.process(1000), parent: systemd, "/bin/true")
        scene.table.tick(at: 4)
        let after = scene.table.counters
        // init, the one that is alive, the one that came back, and the one that is new
        #expect(after.processes == 4)
        #expect(after.bytes < before.bytes / 10)
    }

    @Test("an idle host forgets as time passes, and asks seldom about those that stay")
    func idle() {
        let scene = scene(processes: 4096)
        for pid in 2..<UInt32(100) { scene.exec(Scene.process(pid), parent: systemd, "/bin/true") }
        scene.host.alive = Set(1...50)
        for second in 1...60 {
            scene.host.time = scene.time + Int64(second) * 1_000_000_000
            scene.table.tick(at: Int64(second), told: scene.host.time - 1_000_000_000)
        }
        #expect(scene.table.counters.processes == 50)
        // each of the living about every four seconds
        #expect((49 + 50 * 10..<49 + 50 * 18).contains(scene.host.aliveQuestions))
    }

    @Test("what comes from before the end that was seen is still told whole")
    func lateConnection() throws {
        let scene = scene(processes: 4096)
        let curl = Scene.process(300)
        scene.exec(curl, parent: systemd, "/usr/bin/curl", args: ["curl", "x"])
        scene.host.alive = [1]
        scene.exec(Scene.process(301), parent: systemd, "/bin/true")
        scene.time += 2_000_000_000
        scene.exec(Scene.process(302), parent: systemd, "/bin/true")
        // the ring is a second behind
        scene.host.time = scene.time + 1_000_000_000
        for turn in 1...10 { scene.table.tick(at: Int64(turn)) }
        scene.time += 990_000_000
        let event = try #require(scene.connect(curl, parent: systemd, "/usr/bin/curl"))
        #expect(event.all(.processArgs) == ["curl", "x"])
    }
}
