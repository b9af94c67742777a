import Events
import Foundation
import Platform
import Testing

@testable import Probes

@Suite("The kernel side", .serialized, .enabled(if: geteuid() == 0, "needs root to load BPF programs"))
struct ProbesKernelTests {
    @Test("loads what this kernel takes, and keeps what it said of the rest")
    func load() throws {
        let probes = try Probes()
        for program in [ProbeProgram.exec, .fork, .exit, .tasks, .connectTracepoint] {
            #expect(probes.programs[program.ordinal].refusal == nil, "\(program)")
        }
        for report in probes.programs {
            if let refusal = report.refusal { #expect(refusal.code > 0, "\(report)") }
        }
    }

    @Test("goes down the ladder until a hook can be attached", arguments: AddressFamily.allCases)
    func ladder(family: AddressFamily) throws {
        var probes = try Probes()
        let report = probes.attachConnect(family, HookPreference.auto.ladder)
        let last = try #require(report.attempts.last)
        #expect(last.outcome == .attached && report.chosen == last.hook)
        #expect(report.attempts.dropLast().allSatisfy { $0.outcome != .attached })
        probes.detachConnect(family)
        #expect(probes.report(.connect(family)).chosen == nil)
    }

    @Test("two families share the tracepoint until both have let go")
    func sharedTracepoint() throws {
        var probes = try Probes(ProbeOptions(hooks: .tracepoint))
        probes.attachConnect(.v4, [.tracepoint])
        probes.attachConnect(.v6, [.tracepoint])
        probes.detachConnect(.v4)
        var isAttached = probes.links.has(.connectTracepoint)
        #expect(isAttached)
        probes.detachConnect(.v6)
        isAttached = probes.links.has(.connectTracepoint)
        #expect(!isAttached)
    }

    @Test("a hook that is not wanted is not loaded")
    func preference() throws {
        var probes = try Probes(ProbeOptions(hooks: .tracepoint))
        let report = probes.attachConnect(.v4, [.fexit])
        #expect(report.chosen == nil)
        guard case .refusedAtLoad(let refusal) = try #require(report.attempts.first).outcome else {
            Issue.record("\(report)")
            return
        }
        #expect(refusal.message.contains("--hook tracepoint"))
    }

