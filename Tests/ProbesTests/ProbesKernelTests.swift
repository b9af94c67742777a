import Events
import Fixtures
import Foundation
import Platform
import Testing

@testable import Probes

@Suite("The kernel side", .serialized, .enabled(if: geteuid() == 0, "needs root to load BPF programs"))
struct ProbesKernelTests {
    @Test("loads what is needed, and a hook that is not when it is asked for")
    func load() throws {
        var probes = try Probes(ProbeOptions(hooks: .tracepoint))
        #expect(Set(probes.groups.keys) == [.starts, .tracepoint])
        #expect(probes.refusals.isEmpty)
        try probes.attach(.exit)
        probes.attachConnect(.v4, [.fexit])
        #expect(probes.groups[.ends] != nil)
        #expect(probes.groups[.fexit] != nil || probes.refusals[.connect4Fexit]?.code ?? 0 > 0)
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

    /// Makes control groups, in a hierarchy that programs are seen to be in.
    private func withGroups(_ count: Int, _ body: (_ root: String, _ names: [String]) throws -> Void) throws {
        let hierarchy = ["/sys/fs/cgroup/pids", "/sys/fs/cgroup/memory", "/sys/fs/cgroup"].first {
            FileManager.default.isWritableFile(atPath: $0 + "/cgroup.procs")
        }
        let root = try #require(hierarchy)
        let names = (0..<count).map { "imdswatch-test-\(getpid())-\(String(repeating: "x", count: $0))" }
        defer { for name in names { _ = unsafe rmdir("\(root)/\(name)") } }
        for name in names { unsafe try #require(mkdir("\(root)/\(name)", 0o755) == 0) }
        try body(root, names)
    }

    /// Starts programs one after the other on one processor, each in a group.
    private func runIn(_ groups: [String], root: String) throws -> pid_t {
        let script = groups.map { "echo $$ > \(root)/\($0)/cgroup.procs; /bin/true\n" }.joined()
        let file = FileManager.default.temporaryDirectory.appending(path: "groups-\(getpid()).sh")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data("\(script)echo $$ > \(root)/cgroup.procs\n".utf8).write(to: file)
        return try run("/usr/bin/taskset", ["-c", "0", "/bin/sh", file.path()])
    }

    /// How the control group's name is told in the records of a process' children.
    private func groupStates(_ reader: inout RingReader, parent: pid_t) -> [RecordBuilder.State?] {
        var states: [RecordBuilder.State?] = []
        while reader.collect() > 0 {
            while reader.first != nil {
                reader.next { record in
                    let parentPID: UInt32? = record.integer(at: 48)
                    let place = RecordBuilder.size - 16 * (7 - RecordBuilder.Text.cgroup.rawValue) + 12
                    let state: UInt16? = record.integer(at: place)
                    if parentPID == UInt32(parent) { states.append(state.flatMap { .init(rawValue: $0) }) }
                }
            }
        }
        reader.release()
        return states
    }

    @Test("names the control group, also where the one before on that processor was in another")
    func controlGroups() throws {
        try withGroups(2) { root, names in
            var probes = try Probes()
            var reader = try probes.makeReader()
            try probes.attach(.exec)
            let order = [0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1]
            var pid = try runIn(order.map { names[$0] }, root: root)
            let seen = try events(&reader).filter { $0.header.parent.pid == UInt32(pid) }
            let told = seen.map { $0.text(.cgroup) ?? "" }
            #expect(told == order.map { names[$0] })
            let numbers = seen.compactMap { $0.integers(.cgroupID).first }
            #expect(Set(numbers).count == 2 && numbers[0] == numbers[2] && numbers[0] == numbers[6])
            // and it is left out where it is the same; the machine may be busy, for more than a second
            pid = try runIn(order.map { names[$0] }, root: root)
            let states = groupStates(&reader, parent: pid)
            #expect(states.count == order.count && states.contains(.told))
            for index in [0, 3, 6, 9, 10, 11] where index < states.count {
                #expect(states[index] == .complete)
            }
        }
    }

    @Test("a name that was in a record that was dropped is told again", arguments: [1, nil])
    func droppedGroup(next: Int?) throws {
        try withGroups(2) { root, names in
            // the ring holds some hundred records
            var probes = try Probes(ProbeOptions(ringSize: 65_536))
            var reader = try probes.makeReader()
            try probes.attach(.exec)
            let directory = FileManager.default.temporaryDirectory.appending(path: "groups-\(getpid())")
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: directory) }
            // those of the second group are dropped; then one is started in that, or in the
            // root, which has number 0 and no name
            let shell = Process()
            shell.executableURL = URL(filePath: "/usr/bin/taskset")
            shell.currentDirectoryURL = directory
            let group = next.map { names[$0] } ?? ""
            shell.arguments = [
                "-c", "0", "/bin/sh", "-c",
                """
                echo $$ > \(root)/\(names[0])/cgroup.procs
                i=0; while [ $i -lt 200 ]; do /bin/true; i=$((i+1)); done
                echo $$ > \(root)/\(names[1])/cgroup.procs; /bin/true; /bin/true
                : > full; while [ ! -e empty ]; do :; done
                echo $$ > \(root)/\(group)/cgroup.procs; /bin/true
                echo $$ > \(root)/cgroup.procs
                """,
            ]
            try shell.run()
            let full = directory.appending(path: "full").path()
            while shell.isRunning, !FileManager.default.fileExists(atPath: full) { usleep(1000) }
            let parent = UInt32(shell.processIdentifier)
            let early = try events(&reader).filter { $0.header.parent.pid == parent }
            let dropped = try probes.counter(.exec, .dropped)
            try Data().write(to: directory.appending(path: "empty"))
            shell.waitUntilExit()
            #expect(!early.isEmpty && early.allSatisfy { $0.text(.cgroup) == names[0] })
            #expect(dropped > 10)
            let late = try events(&reader).filter { $0.header.parent.pid == parent }
            #expect(late.map { $0.text(.cgroup) ?? "" } == [group])
            #expect(late.allSatisfy { $0.slot(.cgroup)?.isUnknown == false })
        }
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

    @Test("a process that connects again is not described again, unless something has changed")
    func connectsAgain() throws {
        var probes = try Probes()
        let to = try #require(IPPrefix("127.0.0.77"))
        try probes.setDestinations([(to, .wanted)], any: false)
        var reader = try probes.makeReader()
        let report = probes.attachConnect(.v4, HookPreference.auto.ladder)
        #expect(report.chosen != nil)
        // each on the same processor, which alone remembers
        let connect = "true >/dev/tcp/127.0.0.77/9"
        let script = """
            cd /usr; \(connect); \(connect); cd /etc; \(connect); (\(connect); \(connect)); \(connect)
            \(connect); sleep 1.1; \(connect); exec bash -c '\(connect); \(connect)' last
            """
        _ = try run("/usr/bin/taskset", ["-c", "0", "/bin/bash", "-c", script, "first"])
        let events = try events(&reader).filter { $0.header.kind == .connect }
        #expect(
            events.map { $0.text(.processWorkingDirectory) }
                == ["/usr", "/usr"] + Array(repeating: "/etc", count: 8))
        let whole = [true, false, false, true, false, true, false, true, true, false]
        for field: Field in [.processExecutable, .processName, .processArgs, .parentExecutable] {
            #expect(events.map { $0.slot(field)?.isUnknown == false } == whole, "\(field)")
        }
    }

