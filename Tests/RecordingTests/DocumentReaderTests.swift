import Events
import Fixtures
import Recording
import Testing

/// What a reader makes of one line.
private func read(_ line: String) throws -> EventSnapshot {
    var reader = DocumentReader()
    var event = Event()
    try reader.read(Array(line.utf8).span, into: &event)
    let snapshot = event.snapshot()
    return try #require(snapshot)
}

private func texts(_ event: EventSnapshot, _ field: Field) -> [String] {
    event.texts(field).map { String(decoding: $0, as: UTF8.self) }
}

@Suite("Reading documents")
struct DocumentReaderTests {
    @Test(
        "nested, dotted and mixed names mean the same",
        arguments: [
            #"{"@timestamp":"2026-11-22T18:00:00Z","process":{"parent":{"name":"sh"},"name":"curl"}}"#,
            #"{"@timestamp":"2026-11-22T18:00:00Z","process.parent.name":"sh","process.name":"curl"}"#,
            #"{"process":{"parent.name":"sh"},"process.name":["curl"],"@timestamp":"2026-11-22T18:00:00Z"}"#,
            #" { "_id":"1","_source":{"process":[{"parent":{"name":"sh"}},{"name":"curl"}],"@timestamp":1795370400}}"#,
        ])
    func names(line: String) throws {
        let event = try read(line)
        #expect(texts(event, .parentName) == ["sh"])
        #expect(texts(event, .processName) == ["curl"])
        #expect(event.header.time == 1_795_370_400_000_000_000)
        #expect(event.header.kind == .document)
    }

    @Test("what a reader read before changes nothing")
    func keysOfOtherDocuments() throws {
        let time = #""@timestamp":"2026-11-22T18:00:00Z""#
        let many = (0..<600).map { "\"key\($0)\":{\"name\":\($0)}" }.joined(separator: ",")
        let lines = [
            #"{\#(time),"process":{"name":"a","parent":{"name":"b"}},"user":{"name":"c"}}"#,
            #"{\#(time),"process":{"parent":{"name":"d"},"name":"e"},"user":{"name":"f"}}"#,
            #"{"user":{"name":"g"},"process.name":"h" , "process.parent.name" : "i",\#(time)}"#,
            #"{\#(time),"process":{"names":"x","name":"j","parent":{"nam":"y"}},"userx":{"name":"z"}}"#,
            #"{\#(time),"process":{"n\u0061me":"k","na\"me":"x"},"name":"x","other":{"name":"y"}}"#,
            #"{\#(time),\#(many),"process":{"name":"l","working_directory_of_nobody_at_all":"/"}}"#,
            #"{\#(time),"process":{"working_directory":"/m"},"user":{"name":"n"}}"#,
        ]
        func values(_ event: EventSnapshot) -> [[String]] {
            let fields: [Field] = [.processName, .parentName, .userName, .processWorkingDirectory]
            return fields.map { texts(event, $0) }
        }
        var reader = DocumentReader()
        var event = Event()
        for number in 0..<200 {
            // each after each other
            let line = lines[(number * (1 + number / lines.count)) % lines.count]
            _ = try reader.read(Array(line.utf8).span, into: &event)
            let snapshot = event.snapshot()
            let alone = try read(line)
            #expect(snapshot.map(values) == values(alone))
        }
    }

