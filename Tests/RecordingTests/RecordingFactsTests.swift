import Events
import Fixtures
import Recording
import Testing

/// What a reader makes of lines, one after the other.
private func read(_ lines: String...) throws -> [EventSnapshot] {
    var reader = DocumentReader()
    var event = Event()
    var snapshots: [EventSnapshot] = []
    for line in lines {
        try reader.read(Array(line.utf8).span, into: &event)
        let snapshot = event.snapshot()
        snapshots.append(try #require(snapshot))
    }
    return snapshots
}

private func texts(_ event: EventSnapshot, _ field: Field) -> [String] {
    event.texts(field).map { String(decoding: $0, as: UTF8.self) }
}

@Suite("Reading our own recordings")
struct RecordingFactsTests {
    @Test("further values come back, trusted as they were, whatever the order of keys")
    func further() throws {
        let event = try read(
            #"""
            {"imdswatch":{"further":{"process":{"parent":{"executable":["./x","/d/x"],"name":["x"]}}},
            "untrusted":["process.parent.executable#2"],"hook":"fexit"},"@timestamp":1,
            "process":{"parent":{"executable":"/usr/bin/dash","name":"dash"}}}
            """#)[0]
        #expect(texts(event, .parentExecutable) == ["/usr/bin/dash", "./x", "/d/x"])
        #expect(texts(event, .parentName) == ["dash", "x"])
        #expect(event.slot(.parentExecutable)?.isTrusted(1) == false)
        #expect(event.slot(.parentExecutable)?.isTrusted(2) == true)
        #expect(event.slot(.parentName)?.isTrusted(1) == true)
    }

    @Test("what is unknown, cut, mutable, redacted and from where comes back")
    func traits() throws {
        let event = try read(
            #"""
            {"@timestamp":1,"process":{"args":["a"],"command_line":"a","executable":"/x","working_directory":"/"},
            "imdswatch":{"hook":"kprobe","degraded":true,"unknown":["process.parent.executable"],
            "truncated":["process.args","imdswatch.raw.process.command_line","no.such.field"],
            "mutable":["process.args"],"redacted":["process.command_line"],
            "origin":{"process.executable":"table","process.args":"proc","process.working_directory":"kernel"}}}
            """#)[0]
        #expect(event.header.hook == .kprobe && event.header.degraded)
        #expect(event.slot(.parentExecutable)?.isUnknown == true)
        #expect(event.slot(.processArgs)?.traits == [.cut, .mutable, .fromProc])
        #expect(event.slot(.processCommandLine)?.traits == [.cut, .redacted])
        #expect(event.slot(.processExecutable)?.traits == .fromTable)
        #expect(event.slot(.processWorkingDirectory)?.traits == [])
    }

    @Test("fields of a group that was left out are unknown, and the event counts as shortened")
    func leftOut() throws {
        var reader = DocumentReader()
        var event = Event()
        let line = Array(
            #"""
            {"@timestamp":1,"process":{"pid":7,"parent":{"pid":6}},
            "imdswatch":{"hook":"kprobe","truncated":["process.parent.*","imdswatch.matched.*"]}}
            """#.utf8)
        try reader.read(line.span, into: &event)
        let copied = event.snapshot()
        let copy = try #require(copied)
        #expect(copy.slot(.parentExecutable)?.isUnknown == true)
        #expect(copy.slot(.parentName)?.isUnknown == true)
        #expect(copy.integers(.parentPID) == [6])
        #expect(!copy.has(.processName) && !copy.has(.entryLeaderName))
        let wasShortened = reader.wasShortened
        #expect(wasShortened)
        let whole = Array(#"{"@timestamp":1,"process":{"pid":7}}"#.utf8)
        try reader.read(whole.span, into: &event)
        let isShortened = reader.wasShortened
        #expect(!isShortened)
    }

    @Test("the clock of the boot orders events, though the wall's is set back between them")
    func bootTime() throws {
        func line(_ boot: String, _ bootTime: Int, _ time: Int) -> String {
            #"{"@timestamp":"\#(time)","host":{"boot":{"id":"\#(boot)"}},"imdswatch":{"hook":"fexit","time_since_boot":\#(bootTime)}}"#
        }
        let base = 1_795_370_400_000_000_000
        let events = try read(
            line("a", 1_000, base), line("a", 1_500, base - 3_600_000_000_000), line("b", 7, base + 9),
            line("b", 8, base + 20))
        #expect(events.map { Int($0.header.time) - base } == [0, 500, 9, 10])
        #expect(events.map { Int($0.header.timestamp) - base } == [0, -3_600_000_000_000, 9, 20])
    }

    @Test("documents of others say nothing of the kind")
    func others() throws {
        let event = try read(#"{"@timestamp":1,"imdswatch":{"time_since_boot":7}}"#)[0]
        #expect(event.header.time == 1_000_000_000 && event.header.hook == .none)
    }

    @Test(
        "alerts and statistics are no events",
        arguments: [
            (#""event":{"kind":"alert"}"#, DocumentKind.other), (#""event.kind":"metric""#, .other),
            (#""event":{"kind":"signal"}"#, .other), (#""event":{"kind":"event"}"#, .event),
            (#""event":{"kind":"event","dataset":"imdswatch.alert"}"#, .other),
            (#""event":{"dataset":"endpoint.events.process"}"#, .event), (#""x":1"#, .event),
        ])
    func kinds(part: String, expected: DocumentKind) throws {
        for fields in [nil, FieldSet()] {
            var reader = DocumentReader(fields: fields)
            var event = Event()
            let kind = try reader.read(Array("{\"@timestamp\":1,\(part)}".utf8).span, into: &event)
            #expect(kind == expected)
        }
    }
}

@Suite("Reading a selection of fields")
struct SelectionTests {
    private static let line =
        #"{"@timestamp":"2026-11-22T18:00:00Z","event":{"category":["process"],"action":"exec"},"process":{"name":"curl","executable":"/usr/bin/curl","pid":"x","args":["a\u00e9","b"],"parent":{"pid":7}},"destination":{"ip":"::1"},"other":{"deep":[{"a":"\\"}]}}"#

    @Test("leaves out the rest, and completing adds it")
    func completes() throws {
        let line = Array(Self.line.utf8)
        var whole = DocumentReader()
        var event = Event()
        try whole.read(line.span, into: &event)
        let all = event.present.fields

        var reader = DocumentReader(fields: FieldSet([.processName]))
        try reader.read(line.span, into: &event)
        let few = event.present.fields
        #expect(few.contains(.processName) && few.contains(.eventCategory))
        #expect(!few.contains(.parentPID) && !few.contains(.processArgs))
        event.header.position = 17
        try reader.complete(line.span, into: &event)
        let completed = event.present.fields
        let position = event.header.position
        #expect(completed == all && position == 17)
        // what no rule asked for and cannot be converted is nobody's loss
        let counts = (reader.unconverted, whole.unconverted)
        #expect(counts == (0, 1))
    }

    @Test("finds the same damage as reading all of it")
    func damage() {
        let line = Array(Self.line.utf8)
        var whole = DocumentReader()
        var reader = DocumentReader(fields: FieldSet())
        var event = Event()
        for index in line.indices {
            for byte: UInt8 in [0, 0x22, 0x5c, 0x7b, 0x7d, 0x5b, 0x2c, 0x75] {
                var changed = line
                changed[index] = byte
                let one = (try? whole.read(changed.span, into: &event)) == nil
                let other = (try? reader.read(changed.span, into: &event)) == nil
                #expect(one == other, "\(String(decoding: changed, as: UTF8.self))")
            }
        }
    }

    @Test("takes names with escapes, and whole dotted names at any depth")
    func names() throws {
        var reader = DocumentReader(fields: FieldSet([.parentName, .processArgs]))
        var event = Event()
        let text =
            #"{"@timestamp":1,"pro\u0063ess":{"parent.name":"sh"},"process.args":["x"],"process":{"parent":{"name":"2"}}}"#
        try reader.read(Array(text.utf8).span, into: &event)
        let snapshot = event.snapshot()
        let read = try #require(snapshot)
        #expect(texts(read, .parentName) == ["sh", "2"])
        #expect(texts(read, .processArgs) == ["x"])
    }
}
