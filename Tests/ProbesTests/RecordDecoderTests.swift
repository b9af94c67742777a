import Events
import Fixtures
import Platform
import Testing

@testable import Probes

@Suite("Decoding records")
struct RecordDecoderTests {
    static let utcOffset: Int64 = 1_700_000_000_000_000_000

    func decode(_ bytes: [UInt8], fields: FieldSet = FieldSet()) throws -> EventSnapshot {
        var event = Event()
        var decoder = RecordDecoder(fields: fields, utcOffset: Self.utcOffset)
        decoder.prepare(&event)
        event.fixConstants()
        try decoder.decode(bytes.span, into: &event)
        let snapshot = event.snapshot()
        return try #require(snapshot)
    }

    func decode(_ record: RecordBuilder, fields: FieldSet = FieldSet()) throws -> EventSnapshot {
        try decode(record.bytes, fields: fields)
    }

    @Test("what every event of a kind has is what it begins with", arguments: [UInt16(1), 2, 3, 4])
    func beginning(kind: UInt16) throws {
        var decoder = RecordDecoder(fields: FieldSet())
        var event = Event()
        event.set(.hostOSType, text: "linux")
        decoder.prepare(&event)
        event.fixConstants()
        let eventKind: EventKind = [.document, .exec, .fork, .exit, .connect][Int(kind)]
        decoder.begin(eventKind, &event)
        let begun = event.snapshot()
        let example = try #require(begun)
        for flags: UInt32 in [0, ~0, 1 << 1 | 1 << 5, 1 << 6 | 1 << 7 | 1 << 10] {
            var record = RecordBuilder(kind: kind)
            record.flags = flags
            if kind == 1 { record.texts = RecordBuilder.exec().texts }
            event.reset()
            try decoder.decode(record.bytes.span, into: &event)
            let taken = event.snapshot()
            let decoded = try #require(taken)
            #expect(decoded.header.kind == eventKind && example.header.kind == eventKind)
            #expect(example.has(.eventType) && example.has(.hostOSType))
            var fields = example.present
            while let field = fields.popFirst() {
                #expect(decoded.texts(field) == example.texts(field), "\(field)")
                #expect(decoded.slot(field)?.traits == [])
            }
        }
    }

    @Test("reads a program start")
    func exec() throws {
        let event = try decode(.exec())
        #expect(event.header.kind == .exec)
        #expect(event.header.hook == .tracepoint)
        #expect(event.header.time == 1_000_000_000)
        #expect(event.header.timestamp == Self.utcOffset + 1_000_000_000)
        #expect(event.header.process == ProcessIdentity(pid: 4242, start: 900_000_000))
        #expect(event.header.parent == ProcessIdentity(pid: 4200, start: 800_000_000))
        #expect(event.header.sessionLeader == ProcessIdentity(pid: 4000, start: 700_000_000))
        #expect(event.header.groupLeader == ProcessIdentity(pid: 4242, start: 900_000_000))
        #expect(!event.header.degraded && !event.header.wanted)
        #expect(event.text(.eventCategory) == "process")
        #expect(event.text(.eventType) == "start")
        #expect(event.text(.eventAction) == "exec")
        #expect(event.text(.eventKind) == "event")
        #expect(event.text(.eventModule) == "imdswatch")
        #expect(event.text(.eventDataset) == "imdswatch.event")
        #expect(event.integers(.timestamp) == [Self.utcOffset + 1_000_000_000])
        #expect(event.text(.processExecutable) == "/usr/bin/curl")
        #expect(event.text(.processName) == "curl")
        #expect(event.text(.invokedAs) == "/usr/bin/curl")
        #expect(event.allTexts(.processArgs) == ["curl", "http://169.254.169.254/"])
        #expect(event.integers(.processArgsCount) == [2])
        #expect(event.text(.processCommandLine) == "curl http://169.254.169.254/")
        #expect(event.text(.processWorkingDirectory) == "/srv/app")
        #expect(event.text(.parentExecutable) == "/usr/bin/bash")
        #expect(event.text(.parentName) == "bash")
        #expect(event.text(.cgroup) == "app.service")
        #expect(event.text(.processThreadName) == "curl")
        #expect(event.integers(.hostMountNamespace) == [1])
        #expect(event.integers(.executableScript) == [0])
        #expect(!event.has(.destinationIP) && !event.has(.eventOutcome))
        #expect(event.slot(.processExecutable)?.origin == "kernel")
    }

