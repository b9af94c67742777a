import Events
import Fixtures
import Testing

@Suite("Events")
struct EventTests {
    @Test("keeps its constants and forgets the rest on reset")
    func reset() {
        var event = Event()
        event.set(.hostOSType, text: "linux")
        event.fixConstants()
        event.set(.processPID, integer: 4)
        event.set(.processExecutable, text: "/bin/true")
        event.header.position = 9
        event.reset()
        let present = event.present
        let copy = event.snapshot()
        let position = event.header.position
        let length = event.arena.count
        #expect(present == FieldSet([.hostOSType]))
        #expect(position == 0)
        #expect(copy?.firstText(.hostOSType) == Array("linux".utf8)[...])
        #expect(length == 5)
    }

    @Test("an image holds everything, and loads into another event")
    func image() throws {
        var event = Event()
        event.header.kind = .connect
        event.header.hook = .fexit
        event.header.wanted = true
        event.header.time = 12
        event.header.timestamp = -3
        event.header.position = 77
        event.header.process = ProcessIdentity(pid: 1, start: 2)
        event.header.entryLeader = ProcessIdentity(pid: 3, start: UInt64.max)
        event.set(.processEntityID, identity: ProcessIdentity(pid: 1, start: 2))
        event.set(.destinationIP, address: try #require(IPAddress("169.254.169.254")))
        event.set(.processStart, integers: [1, -2, 3].span)
        event.setArguments(.process, Array("a\0bc\0\0d\0".utf8).span)
        event.setUnknown(.parentExecutable)

        var arena = ByteArena(capacity: 16, limit: 1 << 16)
        _ = arena.append(7)
        let appended = event.appendImage(to: &arena)
        let range = try #require(appended)
        let decoded = EventSnapshot(image: arena.bytes.span.extracting(range))
        let copy = try #require(decoded)
        #expect(copy.header.hook == .fexit && copy.header.wanted && !copy.header.degraded)
        #expect(copy.header.entryLeader.start == UInt64.max)
        #expect(copy.header.timestamp == -3 && copy.header.position == 77)
        #expect(copy.texts(.processArgs).map { String(decoding: $0, as: UTF8.self) } == ["a", "bc", "", "d"])
        #expect(copy.integers(.processArgsCount) == [4])
        #expect(copy.firstText(.processCommandLine) == Array("a bc  d".utf8)[...])
        #expect(copy.integers(.processStart) == [1, -2, 3])
        #expect(copy.addresses(.destinationIP).map(\.description) == ["169.254.169.254"])
        #expect(copy.slot(.processEntityID)?.identity == ProcessIdentity(pid: 1, start: 2))
        #expect(copy.slot(.parentExecutable)?.isUnknown == true)

        var other = Event()
        let loaded = other.load(image: arena.bytes.span.extracting(range))
        let present = (other.present, event.present)
        let bytes = other.snapshot()?.bytes
        #expect(loaded)
        #expect(present.0 == present.1)
        #expect(bytes == copy.bytes)
    }

    @Test(
        "of an environment only the variables with given names are kept",
        arguments: [
            (["A=1", "LD_PRELOAD=x", "B=2", "ld_library_path=y"], ["LD_PRELOAD=x", "ld_library_path=y"]),
            (["LD_PRELOAD="], ["LD_PRELOAD="]),
            (["LD_PRELOAD", "LD_PRELOAD2=x", "XLD_PRELOAD=x", "", "=LD_PRELOAD=x"], []),
            (["A=LD_PRELOAD=x"], []),
        ] as [([String], [String])])
    func environment(variables: [String], kept: [String]) throws {
        var event = Event()
        event.set(.processEnvVars, .texts(variables))
        let names = ["LD_PRELOAD", "LD_LIBRARY_PATH"].map { Array($0.utf8) }
        event.keepVariables(named: names.span)
        let snapshot = event.snapshot()
        let copy = try #require(snapshot)
        #expect(copy.texts(.processEnvVars).map { String(decoding: $0, as: UTF8.self) } == kept)
        #expect(copy.has(.processEnvVars) == !kept.isEmpty)
    }

    @Test("a cut environment stays cut, and is unknown where no variable is left of it")
    func cutEnvironment() throws {
        var event = Event()
        let text = Array("A=1\u{0}B=2".utf8)
        let (second, third) = ([Array("B".utf8)], [Array("C".utf8)])
        let added = event.append(text.span)
        let range = try #require(added)
        event.set(.processEnvVars, text: range, count: 2, traits: .cut)
        event.keepVariables(named: second.span)
        let kept = event.slot(.processEnvVars)
        #expect(kept?.isCut == true)
        #expect(kept?.count == 1)
        event.keepVariables(named: third.span)
        let rest = event.slot(.processEnvVars)
        #expect(rest?.isUnknown == true)
    }

    @Test("a damaged image is refused, never read beyond its end")
    func damaged() throws {
        var event = Event()
        event.set(.processName, text: "true")
        var arena = ByteArena(capacity: 16, limit: 1 << 16)
        let appended = event.appendImage(to: &arena)
        let range = try #require(appended)
        let bytes = Array(arena.bytes[range])
        for length in 0..<bytes.count {
            let decoded = EventSnapshot(image: bytes.span.extracting(0..<length))
            #expect(decoded?.bytes == nil)
        }
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 0xff
            _ = EventSnapshot(image: changed.span)?.texts(.processName)
        }
    }

