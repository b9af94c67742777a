import Events
import Glibc
import Processes
import Testing

private let systemd = Scene.process(1)
private let daemon = Scene.process(50)
private let child = Scene.process(60)

@Suite("Processes that are older than the sensor")
struct SeedTests {
    @Test("are known with their parents, in whatever order they were listed", arguments: [false, true])
    func order(reversed: Bool) throws {
        let scene = Scene()
        let list: [(ProcessIdentity, ProcessIdentity, Captured)] = [
            (systemd, .none, "/usr/lib/systemd/systemd"), (daemon, systemd, "/usr/sbin/daemon"),
            (child, daemon, "/usr/bin/worker"),
        ]
        for (process, parent, executable) in reversed ? list.reversed() : list {
            scene.seed(process, parent: parent, executable, args: ["seeded"])
        }
        let event = try #require(
            scene.connect(child, parent: systemd, "/usr/bin/worker", args: ["now"]))
        #expect(event.header.parent == daemon)
        #expect(event.text(.parentExecutable) == "/usr/sbin/daemon")
        #expect(event.all(.processArgs) == ["seeded"])
        #expect(event.slot(.processArgs)?.traits.contains(.mutable) == true)
        var arena = ByteArena(capacity: 16, limit: 1 << 12)
        #expect(scene.table.ancestry(of: child, into: &arena) == 2)
        #expect(scene.table.counters.seeded == 3)
    }

    @Test("their arguments come from /proc, for the kernel's list has none")
    func arguments() throws {
        let scene = Scene(needs: FieldSet([.parentArgs, .parentArgsCount, .parentCommandLine]))
        scene.host.texts[daemon.pid] = [.arguments: "daemon\0--config=/etc/d\0"]
        scene.host.starts[daemon.pid] = daemon.start
        scene.seed(daemon, parent: systemd, "/usr/sbin/daemon", args: nil)
        let event = try #require(scene.exec(child, parent: daemon, "/usr/bin/worker"))
        #expect(event.all(.parentArgs) == ["daemon", "--config=/etc/d"])
        #expect(event.text(.parentCommandLine) == "daemon --config=/etc/d")
        #expect(event.integer(.parentArgsCount) == 2)
        #expect(event.slot(.parentArgs)?.traits.contains(.mutable) == true)
    }

    @Test("arguments that nobody knows are unknown, not absent")
    func unknownArguments() throws {
        let scene = Scene(needs: FieldSet([.parentArgs, .parentArgsCount, .parentCommandLine]))
        scene.seed(daemon, parent: systemd, "/usr/sbin/daemon", args: nil)
        let event = try #require(scene.exec(child, parent: daemon, "/usr/bin/worker"))
        for field in [Field.parentArgs, .parentArgsCount, .parentCommandLine] {
            #expect(event.slot(field)?.isUnknown == true)
        }
    }

    @Test("an event that came first is not overruled")
    func eventFirst() throws {
        let scene = Scene()
        scene.exec(child, parent: daemon, "/usr/bin/new")
        scene.seed(child, parent: systemd, "/usr/bin/old")
        let event = try #require(scene.connect(child, parent: systemd, "/usr/bin/new"))
        #expect(event.text(.processExecutable) == "/usr/bin/new")
        #expect(event.header.parent == daemon)
    }

    @Test("a fork whose record came after the list does not overrule it")
    func lateFork() throws {
        let scene = Scene()
        scene.seed(systemd, parent: .none, "/usr/lib/systemd/systemd")
        scene.seed(child, parent: systemd, "/usr/bin/worker")
        scene.fork(systemd, child)
        let event = try #require(scene.connect(child, parent: systemd, "/usr/bin/worker"))
        #expect(event.text(.processExecutable) == "/usr/bin/worker")
    }

    @Test(
        "scripts are guessed from arguments and name, and satisfy no exclusion",
        arguments: [
            ("/usr/bin/bash", ["/bin/bash", "/etc/init.d/agent", "start"], "agent", "/etc/init.d/agent"),
            ("/usr/bin/perl", ["/usr/bin/perl", "-w", "/opt/tool.pl"], "tool.pl", "/opt/tool.pl"),
            (
                "/usr/bin/python3.13", ["/usr/bin/python3", "/usr/bin/a-long-script-name"], "a-long-script-n",
                "/usr/bin/a-long-script-name"
            ),
            ("/usr/bin/bash", ["bash", "/etc/init.d/agent"], "bash", nil),
            ("/usr/bin/curl", ["curl", "http://x/y"], "curl", nil),
        ])
    func scripts(executable: String, arguments: [String], name: String, script: String?) throws {
        let scene = Scene()
        scene.seed(daemon, parent: systemd, .text(executable), args: arguments, comm: name)
        let event = try #require(
            scene.exec(child, parent: daemon, "/usr/bin/curl", parentExecutable: .text(executable)))
        #expect(event.all(.parentExecutable) == [executable] + (script.map { [$0] } ?? []))
        guard script != nil else { return }
        #expect(event.slot(.parentExecutable)?.isTrusted(1) == false)
        #expect(event.origin(.parentExecutable) == "table")
        #expect(event.slot(.parentExecutable)?.traits.contains(.mutable) == true)
    }

    @Test("start times of /proc are compared as ticks, and learn the rest from the first record")
    func ticks() throws {
        let scene = Scene()
        for (pid, parent) in [(UInt32(1), UInt32(0)), (50, 1), (60, 50)] {
            let start = Scene.process(pid).start / 10_000_000 * 10_000_000
            var facts = ProcessFacts(identity: ProcessIdentity(pid: pid, start: start))
            facts.parent = parent
            facts.session = pid
            facts.threadName = Array("name".utf8)
            scene.host.facts[pid] = facts
            scene.host.starts[pid] = start
            scene.host.texts[pid] = [
                .executable: "/bin/p\(pid)", .arguments: "p\(pid)\0x\0", .workingDirectory: "/w",
            ]
        }
        let found = scene.table.seedFromSource(through: &scene.event)
        #expect(found == 3)
        let event = try #require(scene.connect(child, parent: systemd, "/bin/p60", args: ["forged"]))
        #expect(event.header.parent.pid == 50)
        #expect(event.text(.parentExecutable) == "/bin/p50")
        #expect(event.all(.processArgs) == ["p60", "x"])
        scene.exec(daemon, parent: systemd, "/bin/other")
        let again = try #require(scene.connect(child, parent: systemd, "/bin/p60"))
        #expect(again.text(.parentExecutable) == "/bin/p50")
        let next = try #require(scene.connect(daemon, parent: systemd, "/bin/other"))
        #expect(next.text(.processPreviousExecutable) == "/bin/p50")
        #expect(scene.table.counters.reused == 0)
    }

    @Test("arguments are the same whether they were read at once or alone")
    func argumentsAtOnce() throws {
        var proc = ProcFileSystem()
        let read = proc.facts(of: UInt32(getpid()))
        let facts = try #require(read)
        let own = facts.identity
        var alone: [UInt8] = []
        var atOnce: [UInt8] = []
        let first = proc.read(.arguments, of: own, into: &alone)
        proc.beginSeeding()
        let second = proc.read(.arguments, of: own, into: &atOnce)
        // a kernel thread has none, and a process that is not there does not hold up the others
        var none: [UInt8] = []
        let third = proc.read(
            .arguments, of: ProcessIdentity(pid: 0x7fff_fff0, start: 1), into: &none)
        proc.endSeeding()
        #expect(first == [.fromProc, .mutable] && second == first && third == nil)
        #expect(alone == atOnce && !alone.isEmpty)
    }

    @Test("/proc of this machine tells about the test itself")
    func procFileSystem() throws {
        var proc = ProcFileSystem()
        let pid = UInt32(getpid())
        let read = proc.facts(of: pid)
        let facts = try #require(read)
        #expect(facts.realUser == UInt32(getuid()))
        #expect(facts.parent == UInt32(getppid()))
        let end = proc.timeAfterEnd(of: pid)
        #expect(end == nil)
        let endOfNobody = proc.timeAfterEnd(of: 0x7fff_fff0)
        #expect(endOfNobody ?? 0 > 0)
        var bytes: [UInt8] = []
        let origin1 = proc.read(.executable, of: facts.identity, into: &bytes)
        #expect(origin1 == .fromProc)
        #expect(bytes.first == UInt8(ascii: "/"))
        let origin2 = proc.read(.arguments, of: facts.identity, into: &bytes)
        #expect(origin2 == [.fromProc, .mutable])
        #expect(bytes.last == 0)
        let origin3 = proc.read(.workingDirectory, of: facts.identity, into: &bytes)
        #expect(origin3 == .fromProc)
        let other = ProcessIdentity(pid: pid, start: facts.identity.start + 10_000_000)
        let origin4 = proc.read(.executable, of: other, into: &bytes)
        #expect(origin4 == nil)
        let all = proc.processes()
        #expect(all.contains(pid))
    }
}