    @Test("reads the numbers of a process")
    func numbers() throws {
        var record = RecordBuilder.exec()
        record.tid = 4243
        record.users = (1, 2, 3)
        record.groups = (4, 5, 6)
        record.terminal = (136, 9)
        record.loginUser = 1000
        record.auditSession = 12
        record.flags = 1 << 2 | 1 << 3
        let event = try decode(record)
        let expected: [(Field, Int64)] = [
            (.processPID, 4242), (.processThreadID, 4243), (.namespacedPID, 7),
            (.processRealUserID, 1), (.processUserID, 2), (.processSavedUserID, 3),
            (.processRealGroupID, 4), (.processGroupID, 5), (.processSavedGroupID, 6),
            (.userID, 2), (.userEffectiveID, 2), (.userExtRealID, 1), (.groupID, 5), (.groupExtRealID, 4),
            (.processTTYMajor, 136), (.processTTYMinor, 9), (.processInteractive, 1),
            (.loginUID, 1000), (.auditSession, 12), (.cgroupID, 77),
            (.pidNamespace, 1), (.mountNamespace, 2), (.networkNamespace, 3), (.userNamespace, 0xefff_fffd),
            (.executableDeleted, 1), (.executableMemory, 1), (.hostMountNamespace, 0),
            (.processStart, Self.utcOffset + 900_000_000),
        ]
        for (field, value) in expected { #expect(event.integers(field) == [value], "\(field)") }
    }

    @Test("leaves out what is unset")
    func unset() throws {
        let event = try decode(.exec())
        for field: Field in [
            .loginUID, .auditSession, .processTTYMajor, .userEffectiveID, .processCapabilitiesEffective,
            .processEnvVars,
        ] {
            #expect(!event.has(field), "\(field)")
        }
        #expect(event.integers(.processInteractive) == [0])
    }

    @Test("names capabilities if a rule asks")
    func capabilities() throws {
        var record = RecordBuilder.exec()
        record.effectiveCapabilities = 1 << 0 | 1 << 21 | 1 << 39
        record.permittedCapabilities = 1 << 63
        let event = try decode(record, fields: FieldSet([.processCapabilitiesEffective]))
        #expect(event.allTexts(.processCapabilitiesEffective) == ["CAP_CHOWN", "CAP_SYS_ADMIN", "CAP_BPF"])
        #expect(!event.has(.processCapabilitiesPermitted))
    }

    // MARK: Texts that are not whole

    @Test("marks where a text was cut")
    func cut() throws {
        var record = RecordBuilder.exec()
        record.texts[.executable] = .cut("/opt/a", "z/tool")
        record.texts[.directory] = .cut("/very", "/deep")
        record.texts[.arguments] = .cut("tool\0--he", "ad\0last\0")
        record.texts[.parentExecutable] = .cut("/p", "/bash")
        let event = try decode(record)
        #expect(event.allTexts(.processExecutable).first == "/opt/a…z/tool")
        #expect(event.text(.processName) == "tool")
        #expect(event.text(.processWorkingDirectory) == "/very…/deep")
        #expect(event.allTexts(.processArgs) == ["tool", "--he…ad", "last"])
        #expect(event.text(.parentExecutable) == "/p…/bash")
        for field: Field in [
            .processExecutable, .processName, .processWorkingDirectory, .processArgs, .processCommandLine,
            .parentExecutable,
        ] {
            #expect(event.slot(field)?.isCut == true, "\(field)")
        }
    }

    @Test("keeps the unreadable apart from the missing")
    func unreadable() throws {
        var record = RecordBuilder.exec()
        for text in RecordBuilder.Text.allCases { record.texts[text] = .unreadable }
        let event = try decode(record, fields: FieldSet([.processEnvVars]))
        for field: Field in [
            .invokedAs, .processExecutable, .processName, .processWorkingDirectory, .processArgs,
            .processArgsCount, .processCommandLine, .processEnvVars, .parentExecutable, .parentName, .cgroup,
        ] {
            #expect(event.slot(field)?.isUnknown == true, "\(field)")
        }
        #expect(!event.header.degraded)
    }

    @Test(
        "there may be gaps in the numbers of processors",
        arguments: [
            ("0-3", 4), ("0\n", 1), ("0-3,8-11\n", 12), ("0,2,4-5", 6), ("", nil),
        ] as [(String, Int?)])
    func processors(list: String, limit: Int?) {
        #expect(Processors.limit(of: list) == limit)
    }

    @Test("a control group that was left out is the one that was told there last")
    func toldGroup() throws {
        var decoder = RecordDecoder(fields: FieldSet())
        decoder.toldGroups = ToldGroups(processors: 2)
        var event = Event()
        decoder.prepare(&event)
        event.fixConstants()
        func group(_ record: RecordBuilder, _ content: RecordBuilder.Content) throws -> [String]? {
            var record = record
            record.texts[.cgroup] = content
            event.reset()
            try decoder.decode(record.bytes.span, into: &event)
            let taken = event.snapshot()
            let snapshot = try #require(taken)
            return snapshot.slot(.cgroup)?.isUnknown == true ? nil : snapshot.allTexts(.cgroup)
        }
        let exec = RecordBuilder.exec()
        let connect = RecordBuilder.connect(to: RecordBuilder.mapped(169, 254, 169, 254))
        // nothing was told yet
        #expect(try group(exec, .told) == nil)
        #expect(try group(exec, .text("one.scope")) == ["one.scope"])
        #expect(try group(exec, .told) == ["one.scope"])
        // each program and each processor for itself
        #expect(try group(connect, .told) == nil)
        #expect(try group(connect, .text("two.scope")) == ["two.scope"])
        var other = connect
        other.family = 10
        #expect(try group(other, .told) == nil)
        #expect(try group(other, .text("three")) == ["three"])
        var elsewhere = exec
        elsewhere.processor = 1
        #expect(try group(elsewhere, .told) == nil)
        #expect(try group(elsewhere, .text(String(repeating: "x", count: 255)))?.first?.count == 255)
        #expect(try group(elsewhere, .told)?.first?.count == 255)
        #expect(try group(exec, .told) == ["one.scope"])
        #expect(try group(connect, .told) == ["two.scope"])
        #expect(try group(other, .told) == ["three"])
        // a shorter one, and none at all
        #expect(try group(elsewhere, .text("y")) == ["y"])
        #expect(try group(elsewhere, .told) == ["y"])
        // what was told of another group was lost on the way
        var moved = exec
        moved.cgroupID = 78
        #expect(try group(moved, .told) == nil)
        #expect(try group(exec, .told) == ["one.scope"])
        // what could not be read is not told
        #expect(try group(exec, .unreadable) == nil)
        // a processor that cannot be
        elsewhere.processor = 2
        #expect(try group(elsewhere, .text("z")) == ["z"])
        #expect(try group(elsewhere, .told) == nil)
    }

    @Test("what was told before is known to exist, until the table supplies it")
    func told() throws {
        var record = RecordBuilder.exec()
        record.texts[.executable] = .told
        record.texts[.arguments] = .told
        record.texts[.parentExecutable] = .told
        let event = try decode(record)
        for field: Field in [
            .processExecutable, .processName, .processArgs, .processCommandLine, .parentExecutable,
            .parentName,
        ] {
            #expect(event.slot(field)?.isUnknown == true, "\(field)")
        }
        #expect(event.text(.processWorkingDirectory) != nil)
        #expect(!event.header.degraded)
    }

    @Test("notes what was shed, without a value")
    func shed() throws {
        var record = RecordBuilder.exec()
        record.texts[.arguments] = .shed
        record.texts[.directory] = .shed
        let event = try decode(record)
        #expect(event.header.degraded)
        #expect(!event.has(.processArgs) && !event.has(.processWorkingDirectory))
        #expect(event.text(.processExecutable) == "/usr/bin/curl")
    }

    @Test("leaves out what was not captured")
    func absent() throws {
        var record = RecordBuilder.exec()
        record.texts = [:]
        let event = try decode(record)
        for field: Field in [.processExecutable, .processArgs, .parentExecutable, .cgroup, .invokedAs] {
            #expect(!event.has(field), "\(field)")
        }
    }

    @Test("a kernel thread has no executable")
    func kernelThread() throws {
        var record = RecordBuilder.exec()
        record.texts[.parentExecutable] = .text("")
        #expect(try !decode(record).has(.parentExecutable))
    }

    @Test("knows an empty list of arguments")
    func noArguments() throws {
        var record = RecordBuilder.exec()
        record.texts[.arguments] = .text("")
        let event = try decode(record)
        #expect(event.integers(.processArgsCount) == [0])
        #expect(!event.has(.processArgs))
    }

    @Test("a script is named by its path, made absolute")
    func script() throws {
        var record = RecordBuilder.exec("/usr/bin/dash", ["sh", "./run.sh"])
        record.flags |= 1 << 1
        record.texts[.invoked] = .text("./run.sh")
        let event = try decode(record)
        #expect(event.allTexts(.processExecutable) == ["/usr/bin/dash", "./run.sh", "/srv/app/run.sh"])
        #expect(event.allTexts(.processName) == ["dash", "run.sh"])
        #expect(event.integers(.executableScript) == [1])
        // where the script was is the caller's word: the directory may be another by now
        #expect(event.slot(.processExecutable)?.isTrusted(2) == false)
    }

    @Test("what a binary is invoked as is not trusted, nor a script that is not whole")
    func untrusted() throws {
        var record = RecordBuilder.exec("/tmp/x")
        record.texts[.invoked] = .text("/usr/bin/setup-policy-routes")
        #expect(try decode(record).slot(.processExecutable)?.isTrusted(1) == false)

        record.flags |= 1 << 1
        #expect(try decode(record).slot(.processExecutable)?.isTrusted(1) == true)
        // with a root directory or privileges of its own a caller has any path lead anywhere
        record.flags |= 1 << 11
        #expect(try decode(record).slot(.processExecutable)?.isTrusted(1) == false)
        record.flags &= ~(1 << 11)
        record.namespaces.3 = 4
        #expect(try decode(record).slot(.processExecutable)?.isTrusted(1) == false)
        record.texts[.invoked] = .cut("/usr/bin/setup-", "policy-routes")
        #expect(try decode(record).allTexts(.processExecutable) == ["/tmp/x"])
    }

    @Test("a path in a mount of another namespace is told, and satisfies no exclusion")
    func foreign() throws {
        var record = RecordBuilder.exec("/usr/bin/curl")
        for text in [RecordBuilder.Text.executable, .directory, .parentExecutable] {
            record.texts[text]?.state = .foreign
        }
        let event = try decode(record)
        #expect(event.allTexts(.processExecutable) == ["/usr/bin/curl"])
        #expect(event.allTexts(.processName) == ["curl"])
        for field in [
            Field.processExecutable, .processName, .processWorkingDirectory, .parentExecutable, .parentName,
        ] {
            #expect(event.slot(field)?.isCut == true, "\(field.name)")
        }
    }

    @Test("an environment that was not captured is unknown to rules that read it")
    func noEnvironment() throws {
        let fields = FieldSet([.processEnvVars])
        let start = try decode(RecordBuilder.exec(), fields: fields)
        #expect(start.slot(.processEnvVars)?.isUnknown == true)
        let connect = RecordBuilder.connect(to: RecordBuilder.mapped(169, 254, 169, 254))
        #expect(try decode(connect, fields: fields).slot(.processEnvVars) == nil)
    }

    @Test("splits the environment")
    func environment() throws {
        var record = RecordBuilder.exec()
        record.texts[.environment] = .text("LD_PRELOAD=/a.so\0PATH=/bin\0")
        let fields = FieldSet([.processEnvVars])
        let event = try decode(record, fields: fields)
        #expect(event.allTexts(.processEnvVars) == ["LD_PRELOAD=/a.so", "PATH=/bin"])
        // captured for other rules than those of now
        #expect(try !decode(record).has(.processEnvVars))
        record.texts[.environment] = .text("")
        #expect(try !decode(record, fields: fields).has(.processEnvVars))
    }

    @Test("keeps bytes that are not UTF-8, newlines and quotes")
    func rawBytes() throws {
        var record = RecordBuilder.exec()
        let path = Array("/tmp/\n\"".utf8) + [0xff, 0xfe]
        record.texts[.executable] = .bytes(path)
        #expect(try decode(record).firstText(.processExecutable).map(Array.init) == path)
    }

    // MARK: Other kinds

    @Test("reads a connection")
    func connect() throws {
        var record = RecordBuilder.connect(to: RecordBuilder.mapped(169, 254, 169, 254))
        record.flags |= 1 << 6 | 1 << 8 | 1 << 10
        record.source = RecordBuilder.mapped(10, 0, 0, 7)
        record.sourcePort = 40000
        record.texts[.arguments] = .text("curl\0x\0")
        let event = try decode(record)
        #expect(event.header.kind == .connect && event.header.hook == .fexit)
        #expect(event.header.wanted)
        #expect(event.text(.eventCategory) == "network")
        #expect(event.text(.eventAction) == "connection_attempted")
        #expect(event.addresses(.destinationIP) == [IPAddress("169.254.169.254")])
        #expect(event.text(.destinationAddress) == "169.254.169.254")
        #expect(event.integers(.destinationPort) == [80])
        #expect(event.addresses(.sourceIP) == [IPAddress("10.0.0.7")])
        #expect(event.integers(.sourcePort) == [40000])
        #expect(event.text(.networkType) == "ipv4")
        #expect(event.text(.networkDirection) == "egress")
        #expect(event.text(.networkTransport) == "tcp")
        #expect(event.text(.eventOutcome) == "success")
        #expect(!event.has(.errorCode))
        #expect(event.slot(.processArgs)?.traits.contains(.mutable) == true)
    }

    @Test("the tracepoint knows neither result nor source")
    func tracepoint() throws {
        var record = RecordBuilder.connect(to: RecordBuilder.mapped(1, 2, 3, 4))
        record.flags = 0
        record.hook = 1
        let event = try decode(record)
        #expect(!event.has(.eventOutcome) && !event.has(.sourcePort) && !event.has(.sourceIP))
        #expect(!event.header.wanted)
    }

    @Test(
        "names the outcome of a connection",
        arguments: [
            (0, "success", nil), (-115, "unknown", nil), (-111, "failure", "ECONNREFUSED"),
            (-101, "failure", "ENETUNREACH"), (-512, "failure", "ERESTARTSYS"), (-4000, "failure", "4000"),
        ] as [(Int32, String, String?)])
    func outcome(result: Int32, outcome: String, code: String?) throws {
        var record = RecordBuilder.connect(to: RecordBuilder.mapped(1, 2, 3, 4))
        record.result = result
        let event = try decode(record)
        #expect(event.text(.eventOutcome) == outcome)
        #expect(event.text(.errorCode) == code)
    }

    @Test("reads a fork, which is short")
    func fork() throws {
        var record = RecordBuilder(kind: 2)
        record.users = (10, 11, 12)
        record.groups = (20, 21, 22)
        record.directory = (1 << 40, 3 << 40)
        let event = try decode(record)
        #expect(record.bytes.count == 88)
        #expect(event.header.kind == .fork)
        #expect(event.header.process.pid == 4242 && event.header.parent.pid == 4200)
        #expect(event.text(.eventAction) == "fork")
        #expect(event.integers(.processPID) == [4242])
        #expect(event.integers(.processRealUserID) == [10] && event.integers(.processUserID) == [11])
        #expect(event.integers(.processRealGroupID) == [20] && event.integers(.processGroupID) == [21])
        record.flags = 1 << 12
        let cloned = try decode(record)
        #expect(!cloned.has(.processUserID), "by a sibling of the child")
        #expect(cloned.header.parent.pid == 4200)
    }

    @Test("tells the same start of a process while the clock is only slewed")
    func starts() throws {
        let record = RecordBuilder.exec()
        var decoder = RecordDecoder(fields: FieldSet(), utcOffset: 1_000_000_000_000)
        var event = Event()
        func start() throws -> Int64? {
            event.reset()
            try decoder.decode(record.bytes.span, into: &event)
            return event.slot(.processStart)?.payload
        }
        #expect(try start() == 1_000_900_000_000)
        decoder.utcOffset += 9_000_000
        #expect(try start() == 1_000_900_000_000)
        let time = event.header.timestamp
        #expect(time == 1_001_009_000_000)
        decoder.utcOffset += 2_000_000
        #expect(try start() == 1_000_911_000_000)
    }

    @Test("tells one directory from another")
    func directories() throws {
        func directory(
            _ mount: UInt64, _ entry: UInt64, kind: UInt16 = 1, flags: UInt32 = 0
        ) throws -> DirectoryIdentity {
            var record = kind == 1 ? RecordBuilder.exec() : RecordBuilder(kind: kind)
            record.flags = flags
            record.directory = (mount, entry)
            var decoder = RecordDecoder(fields: FieldSet())
            var event = Event()
            try decoder.decode(record.bytes.span, into: &event)
            return event.header.directory
        }
        let one = try directory(0xffff_8881_0000_1000, 0xffff_8881_0000_2000)
        #expect(try directory(0xffff_8881_0000_1000, 0xffff_8881_0000_2000, kind: 2) == one)
        #expect(try directory(0xffff_8881_0000_1000, 0xffff_8881_0000_20c0) != one)
        #expect(try directory(0xffff_8881_0000_1180, 0xffff_8881_0000_2000) != one)
        #expect(try directory(0, 0) == .unknown && one != .unknown)
        #expect(try directory(1 << 40, 3 << 40, kind: 2, flags: 1 << 12) == .unknown)
    }

    @Test("reads an exit", arguments: [(0x300, 3), (9, 137), (0x8b, 139), (0, 0)] as [(UInt32, Int64)])
    func exit(status: UInt32, code: Int64) throws {
        var record = RecordBuilder(kind: 3)
        record.exitCode = status
        let event = try decode(record)
        #expect(event.header.kind == .exit)
        #expect(event.text(.eventType) == "end" && event.text(.eventAction) == "end")
        #expect(event.integers(.processExitCode) == [code])
    }

    @Test("a running process has no category")
    func task() throws {
        var record = RecordBuilder.exec()
        record.kind = 5
        let event = try decode(record)
        #expect(event.header.kind == .document && !event.has(.eventCategory))
        #expect(event.text(.processExecutable) == "/usr/bin/curl")
    }

    @Test(
        "says whether the process has started a program since its fork",
        arguments: [(1, 0, true), (4, 0, true), (4, 1 << 10, false), (2, 0, false), (5, 0, true)]
            as [(UInt16, UInt32, Bool)])
    func hasExeced(kind: UInt16, flags: UInt32, expected: Bool) throws {
        var event = Event()
        var decoder = RecordDecoder(fields: FieldSet())
        var record = RecordBuilder(kind: kind)
        record.flags = flags
        try decoder.decode(record.bytes.span, into: &event)
        let hasExeced = event.header.hasExeced
        #expect(hasExeced == expected)
    }

    @Test("an event that is filled again keeps nothing of the last")
    func again() throws {
        var event = Event()
        var decoder = RecordDecoder(fields: FieldSet())
        event.set(.hostID, text: "abc")
        decoder.prepare(&event)
        event.fixConstants()
        try decoder.decode(RecordBuilder.exec().bytes.span, into: &event)
        event.reset()
        try decoder.decode(RecordBuilder(kind: 2).bytes.span, into: &event)
        let filled = event.snapshot()
        let snapshot = try #require(filled)
        #expect(!snapshot.has(.processExecutable))
        #expect(snapshot.text(.hostID) == "abc")
        #expect(snapshot.text(.eventModule) == "imdswatch")
        #expect(snapshot.text(.eventAction) == "fork")
    }

    // MARK: Malformed records

    @Test("refuses a record that is shorter than it says", arguments: [0, 8, 23, 24, 55, 100, 367, 400])
    func short(count: Int) {
        let bytes = Array(RecordBuilder.exec().bytes.prefix(count))
        #expect(throws: RecordError.self) { try decode(bytes) }
    }

    @Test("refuses a size that leaves no room for what it must hold", arguments: [0, 24, 367])
    func smallSize(size: UInt16) {
        var bytes = RecordBuilder.exec().bytes
        bytes.replaceSubrange(8..<12, with: [UInt8(size & 255), UInt8(size >> 8), 0, 0])
        #expect(throws: RecordError.self) { try decode(bytes) }
    }

    @Test("refuses a kind it does not know")
    func kind() {
        var bytes = RecordBuilder.exec().bytes
        bytes[12] = 99
        #expect(throws: RecordError.unknownKind(99)) { try decode(bytes) }
    }

    @Test("refuses text outside of the record", arguments: 0..<7)
    func text(index: Int) {
        let place = RecordBuilder.size - 112 + 16 * index
        for (offset, length, gap, state) in [
            (UInt32(0), UInt32(4), UInt32(0), UInt8(1)), (384, .max, 0, 1), (.max, 1, 0, 1),
            (.max, .max, 0, 2),
            (384, 4, 5, 2), (384, 1, 0, 9),
        ] {
            var bytes = RecordBuilder.exec().bytes
            func put(_ value: UInt32, at offset: Int) {
                for byte in 0..<4 {
                    bytes[offset + byte] = UInt8(truncatingIfNeeded: value >> UInt32(8 * byte))
                }
            }
            put(offset, at: place)
            put(length, at: place + 4)
            put(gap, at: place + 8)
            bytes[place + 12] = state
            #expect(throws: RecordError.text(index: index)) { try decode(bytes) }
        }
    }

    @Test("looks at no place of a text without bytes", arguments: 0..<7)
    func noBytes(index: Int) throws {
        let place = RecordBuilder.size - 112 + 16 * index
        for state: UInt8 in [0, 3, 4, 5] {
            var bytes = RecordBuilder.exec().bytes
            // as an earlier, longer record left it
            for byte in 0..<12 { bytes[place + byte] = 0x7f }
            bytes[place + 12] = state
            #expect(throws: Never.self) { try decode(bytes) }
        }
    }

    @Test("never crashes on bytes that make no sense")
    func noise() {
        var random = Noise(state: 1)
        var event = Event()
        var decoder = RecordDecoder(fields: FieldSet([.processCapabilitiesEffective]))
        decoder.prepare(&event)
        event.fixConstants()
        var decoded = 0
        let whole = RecordBuilder.exec().bytes
        for round in 0..<4000 {
            var bytes = whole
            if round.isMultiple(of: 4) {
                bytes = (0..<(random.next() % 600)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            }
            for _ in 0..<(random.next() % 12) where !bytes.isEmpty {
                bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
            }
            event.reset()
            do {
                try decoder.decode(bytes.span, into: &event)
                decoded += 1
                let isWhole = event.snapshot() != nil
                #expect(isWhole)
            } catch {}
        }
        #expect(decoded > 200)
    }
}

/// A small generator, the same on every run.
struct Noise: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (state ^ state >> 29) &* 0x9e37_79b9_7f4a_7c15 >> 11
    }
}

extension EventSnapshot {
    func text(_ field: Field) -> String? {
        firstText(field).map { String(decoding: $0, as: UTF8.self) }
    }

    func allTexts(_ field: Field) -> [String] {
        texts(field).map { String(decoding: $0, as: UTF8.self) }
    }
}