    @Test("sees a program start, with all that it was started with")
    func exec() throws {
        var probes = try Probes()
        var reader = try probes.makeReader()
        try probes.attach(.exec)
        let directory = FileManager.default.temporaryDirectory.resolvingSymlinksInPath().path()
        let arguments = ["-c", "exit 3", "x y", "\u{1}\n\""]
        let pid = try run("/bin/sh", arguments, in: directory)

        let events = try events(&reader).filter { $0.header.process.pid == UInt32(pid) }
        let event = try #require(events.first { $0.header.kind == .exec })
        let shell = URL(filePath: "/bin/sh").resolvingSymlinksInPath().path()
        #expect(event.allTexts(.processExecutable) == [shell, "/bin/sh"])
        #expect(event.allTexts(.processArgs) == ["/bin/sh"] + arguments)
        #expect(event.text(.processWorkingDirectory).map { $0 + "/" } == directory)
        #expect(event.text(.invokedAs) == "/bin/sh")
        #expect(event.header.parent.pid == UInt32(getpid()))
        #expect(
            event.text(.parentExecutable)
                == (try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")))
        #expect(event.integers(.processUserID) == [0])
        #expect(event.text(.processThreadName) == "sh")
        #expect(event.header.process.start > 0 && event.header.time >= Int64(event.header.process.start))
        #expect(try probes.counter(.exec, .seen) > 0)
        #expect(try probes.counters().total(.dropped) == 0)
    }

    @Test("sees an exit if that is attached, and nothing after it was detached")
    func exit() throws {
        var probes = try Probes()
        var reader = try probes.makeReader()
        try probes.attach(.exit)
        let pid = try run("/bin/sh", ["-c", "exit 3"])
        let seen = try events(&reader).filter { $0.header.process.pid == UInt32(pid) }
        #expect(seen.map(\.header.kind) == [.exit])
        #expect(seen.first?.integers(.processExitCode) == [3])
        probes.detach(.exit)
        let other = try run("/bin/true", [])
        #expect(try events(&reader).allSatisfy { $0.header.process.pid != UInt32(other) })
    }

    @Test("lists the running processes, this one with its start")
    func tasks() throws {
        let probes = try Probes()
        var decoder = RecordDecoder(fields: FieldSet())
        var event = Event()
        var own: EventSnapshot?
        var malformed = 0
        let count = try probes.forEachTask { record in
            event.reset()
            do { try decoder.decode(record, into: &event) } catch { malformed += 1 }
            if event.header.process.pid == UInt32(getpid()) { own = event.snapshot() }
        }
        let found = try #require(own)
        #expect(count > 1 && malformed == 0)
        #expect(
            found.text(.processExecutable)
                == (try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")))
        let stat = try String(contentsOfFile: "/proc/self/stat", encoding: .utf8)
        let fields = stat.split(separator: ")").last?.split(separator: " ") ?? []
        #expect(UInt64(fields[19]) == found.header.process.start / 10_000_000)
    }

    @Test("destinations can be widened and narrowed")
    func destinations() throws {
        var probes = try Probes()
        let one = try #require(IPPrefix("169.254.169.254"))
        let two = try #require(IPPrefix("fd00:ec2::/32"))
        try probes.setDestinations([(one, .wanted)], any: false)
        try probes.widenDestinations(to: [(two, .record)], any: false)
        #expect(Set(probes.destinationsInUse.keys) == [one, two])
        try probes.narrowDestinations(to: [(two, .record)], any: true)
        #expect(probes.destinationsInUse == [two: .record])
    }

    @Test("a silent record does not end an edge-triggered sleep")
    func sleep() throws {
        var probes = try Probes()
        var reader = try probes.makeReader()
        try probes.attach(.exec)
        let epoll = try Epoll()
        try epoll.add(reader.descriptor, token: 1, .edge)
        _ = try events(&reader)
        while reader.arm() != .armed { _ = try events(&reader) }
        _ = try run("/bin/true", [])
        #expect(try epoll.wait(timeout: .milliseconds(50)) { _ in } == 0)
        #expect(reader.arm() == .pending)

        probes.setWakesOnExec(true)
        _ = try events(&reader)
        while reader.arm() != .armed { _ = try events(&reader) }
        _ = try run("/bin/true", [])
        #expect(try epoll.wait(timeout: .seconds(5)) { _ in } == 1)
    }

    @Test("refuses a ring of an impossible size", arguments: [0, 4095, 5000, 3 << 20])
    func ringSize(size: Int) {
        #expect(throws: ProbeError.ringSize(size)) { _ = try Probes(ProbeOptions(ringSize: size)) }
    }

    @Test("knows its kernel")
    func support() {
        let support = KernelSupport.read()
        #expect(support.hasTypeInformation && support.hasRingBuffer && !support.release.isEmpty)
    }

    // MARK: Pieces

    private func run(_ program: String, _ arguments: [String], in directory: String? = nil) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        if let directory { process.currentDirectoryURL = URL(filePath: directory) }
        try process.run()
        process.waitUntilExit()
        return process.processIdentifier
    }

    private func events(_ reader: inout RingReader) throws -> [EventSnapshot] {
        var decoder = RecordDecoder(fields: FieldSet())
        var event = Event()
        decoder.prepare(&event)
        event.fixConstants()
        var events: [EventSnapshot] = []
        var failure: (any Error)?
        while reader.collect() > 0 {
            while reader.first != nil {
                reader.next { record in
                    event.reset()
                    do { try decoder.decode(record, into: &event) } catch { failure = error }
                }
                if let snapshot = event.snapshot() { events.append(snapshot) }
            }
        }
        reader.release()
        if let failure { throw failure }
        return events
    }
}