    @Test("a parent that starts programs is told once a second, and again once it has changed")
    func parentAgain() throws {
        var probes = try Probes()
        var reader = try probes.makeReader()
        try probes.attach(.exec)
        let script = """
            for i in {1..20}; do /bin/true one; done; sleep 1.1; /bin/true two
            exec /bin/bash -c 'for i in {1..20}; do /bin/true three; done'
            """
        _ = try run("/usr/bin/taskset", ["-c", "0", "/bin/bash", "-c", script])
        var told: [String: [Bool]] = [:]
        for event in try events(&reader) {
            let arguments = event.allTexts(.processArgs)
            guard arguments.first == "/bin/true", let phase = arguments.last else { continue }
            told[phase, default: []].append(event.slot(.parentExecutable)?.isUnknown == false)
        }
        // programs that others start on this processor may come between
        for phase in ["one", "three"] {
            #expect(told[phase]?.first == true)
            #expect(told[phase]?.contains(false) == true)
        }
        #expect(told["two"] == [true])
    }

    @Test("a process whose record was dropped is described when it connects again")
    func connectsAfterLoss() throws {
        var probes = try Probes(ProbeOptions(ringSize: 4096))
        let to = try #require(IPPrefix("127.0.0.77"))
        try probes.setDestinations([(to, .wanted)], any: false)
        var reader = try probes.makeReader()
        let report = probes.attachConnect(.v4, HookPreference.auto.ladder)
        #expect(report.chosen != nil)
        let connect = "true >/dev/tcp/127.0.0.77/9"
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/taskset")
        process.arguments = ["-c", "0", "/bin/bash", "-c", "\(connect); read; \(connect); \(connect)"]
        process.standardInput = pipe
        _ = try run("/bin/bash", ["-c", "for i in {1..20}; do \(connect); done"])
        let before = try probes.counters().total(.dropped)
        try process.run()
        let deadline = ContinuousClock.now + .seconds(10)
        while try probes.counters().total(.dropped) == before, ContinuousClock.now < deadline {
            usleep(10_000)
        }
        _ = try events(&reader)
        try pipe.fileHandleForWriting.write(contentsOf: Data("\n".utf8))
        process.waitUntilExit()
        let events = try events(&reader).filter { $0.header.kind == .connect }
        #expect(events.map { $0.slot(.processExecutable)?.isUnknown == false } == [true, false])
    }