    @Test("values convert to the type of their field")
    func conversion() throws {
        let event = try read(
            #"""
            {"@timestamp":1795370400123,"destination":{"port":"80","ip":["169.254.169.254","fd00:ec2::254"]},
            "process":{"pid":42.0,"interactive":"true","args":["a","b",3,true,null],"exit_code":-1,"args_count":"x"},
            "user":{"id":0},"group":{"id":"17"},"event":{"category":["process"],"type":"start"},"unknown":{"a":[1,{"b":2}]}}
            """#)
        #expect(event.integers(.destinationPort) == [80])
        #expect(event.addresses(.destinationIP).map(\.description) == ["169.254.169.254", "fd00:ec2::254"])
        #expect(event.integers(.processPID) == [42])
        #expect(event.integers(.processInteractive) == [1])
        #expect(texts(event, .processArgs) == ["a", "b", "3", "true"])
        #expect(event.integers(.processExitCode) == [-1])
        #expect(!event.has(.processArgsCount))
        #expect(event.integers(.userID) == [0])
        #expect(event.integers(.groupID) == [17])
        #expect(texts(event, .eventCategory) == ["process"])
        #expect(event.header.timestamp == 1_795_370_400_123_000_000)
    }

    @Test("what cannot be converted is missing and counted")
    func unconverted() throws {
        var reader = DocumentReader()
        var event = Event()
        let line =
            #"{"@timestamp":1,"destination":{"ip":"nowhere","port":"http"},"process":{"interactive":2}}"#
        try reader.read(Array(line.utf8).span, into: &event)
        let present = event.present
        let count = reader.unconverted
        #expect(present.fields == [.timestamp])
        #expect(count == 3)
    }

    @Test(
        "escapes become the characters they stand for",
        arguments: [
            (#""a\"\\\/\b\f\n\r\tz""#, "a\"\\/\u{8}\u{c}\n\r\tz"),
            (#""\u0041\u00e9\u20ac""#, "Aé€"),
            (#""\ud83d\ude00""#, "😀"),
            (#""\ud83dx""#, "\u{fffd}x"),
            (#""\ude00""#, "\u{fffd}"),
            (#""\u0000""#, "\0"),
            (#""""#, ""),
        ])
    func escapes(literal: String, expected: String) throws {
        let event = try read(#"{"@timestamp":1,"process":{"command_line":\#(literal)}}"#)
        #expect(texts(event, .processCommandLine) == [expected])
    }

    @Test(
        "exact bytes win over their readable form, whichever comes first",
        arguments: [
            #"{"@timestamp":1,"process":{"command_line":"a\ufffd"},"imdswatch":{"raw":{"process":{"command_line":"Yf8="}}}}"#,
            #"{"@timestamp":1,"imdswatch":{"raw":{"process.command_line":"Yf8="}},"process":{"command_line":"a\ufffd"}}"#,
        ])
    func raw(line: String) throws {
        #expect(try read(line).firstText(.processCommandLine) == [0x61, 0xff])
    }

    @Test("a recording of ours has the executables that were live")
    func invokedAs() throws {
        let event = try read(
            #"""
            {"@timestamp":1,"process":{"executable":"/usr/bin/bash","name":"bash","working_directory":"/srv"},
            "imdswatch":{"process":{"invoked_as":"./run.sh","script":true}}}
            """#)
        #expect(texts(event, .processExecutable) == ["/usr/bin/bash", "./run.sh", "/srv/run.sh"])
        #expect(texts(event, .processName) == ["bash", "run.sh"])
    }

    @Test(
        "lines that are no documents say why",
        arguments: [
            ("", DocumentError.malformed(at: 0)),
            ("[]", .notAnObject),
            ("3", .notAnObject),
            ("{}", .noTimestamp),
            (#"{"@timestamp":"yesterday"}"#, .noTimestamp),
            (#"{"@timestamp":1"#, .malformed(at: 15)),
            (#"{"@timestamp":1}x"#, .malformed(at: 16)),
            (#"{"@timestamp":01}"#, .malformed(at: 14)),
            (#"{"@timestamp":1,}"#, .malformed(at: 16)),
            (#"{"a":"\#n"}"#, .malformed(at: 6)),
            (#"{"@timestamp":1,"process":{"name":"\x"}}"#, .malformed(at: 35)),
            (String(repeating: #"{"process":"#, count: 100), .nestedTooDeeply(limit: 64)),
            (#"{"a":"# + String(repeating: "[", count: 100_000), .nestedTooDeeply(limit: 64)),
        ])
    func broken(line: String, expected: DocumentError) {
        var reader = DocumentReader()
        var event = Event()
        var thrown: DocumentError?
        do throws(DocumentError) {
            _ = try reader.read(Array(line.utf8).span, into: &event)
        } catch {
            thrown = error
        }
        #expect(thrown == expected)
    }

    @Test("no damage to a line makes the reader fail")
    func damage() {
        let line = Array(
            #"{"@timestamp":"2026-11-22T18:00:00.5+01:00","process":{"args":["a\u00e9","b"],"pid":-1.5e3},"x":null}"#
                .utf8)
        var reader = DocumentReader()
        var event = Event()
        for index in line.indices {
            for byte: UInt8 in [0, 0x22, 0x5c, 0x7b, 0x7d, 0x5b, 0x2c, 0xff] {
                var changed = line
                changed[index] = byte
                _ = try? reader.read(changed.span, into: &event)
            }
            _ = try? reader.read(line.span.extracting(0..<index), into: &event)
        }
    }
}

@Suite("Reading times")
struct TimestampTests {
    @Test(
        "every form of ISO 8601 that documents use",
        arguments: [
            ("1970-01-01", 0),
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T12:34:56.789Z", 951_827_696_789_000_000),
            ("2026-11-22T18:00:00.123456789Z", 1_795_370_400_123_456_789),
            ("2026-11-22 19:00:00,5+01:00", 1_795_370_400_500_000_000),
            ("2026-11-22T12:30:00-0530", 1_795_370_400_000_000_000),
            ("2026-11-22T18:00Z", 1_795_370_400_000_000_000),
            ("1969-12-31T23:59:59.999999999Z", -1),
            ("2026-11-22T18:00:00.1234567891Z", 1_795_370_400_123_456_789),
        ] as [(String, Int64)])
    func forms(text: String, expected: Int64) {
        #expect(Timestamp.parse(Array(text.utf8).span) == expected)
    }

    @Test(
        "what is no time is refused",
        arguments: [
            "", "2026", "2026-13-01", "2026-02-29", "2026-11-22T", "2026-11-22T24:00:00Z",
            "2026-11-22T18:00:00.Z",
            "2026-11-22T18:00:00Zx", "2026-11-22T18:00:00+25:00", "99999-01-01", "9999-01-01",
        ])
    func refused(text: String) {
        #expect(Timestamp.parse(Array(text.utf8).span) == nil)
    }

    @Test(
        "numbers are told apart by size",
        arguments: [
            (1_795_370_400, 1_795_370_400_000_000_000),
            (1_795_370_400_123, 1_795_370_400_123_000_000),
            (1_795_370_400_123_456, 1_795_370_400_123_456_000),
            (1_795_370_400_123_456_789, 1_795_370_400_123_456_789),
        ] as [(Int64, Int64)])
    func epochs(number: Int64, expected: Int64) {
        #expect(Timestamp.parse(epoch: number) == expected)
    }
}