    @Test("text beyond the limit is present but unknown")
    func beyondLimit() {
        var event = Event()
        let long = [UInt8](repeating: 65, count: Event.byteLimit + 1)
        event.set(.processCommandLine, text: long.span)
        let slot = event.slot(.processCommandLine)
        #expect(slot?.isUnknown == true)
        #expect(slot?.isCut == true)
    }

    @Test("a command line takes no room of its own for one argument, and is unknown without room")
    func commandLine() {
        var event = Event()
        event.setArguments(.process, Array("one\0".utf8).span)
        #expect(event.arena.count == 3)
        event.setArguments(.parent, Array("one\0two\0".utf8).span)
        #expect(event.arena.count == 3 + 7 + 7)

        event = Event()
        let half = [UInt8](repeating: 65, count: Event.byteLimit / 2 + 1)
        event.setArguments(.process, half.span)
        #expect(event.slot(.processCommandLine)?.range == event.slot(.processArgs)?.range)
        event = Event()
        let two = Array(half.dropLast(4) + [0] + half.suffix(3))
        event.setArguments(.process, two.span)
        #expect(event.slot(.processArgs)?.count == 2)
        #expect(event.slot(.processCommandLine)?.isUnknown == true)
        #expect(event.slot(.processCommandLine)?.isCut == true)
    }

    @Test("entity ids differ by host, boot, pid and start, and by nothing else")
    func entityIDs() {
        let namer = EntityNamer(hostID: "h", bootID: "b")
        let first = namer.text(of: ProcessIdentity(pid: 1, start: 255))
        #expect(String(decoding: first, as: UTF8.self).hasSuffix("-1-ff"))
        #expect(first == EntityNamer(hostID: "h", bootID: "b").text(of: ProcessIdentity(pid: 1, start: 255)))
        #expect(first != EntityNamer(hostID: "hb", bootID: "").text(of: ProcessIdentity(pid: 1, start: 255)))
        #expect(first != namer.text(of: ProcessIdentity(pid: 2, start: 255)))
        #expect(first != namer.text(of: ProcessIdentity(pid: 1, start: 256)))
    }
}

@Suite("Executables with several values")
struct ExecutableTests {
    struct Row: Sendable {
        var resolved = "/usr/bin/bash"
        var invoked: String
        var isScript = true
        var directory = "/srv/app"
        var executables: [String]
        var names: [String]
        /// Which of the further values satisfy exclusions.
        var trusted: [Bool] = []
        var nameTrusted: Bool? = nil
    }

    @Test(
        "resolved, as invoked, absolute",
        arguments: [
            Row(
                resolved: "/usr/bin/curl", invoked: "/usr/bin/curl", isScript: false,
                executables: ["/usr/bin/curl"], names: ["curl"]),
            Row(
                resolved: "/usr/bin/busybox", invoked: "/bin/wget", isScript: false,
                executables: ["/usr/bin/busybox", "/bin/wget"], names: ["busybox", "wget"], trusted: [false],
                nameTrusted: false),
            Row(
                invoked: "/etc/init.d/ssh", executables: ["/usr/bin/bash", "/etc/init.d/ssh"],
                names: ["bash", "ssh"], trusted: [true], nameTrusted: true),
            Row(
                invoked: "./run.sh",
                executables: ["/usr/bin/bash", "./run.sh", "/srv/app/run.sh"],
                names: ["bash", "run.sh"], trusted: [false, false], nameTrusted: false),
            Row(
                invoked: ".././x//y", directory: "/",
                executables: ["/usr/bin/bash", ".././x//y", "/../x/y"], names: ["bash", "y"],
                trusted: [false, false], nameTrusted: false),
            Row(
                invoked: "/snap/oracle-cloud-agent/../../tmp/x",
                executables: ["/usr/bin/bash", "/snap/oracle-cloud-agent/../../tmp/x"],
                names: ["bash", "x"], trusted: [false], nameTrusted: false),
            Row(
                resolved: "/tmp/x", invoked: "./x", isScript: false, directory: "/tmp",
                executables: ["/tmp/x", "./x"], names: ["x"], trusted: [false]),
            Row(
                invoked: "s", directory: "", executables: ["/usr/bin/bash", "s"], names: ["bash", "s"],
                trusted: [false], nameTrusted: false),
            Row(
                resolved: "/usr/bin/curl", invoked: "", isScript: false, executables: ["/usr/bin/curl"],
                names: ["curl"]),
        ])
    func values(row: Row) throws {
        var event = Event()
        event.setExecutable(
            .process, resolved: Array(row.resolved.utf8).span, invoked: Array(row.invoked.utf8).span,
            isScript: row.isScript, directory: Array(row.directory.utf8).span)
        let snapshot = event.snapshot()
        let copy = try #require(snapshot)
        #expect(copy.texts(.processExecutable).map { String(decoding: $0, as: UTF8.self) } == row.executables)
        #expect(copy.texts(.processName).map { String(decoding: $0, as: UTF8.self) } == row.names)
        let slot = try #require(copy.slot(.processExecutable))
        #expect(slot.isTrusted(0))
        for (index, expected) in row.trusted.enumerated() {
            #expect(slot.isTrusted(index + 1) == expected, "value \(index + 2)")
        }
        if let expected = row.nameTrusted {
            #expect(copy.slot(.processName)?.isTrusted(1) == expected)
        }
    }
}