    @Test("a fork has the time of its hook where somebody looks at it, else that of its start")
    func forkTimes() throws {
        var probes = try Probes(ProbeOptions(timesForks: false))
        var reader = try probes.makeReader()
        try probes.attach(.fork)
        func forks() throws -> [EventHeader] {
            _ = try events(&reader)
            let shell = UInt32(try run("/bin/bash", ["-c", "/bin/true; /bin/true; exit 0"]))
            return try headers(&reader).filter { $0.kind == .fork && $0.parent.pid == shell }
        }
        var found = try forks()
        #expect(found.count == 2 && found.allSatisfy { UInt64($0.time) == $0.process.start })
        probes.setTimesForks(true)
        found = try forks()
        #expect(found.count == 2)
        #expect(found.allSatisfy { UInt64($0.time) > $0.process.start })
        #expect(found.allSatisfy { UInt64($0.time) < $0.process.start + 1_000_000_000 })
    }

    @Test("leaves out connections of a regular process while its parent's children start nothing")
    func regulars() throws {
        var probes = try Probes()
        let to = try #require(IPPrefix("127.0.0.77"))
        try probes.setDestinations([(to, .wanted)], any: false)
        var reader = try probes.makeReader()
        try probes.attach(.fork)
        let report = probes.attachConnect(.v4, HookPreference.auto.ladder)
        #expect(report.chosen != nil)
        func connections() throws -> [EventHeader] {
            _ = try events(&reader)
            // nobody listens there
            _ = try Load.connections(to: 0x7f00_004d, port: 9, count: 1)
            return try headers(&reader).filter {
                $0.kind == .connect && $0.process.pid == UInt32(getpid())
            }
        }
        let own = try #require(try connections().first)
        let destination = RegularProcess.Destination(address: to.address, port: 9)
        // a parent that starts something when it is told to, and nothing else
        let parent = Process()
        let orders = Pipe()
        let answers = Pipe()
        parent.executableURL = URL(filePath: "/bin/sh")
        parent.arguments = ["-c", "while read order; do /bin/true; echo done; done"]
        parent.standardInput = orders
        parent.standardOutput = answers
        try parent.run()
        defer {
            try? orders.fileHandleForWriting.close()
            parent.waitUntilExit()
        }
        func tell(start: UInt64, execs: UInt32, seen: RegularProcess.Seen? = nil) throws {
            try probes.note(
                RegularProcess(
                    ProcessIdentity(pid: own.process.pid, start: start), execs: execs,
                    parent: UInt32(parent.processIdentifier), seen: seen))
        }
        try tell(start: own.process.start, execs: own.execs)
        #expect(try connections().count == 1, "without a window every connection counts")
        probes.setConnectionWindow(500_000_000, afterForks: true)
        #expect(try connections().count == 1, "starts are not noted yet")
        try tell(start: own.process.start, execs: own.execs)
        #expect(try connections().count == 1, "a sibling may have started just before starts were noted")
        usleep(1_200_000)
        let before = try probes.counter(.connect(.v4), .idle)
        #expect(try connections().isEmpty)
        #expect(try probes.counter(.connect(.v4), .idle) == before + 1)

        func startSibling() throws {
            try orders.fileHandleForWriting.write(contentsOf: Data("start\n".utf8))
            #expect(try answers.fileHandleForReading.read(upToCount: 5) == Data("done\n".utf8))
        }
        try startSibling()
        let last = try #require(try connections().first, "a sibling was started just now")
        usleep(1_000_000)
        #expect(try connections().isEmpty)

        func tell(seen destination: RegularProcess.Destination, at time: Int64) throws {
            try tell(
                start: own.process.start, execs: own.execs,
                seen: RegularProcess.Seen(destination: destination, time: time))
        }
        try startSibling()
        usleep(5_000)
        let seen = try #require(try connections().first)
        try tell(seen: destination, at: last.time)
        #expect(try connections().count == 1, "the last one seen was before the start")
        try tell(seen: destination, at: seen.time)
        #expect(try connections().isEmpty, "the same was seen since")
        try tell(seen: RegularProcess.Destination(address: to.address, port: 10), at: seen.time)
        #expect(try connections().count == 1, "another port")
        try tell(
            seen: RegularProcess.Destination(address: IPAddress(v4: 0x7f00_004e), port: 9), at: seen.time)
        #expect(try connections().count == 1, "another address")
        try tell(seen: destination, at: seen.time)
        #expect(try connections().isEmpty)
        try startSibling()
        #expect(try connections().count == 1, "a sibling was started since")
        usleep(1_000_000)

        try tell(start: own.process.start + 1, execs: own.execs)
        #expect(try connections().count == 1, "another process of that pid")
        try tell(start: own.process.start, execs: own.execs + 1)
        #expect(try connections().count == 1, "another program")
        try tell(start: own.process.start, execs: own.execs)
        #expect(try connections().isEmpty)
        try probes.forgetRegulars()
        #expect(try connections().count == 1)
        try tell(start: own.process.start, execs: own.execs)
        #expect(try connections().isEmpty)
        probes.setConnectionWindow(500_000_000, afterForks: false)
        try tell(start: own.process.start, execs: own.execs)
        usleep(1_200_000)
        try startSibling()
        #expect(try connections().isEmpty, "only programs count, and none of their starts is seen here")
        probes.setConnectionWindow(nil, afterForks: false)
        #expect(try connections().count == 1)

        // nobody for a round: starts are noted no more, and anew from the next one on
        probes.setConnectionWindow(500_000_000, afterForks: false)
        try probes.forgetRegulars()
        try probes.forgetRegulars()
        try tell(
            start: own.process.start, execs: own.execs,
            seen: RegularProcess.Seen(destination: destination, time: seen.time))
        #expect(try connections().count == 1)
        usleep(1_200_000)
        #expect(try connections().isEmpty)
    }

    @Test("windows of connections are kept in units of the kernel side, with room for both ends")
    func window() {
        #expect(Probes.startUnits(0) == 256)
        #expect(Probes.startUnits(1_000_000_000) == 953 + 256)
        #expect(Probes.startUnits(.max) == 0)
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
        var events: [EventSnapshot] = []
        try read(&reader) { event in
            if let snapshot = event.snapshot() { events.append(snapshot) }
        }
        return events
    }

    private func headers(_ reader: inout RingReader) throws -> [EventHeader] {
        var headers: [EventHeader] = []
        try read(&reader) { event in headers.append(event.header) }
        return headers
    }

    private func read(_ reader: inout RingReader, _ body: (borrowing Event) -> Void) throws {
        var decoder = RecordDecoder(fields: FieldSet())
        var event = Event()
        decoder.prepare(&event)
        event.fixConstants()
        var failure: (any Error)?
        while reader.collect() > 0 {
            while reader.first != nil {
                reader.next { record in
                    event.reset()
                    do { try decoder.decode(record, into: &event) } catch { failure = error }
                }
                body(event)
            }
        }
        reader.release()
        if let failure { throw failure }
    }
}
