import Events
import Testing

@testable import Processes

private let systemd = Scene.process(1)

@Suite("Evidence that is held for an alert")
struct HeldEvidenceTests {
    private let shell = Scene.process(20)
    private let first = Scene.process(30)
    private let curl = Scene.process(31)

    /// A program in a pipeline, whose first program leads the group.
    private func start(in scene: Scene) {
        scene.host.alive = [1]
        scene.seed(systemd, parent: .none, "/usr/lib/systemd/systemd", session: 1)
        scene.exec(shell, parent: systemd, "/bin/bash", args: ["-bash"], session: 20, tty: 136, place: 9)
        scene.fork(shell, curl, user: 5, place: 1)
        scene.exec(
            first, parent: shell, "/usr/bin/yes", parentExecutable: "/bin/bash", session: 20, tty: 136)
        scene.begin(.exec, curl, parent: shell)
        scene.event.header.directory = DirectoryIdentity(mount: 0, entry: 1)
        scene.event.header.groupLeader = first
        scene.event.header.sessionLeader = shell
        scene.setExecutable(.process, "/usr/bin/curl")
        scene.set(.processWorkingDirectory, "/srv")
        scene.setArguments(["curl", "-s"])
        scene.setTask(session: 20, tty: 136, user: 7)
        scene.setExecutable(.parent, "/bin/bash")
        scene.table.apply(&scene.event)
    }

    /// All of the pipeline ends, is forgotten, and its numbers go to others.
    private func end(in scene: Scene) {
        scene.fork(shell, Scene.process(40), user: 0, place: 2)
        scene.exec(
            Scene.process(40), parent: shell, "/usr/bin/ls", cwd: "/else", parentExecutable: "/bin/bash",
            place: 2)
        let last = scene.time
        scene.table.tick(at: last, told: last + 1_000_000_000)
        scene.table.tick(at: last, told: last + 1_000_000_000)
        for process in [shell, first, curl] {
            scene.exec(
                Scene.process(process.pid, start: process.start + 1_000_000_000_000), parent: systemd,
                "/bin/other", args: ["other"])
        }
    }

    private func image(_ scene: Scene) throws -> [UInt8] {
        var image = ByteArena(capacity: 4096, limit: 1 << 16)
        let appended = scene.event.appendImage(to: &image)
        let range = try #require(appended)
        return Array(image.bytes[range])
    }

    private func complete(_ image: [UInt8], in scene: Scene) throws -> EventSnapshot {
        let isLoaded = scene.event.load(image: image.span)
        #expect(isLoaded)
        scene.table.complete(&scene.event)
        let taken = scene.event.snapshot()
        return try #require(taken)
    }

    @Test("is what it was at the event, when all who were there are forgotten")
    func asAtOnce() throws {
        let (prompt, late) = (Scene(), Scene())
        start(in: prompt)
        prompt.table.complete(&prompt.event)
        let taken = prompt.event.snapshot()
        let expected = try #require(taken)

        start(in: late)
        let isHeld = late.table.hold(&late.event, for: 1_000_000_000)
        #expect(isHeld)
        let kept = try image(late)
        end(in: late)
        let event = try complete(kept, in: late)

        #expect(event.present == expected.present)
        for field in expected.present.fields {
            let (one, other) = (event.slot(field), expected.slot(field))
            #expect(one?.isUnknown == other?.isUnknown && one?.origin == other?.origin, "\(field)")
            #expect(event.texts(field) == expected.texts(field), "\(field)")
            if one?.kind != .text { #expect(one?.payload == other?.payload, "\(field)") }
        }
        #expect(event.header.sessionLeader == shell && event.header.groupLeader == first)
        #expect(event.header.entryLeader == expected.header.entryLeader)
        #expect(event.text(.groupLeaderExecutable) == "/usr/bin/yes")
        #expect(event.text(.parentCommandLine) == "-bash" && event.integer(.parentUserID) == 5)
        #expect(event.text(.parentWorkingDirectory) == "/srv")

        var ancestry = ByteArena(capacity: 64, limit: 4096)
        let count = late.table.ancestry(of: curl, held: event.header.evidence, into: &ancestry)
        #expect(count == 2)
    }

    @Test("takes no room once its time is over")
    func givenBack() throws {
        let scene = Scene()
        start(in: scene)
        let isHeld = scene.table.hold(&scene.event, for: 1_000_000_000)
        #expect(isHeld)
        let kept = try image(scene)
        end(in: scene)
        let bytes = scene.table.counters.bytes
        scene.table.tick(at: scene.time, told: scene.time + 3_000_000_000)
        #expect(scene.table.counters.bytes < bytes)
        let event = try complete(kept, in: scene)
        #expect(event.slot(.groupLeaderExecutable)?.isUnknown == true)
        for field in [Field.parentCommandLine, .parentUserID, .parentWorkingDirectory] {
            #expect(event.slot(field)?.isUnknown == true, "\(field)")
        }
    }

    @Test(
        "is completed at once where the host must be asked",
        arguments: [Field.parentExecutable, .processArgs, .processWorkingDirectory])
    func asksNow(field: Field) {
        let scene = Scene()
        start(in: scene)
        scene.event.setUnknown(field)
        let isHeld = scene.table.hold(&scene.event, for: 1_000_000_000)
        #expect(!isHeld)
        let number = scene.event.header.evidence
        #expect(number == 0)
    }

    @Test("does not crowd out processes")
    func room() {
        let scene = Scene(limits: ProcessTableLimits(processes: 64, bytes: 1 << 20))
        scene.seed(systemd, parent: .none, "/usr/lib/systemd/systemd", session: 1)
        var held = 0
        for pid in 2..<UInt32(500) {
            scene.exec(Scene.process(pid), parent: systemd, "/usr/bin/curl", args: ["curl", "\(pid)"])
            if scene.table.hold(&scene.event, for: 1_000_000_000) { held += 1 }
        }
        #expect((8...64).contains(held))
        #expect(scene.table.counters.full == 0 && scene.table.counters.evicted == 0)
    }

    @Test("is named by numbers that are given out once, as often as there is room")
    func numbers() {
        var ring = HeldEvidence(limit: 5)
        var numbers: [UInt32] = []
        for moment in 1...UInt32(4) {
            numbers.append(ring.append(HeldEvidence.Entry(until: moment, ancestor: moment)))
        }
        #expect(Set(numbers).count == 4 && !numbers.contains(0))
        let beyond = ring.append(HeldEvidence.Entry(until: 9, ancestor: 9))
        #expect(beyond == 0)
        #expect(ring[0] == nil && ring[numbers[3] + 1] == nil)
        let over = ring.takeOver(at: 2)
        #expect(over?.ancestor == 1)
        let more = ring.takeOver(at: 2)
        #expect(more == nil)
        #expect(ring[numbers[0]] == nil && ring[numbers[1]]?.ancestor == 2)
        let fifth = ring.append(HeldEvidence.Entry(until: 5, ancestor: 5))
        #expect(ring[fifth]?.ancestor == 5 && ring[numbers[0]] == nil)
    }
}
