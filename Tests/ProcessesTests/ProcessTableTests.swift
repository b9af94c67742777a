import Events
import Processes
import Testing

private let systemd = Scene.process(1)
private let bash = Scene.process(100)
private let child = Scene.process(200)
private let curl = Scene.process(300)

@Suite("The process table knows processes and parents")
struct ProcessTableTests {
    private func scene(_ needs: FieldSet = FieldSet()) -> Scene {
        let scene = Scene(needs: needs)
        scene.seed(systemd, parent: .none, "/usr/lib/systemd/systemd")
        scene.exec(
            bash, parent: systemd, "/usr/bin/bash", args: ["bash", "-l"], cwd: "/home/web", user: 1000)
        return scene
    }

    @Test("a connection of a process that exec'ed tells what was true at exec, and where it is now")
    func connectAfterExec() throws {
        let scene = scene()
        scene.fork(bash, child)
        scene.exec(
            child, parent: bash, "/usr/bin/dash", invoked: "./run.sh", script: true,
            args: ["/bin/sh", "./run.sh"], cwd: "/srv/app", parentExecutable: "/usr/bin/bash")
        let event = try #require(
            scene.connect(child, parent: bash, "/usr/bin/dash", args: ["forged"], cwd: "/tmp"))
        #expect(event.all(.processExecutable) == ["/usr/bin/dash", "./run.sh", "/srv/app/run.sh"])
        #expect(event.all(.processName) == ["dash", "run.sh"])
        #expect(event.all(.processArgs) == ["/bin/sh", "./run.sh"])
        #expect(event.text(.processCommandLine) == "/bin/sh ./run.sh")
        #expect(event.origin(.processArgs) == "table")
        #expect(event.slot(.processArgs)?.traits.contains(.mutable) == false)
        #expect(event.text(.processWorkingDirectory) == "/tmp")
        #expect(event.origin(.processWorkingDirectory) == "kernel")
        #expect(event.text(.invokedAs) == "./run.sh")
        #expect(event.integer(.executableScript) == 1)
        #expect(event.text(.processPreviousExecutable) == "/usr/bin/bash")
        #expect(event.text(.parentExecutable) == "/usr/bin/bash")
        #expect(event.origin(.parentExecutable) == "table")
    }

    @Test("an executable that the kernel and the table agree on is the kernel's")
    func agreed() throws {
        let scene = scene()
        scene.exec(child, parent: bash, "/usr/bin/curl", parentExecutable: "/usr/bin/bash")
        let event = try #require(scene.connect(child, parent: bash, "/usr/bin/curl"))
        #expect(event.origin(.processExecutable) == "kernel")
    }

    @Test(
        "an empty argument and no arguments at all come back as they were",
        arguments: [[""], [], ["a", "", ""]])
    func emptyArguments(arguments: [String]) throws {
        let scene = scene()
        let atExec = try #require(scene.exec(child, parent: bash, "/usr/bin/curl", args: arguments))
        let event = try #require(scene.connect(child, parent: bash, "/usr/bin/curl"))
        #expect(event.all(.processArgs) == atExec.all(.processArgs))
        #expect(event.integer(.processArgsCount) == atExec.integer(.processArgsCount))
        #expect(event.text(.processCommandLine) == atExec.text(.processCommandLine))
    }

    @Test("the parent is the one of the last exec, also when it has died since")
    func parentDied() throws {
        let scene = scene()
        scene.fork(bash, child)
        scene.exec(child, parent: bash, "/usr/bin/curl", parentExecutable: "/usr/bin/bash")
        let event = try #require(
            scene.connect(
                child, parent: systemd, "/usr/bin/curl", parentExecutable: "/usr/lib/systemd/systemd"))
        #expect(event.header.parent == bash)
        #expect(event.integer(.parentPID) == 100)
        #expect(event.slot(.parentEntityID)?.identity == bash)
        #expect(event.text(.parentExecutable) == "/usr/bin/bash")
        #expect(event.text(.parentName) == "bash")
    }

    @Test("the parent of a process that has not exec'ed is the one that forked it")
    func forked() throws {
        let scene = scene()
        scene.fork(bash, child)
        let event = try #require(
            scene.connect(
                child, parent: systemd, "/usr/bin/bash", args: ["x"],
                parentExecutable: "/usr/lib/systemd/systemd"))
        #expect(event.header.parent == bash)
        #expect(event.text(.parentExecutable) == "/usr/bin/bash")
        #expect(event.all(.processArgs) == ["bash", "-l"])
        #expect(event.origin(.processArgs) == "table")
    }

    @Test("the record's parent at exec counts, not the process that forked")
    func reparentedBeforeExec() throws {
        let scene = scene()
        scene.fork(bash, child)
        scene.exec(
            child, parent: systemd, "/usr/bin/curl", parentExecutable: "/usr/lib/systemd/systemd")
        let event = try #require(scene.connect(child, parent: systemd, "/usr/bin/curl"))
        #expect(event.header.parent == systemd)
    }

    @Test("an orphan that nobody knows joins under init")
    func orphan() throws {
        let scene = scene()
        let event = try #require(
            scene.connect(
                curl, parent: systemd, "/usr/bin/curl", parentExecutable: "/usr/lib/systemd/systemd"))
        #expect(event.header.parent == systemd)
        #expect(event.text(.parentExecutable) == "/usr/lib/systemd/systemd")
    }

    @Test("a later exec of the parent does not change what its child tells")
    func parentExecs() throws {
        let scene = scene()
        scene.exec(child, parent: bash, "/usr/bin/curl", parentExecutable: "/usr/bin/bash")
        scene.exec(bash, parent: systemd, "/usr/bin/python3")
        let event = try #require(
            scene.connect(child, parent: bash, "/usr/bin/curl", parentExecutable: "/usr/bin/python3"))
        #expect(event.text(.parentExecutable) == "/usr/bin/bash")
        let next = try #require(
            scene.exec(curl, parent: bash, "/usr/bin/wget", parentExecutable: "/usr/bin/python3"))
        #expect(next.text(.parentExecutable) == "/usr/bin/python3")
    }

    @Test("what a script was invoked as is told of it as a parent")
    func scriptParent() throws {
        let scene = scene()
        scene.exec(
            child, parent: bash, "/usr/bin/bash", invoked: "/usr/bin/setup-policy-routes", script: true,
            args: ["/bin/bash", "/usr/bin/setup-policy-routes"])
        let event = try #require(
            scene.exec(curl, parent: child, "/usr/bin/curl", parentExecutable: "/usr/bin/bash"))
        #expect(event.all(.parentExecutable) == ["/usr/bin/bash", "/usr/bin/setup-policy-routes"])
        #expect(event.slot(.parentExecutable)?.isTrusted(1) == true)
        #expect(event.all(.parentName) == ["bash", "setup-policy-routes"])
        #expect(event.origin(.parentExecutable) == "kernel")
    }

    @Test("what a binary was invoked as is told too, but satisfies no exclusion")
    func invokedParent() throws {
        let scene = scene()
        scene.exec(child, parent: bash, "/tmp/x", invoked: "/snap/agent/../../tmp/x")
        let event = try #require(scene.exec(curl, parent: child, "/usr/bin/curl", parentExecutable: "/tmp/x"))
        #expect(event.all(.parentExecutable) == ["/tmp/x", "/snap/agent/../../tmp/x"])
        #expect(event.slot(.parentExecutable)?.isTrusted(1) == false)
    }

    @Test("a fork that does not exec inherits the script")
    func forkedScript() throws {
        let scene = scene()
        scene.exec(child, parent: bash, "/usr/bin/bash", invoked: "/etc/init.d/x", script: true)
        scene.fork(child, curl)
        let event = try #require(scene.connect(curl, parent: child, "/usr/bin/bash"))
        #expect(event.all(.processExecutable) == ["/usr/bin/bash", "/etc/init.d/x"])
        #expect(event.all(.parentExecutable) == ["/usr/bin/bash", "/etc/init.d/x"])
    }

    @Test("a parent whose executable the kernel could not read is told by the table")
    func exitingParent() throws {
        let scene = scene()
        let event = try #require(
            scene.exec(child, parent: bash, "/usr/bin/curl", parentExecutable: .unreadable))
        #expect(event.text(.parentExecutable) == "/usr/bin/bash")
        #expect(event.origin(.parentExecutable) == "table")
        #expect(event.text(.parentName) == "bash")
        let counters = scene.table.counters
        #expect(counters.parentFromTable == 1)
    }

    @Test("what a connection leaves out, because it was told before, is told by the table")
    func toldBefore() throws {
        let scene = scene()
        scene.exec(
            child, parent: bash, "/usr/bin/curl", args: ["curl", "x"], parentExecutable: "/usr/bin/bash")
        let event = try #require(
            scene.connect(
                child, parent: bash, .unreadable, args: nil, cwd: "/now", parentExecutable: .unreadable,
                hasExeced: true))
        #expect(event.text(.processExecutable) == "/usr/bin/curl")
        #expect(event.all(.processArgs) == ["curl", "x"])
        #expect(event.text(.processWorkingDirectory) == "/now")
        #expect(event.text(.parentExecutable) == "/usr/bin/bash")
        #expect(scene.host.reads == 0)
    }

    @Test("what was told before, and has left the table since, is told by /proc, or stays unknown")
    func toldBeforeAndForgotten() throws {
        let scene = scene()
        let lost = Scene.process(910)
        let parent = Scene.process(911)
        let first = try #require(
            scene.connect(lost, parent: parent, .unreadable, args: nil, parentExecutable: .unreadable))
        #expect(first.slot(.processExecutable)?.isUnknown == true)
        #expect(first.slot(.parentExecutable)?.isUnknown == true)

        scene.host.starts[910] = lost.start
        scene.host.texts[910] = [.executable: "/usr/bin/agent"]
        scene.host.starts[911] = parent.start
        scene.host.texts[911] = [.executable: "/usr/sbin/init"]
        let second = try #require(
            scene.connect(lost, parent: parent, .unreadable, args: nil, parentExecutable: .unreadable))
        #expect(second.text(.processExecutable) == "/usr/bin/agent")
        #expect(second.origin(.processExecutable) == "proc")
        #expect(second.text(.parentExecutable) == "/usr/sbin/init")
        #expect(second.origin(.parentExecutable) == "proc")

        // its number went to another process, which nothing was told of
        scene.host.starts[910] = lost.start + 20_000_000
        scene.host.texts[910] = [.executable: "/usr/bin/other"]
        let heir = Scene.process(910, start: lost.start + 40_000_000)
        let third = try #require(
            scene.connect(heir, parent: parent, .unreadable, args: nil, parentExecutable: .unreadable))
        #expect(third.slot(.processExecutable)?.isUnknown == true)
    }

    @Test("a parent that the table does not know is told by /proc, if it is still the same process")
    func parentFromProc() throws {
        let scene = scene()
        let unknown = Scene.process(900)
        scene.host.starts[900] = unknown.start
        scene.host.texts[900] = [.executable: "/usr/bin/agent"]
        let event = try #require(
            scene.exec(child, parent: unknown, "/usr/bin/curl", parentExecutable: .unreadable))
        #expect(event.text(.parentExecutable) == "/usr/bin/agent")
        #expect(event.origin(.parentExecutable) == "proc")
        let again = try #require(scene.connect(child, parent: unknown, "/usr/bin/curl"))
        #expect(again.text(.parentExecutable) == "/usr/bin/agent")
        #expect(again.origin(.parentExecutable) == "proc")
        #expect(scene.host.reads == 1)

        let reused = Scene.process(901)
        scene.host.starts[901] = reused.start + 20_000_000
        scene.host.texts[901] = [.executable: "/usr/bin/other"]
        let other = try #require(
            scene.exec(curl, parent: reused, "/usr/bin/curl", parentExecutable: .unreadable))
        #expect(other.slot(.parentExecutable)?.isUnknown == true)
        #expect(other.slot(.parentName)?.isUnknown == true)
        let counters = scene.table.counters
        #expect(counters.parentUnknown == 1)
    }

    @Test("a parent without an executable, a kernel thread, stays without one")
    func kernelThreadParent() throws {
        let scene = scene()
        let event = try #require(scene.exec(child, parent: Scene.process(2), "/usr/sbin/modprobe"))
        #expect(!event.has(.parentExecutable))
        #expect(event.integer(.parentPID) == 2)
        #expect(scene.host.reads == 0)
    }

    @Test("what the kernel says of a parent at exec corrects the table")
    func missedExecOfParent() throws {
        let scene = scene()
        scene.fork(bash, child)
        let event = try #require(
            scene.exec(curl, parent: child, "/usr/bin/curl", parentExecutable: "/usr/bin/python3"))
        #expect(event.text(.parentExecutable) == "/usr/bin/python3")
        let later = try #require(scene.connect(curl, parent: systemd, "/usr/bin/curl"))
        #expect(later.text(.parentExecutable) == "/usr/bin/python3")
        let counters = scene.table.counters
        #expect(counters.execsMissed == 1)
    }

    @Test("a connection of a process whose exec was missed is not told as the fork it was")
    func missedExec() throws {
        let scene = scene()
        scene.fork(bash, child)
        let event = try #require(
            scene.connect(
                child, parent: bash, "/usr/bin/python3", args: ["python3"],
                parentExecutable: "/usr/bin/bash", hasExeced: true))
        #expect(event.text(.processExecutable) == "/usr/bin/python3")
        #expect(event.all(.processArgs) == ["python3"])
        #expect(event.header.parent == bash)
    }

    @Test("a connection of a process that nobody knows stands as recorded, and is remembered")
    func unknownConnect() throws {
        let scene = scene()
        let first = try #require(
            scene.connect(curl, parent: bash, "/usr/bin/curl", args: ["curl", "x"]))
        #expect(first.all(.processArgs) == ["curl", "x"])
        #expect(first.slot(.processArgs)?.traits.contains(.mutable) == true)
        #expect(first.text(.parentExecutable) == "/usr/bin/bash")
        let second = try #require(scene.connect(curl, parent: systemd, "/usr/bin/curl", args: ["forged"]))
        #expect(second.all(.processArgs) == ["curl", "x"])
        #expect(second.slot(.processArgs)?.traits.contains(.mutable) == true)
        #expect(second.header.parent == bash)
    }

    @Test("a number that went to another process tells nothing of the first")
    func reuse() throws {
        let scene = scene()
        scene.exec(child, parent: bash, "/usr/bin/curl")
        let newer = Scene.process(200, start: child.start + 1_000_000_000)
        let event = try #require(
            scene.connect(newer, parent: systemd, "/usr/bin/wget", args: ["wget"]))
        #expect(event.text(.processExecutable) == "/usr/bin/wget")
        #expect(event.header.parent == systemd)
        #expect(!event.has(.processPreviousExecutable))
        let late = try #require(scene.connect(child, parent: systemd, "/usr/bin/curl"))
        #expect(late.text(.processExecutable) == "/usr/bin/curl")
        let counters = scene.table.counters
        #expect(counters.reused == 1 && counters.late == 1)
    }

    @Test("a parent whose number went to another process is not taken for it")
    func reusedParent() throws {
        let scene = scene()
        scene.exec(child, parent: bash, "/usr/bin/curl", parentExecutable: "/usr/bin/bash")
        let newer = Scene.process(100, start: bash.start + 1_000_000_000)
        scene.exec(newer, parent: systemd, "/usr/bin/other")
        let event = try #require(scene.connect(child, parent: systemd, "/usr/bin/curl"))
        #expect(event.header.parent == bash)
        #expect(event.text(.parentExecutable) == "/usr/bin/bash")
    }

    @Test("the executable before this exec is told where a rule reads it")
    func previous() throws {
        let scene = scene(FieldSet([.processPreviousExecutable]))
        scene.fork(bash, child)
        let event = try #require(scene.exec(child, parent: bash, "/usr/bin/curl"))
        #expect(event.text(.processPreviousExecutable) == "/usr/bin/bash")
        let first = try #require(scene.exec(curl, parent: bash, "/usr/bin/curl"))
        #expect(!first.has(.processPreviousExecutable))
    }

    @Test("a value that was shed at exec is taken from the connection")
    func shed() throws {
        let scene = scene()
        scene.exec(child, parent: bash, "/usr/bin/curl", args: nil, cwd: .absent)
        let event = try #require(scene.connect(child, parent: bash, "/usr/bin/curl", args: ["late"]))
        #expect(event.all(.processArgs) == ["late"])
        #expect(event.slot(.processArgs)?.traits.contains(.mutable) == true)
    }

    @Test("cut values stay cut when the table tells them")
    func cut() throws {
        let scene = scene()
        scene.exec(child, parent: bash, .cut("/very/…/long"))
        let event = try #require(scene.connect(child, parent: bash, .absent))
        #expect(event.text(.processExecutable) == "/very/…/long")
        #expect(event.slot(.processExecutable)?.isCut == true)
        let next = try #require(
            scene.exec(curl, parent: child, "/usr/bin/curl", parentExecutable: .unreadable))
        #expect(next.slot(.parentExecutable)?.isCut == true)
    }

    @Test("an executable that the kernel could not read is told by /proc")
    func unreadableExecutable() throws {
        let scene = scene()
        scene.host.starts[200] = child.start
        scene.host.texts[200] = [.executable: "/usr/bin/curl"]
        let event = try #require(scene.exec(child, parent: bash, .unreadable))
        #expect(event.text(.processExecutable) == "/usr/bin/curl")
        #expect(event.origin(.processExecutable) == "proc")
        let later = try #require(scene.connect(child, parent: bash, .unreadable))
        #expect(later.origin(.processExecutable) == "proc")
    }

    @Test("an exit is told with what was known, and ends nothing for the children")
    func exit() throws {
        let scene = scene()
        scene.exec(child, parent: bash, "/usr/bin/sh", args: ["sh"])
        scene.exec(curl, parent: child, "/usr/bin/curl", parentExecutable: "/usr/bin/sh")
        scene.begin(.exit, child, parent: systemd)
        scene.table.apply(&scene.event)
        let copied = scene.event.snapshot()
        let event = try #require(copied)
        #expect(event.text(.processExecutable) == "/usr/bin/sh")
        #expect(event.all(.processArgs) == ["sh"])
        #expect(event.header.parent == bash)
        scene.time += 60_000_000_000
        scene.exec(Scene.process(400), parent: systemd, "/bin/true")
        scene.host.alive = [1, 100, 300, 400]
        scene.table.tick(at: 1)
        let counters = scene.table.counters
        #expect(counters.recycled == 1)
        let later = try #require(scene.connect(curl, parent: systemd, "/usr/bin/curl"))
        #expect(later.text(.parentExecutable) == "/usr/bin/sh")
    }

    @Test("a parent that claims another executable without having started a program is not believed")
    func claimedExecutable() throws {
        let scene = Scene()
        scene.exec(bash, parent: systemd, "/tmp/tool", execs: 5)
        let honest = try #require(
            scene.exec(curl, parent: bash, "/usr/bin/curl", parentExecutable: "/tmp/tool", parentExecs: 5))
        #expect(honest.text(.parentExecutable) == "/tmp/tool")
        let other = Scene.process(301)
        let claimed = try #require(
            scene.exec(
                other, parent: bash, "/usr/bin/curl", parentExecutable: "/usr/bin/agent", parentExecs: 5))
        #expect(claimed.text(.parentExecutable) == "/tmp/tool")
        #expect(claimed.slot(.parentExecutable)?.traits.contains(.fromTable) == true)
        #expect(scene.table.counters.execsMissed == 0)
        // a program was started, and its record lost
        let missed = try #require(
            scene.exec(
                Scene.process(302), parent: bash, "/usr/bin/curl", parentExecutable: "/usr/bin/sh",
                parentExecs: 6))
        #expect(missed.text(.parentExecutable) == "/usr/bin/sh")
        #expect(scene.table.counters.execsMissed == 1)
    }

    @Test("identities are text where a rule compares them with text")
    func identityTexts() throws {
        let scene = Scene(
            needs: FieldSet([.processEntityID, .parentEntityID]), identityTexts: FieldSet([.parentEntityID]))
        let event = try #require(scene.exec(child, parent: bash, "/usr/bin/curl"))
        let namer = EntityNamer(hostID: "host", bootID: "boot")
        #expect(event.firstText(.parentEntityID).map(Array.init) == namer.text(of: bash))
        #expect(event.slot(.processEntityID)?.identity == child)
    }

    @Test("forks are told in full only where a rule is about forks", arguments: [true, false])
    func forkFields(forks: Bool) throws {
        let scene = Scene(forks: forks)
        scene.exec(bash, parent: systemd, "/usr/bin/bash", args: ["bash"])
        let event = try #require(scene.fork(bash, child))
        #expect(event.has(.processExecutable) == forks)
        #expect(event.has(.parentExecutable) == forks)
        #expect(event.has(.processUserID) == forks)
    }
}
