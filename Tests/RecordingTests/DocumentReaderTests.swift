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
        "only events count what cannot be converted",
        arguments: [
            (#"{"@timestamp":"yesterday","destination":{"port":"http"}}"#, 0),
            (#"{"@timestamp":1,"destination":{"port":"http"}"#, 0),
            (#"{"@timestamp":1,"destination":{"port":"http"},"event":{"kind":"alert"}}"#, 0),
            (#"{"@timestamp":1,"destination":{"port":"http"},"event":{"kind":"event"}}"#, 1),
        ])
    func unconvertedOfEvents(line: String, expected: Int) {
        var reader = DocumentReader()
        var event = Event()
        _ = try? reader.read(Array(line.utf8).span, into: &event)
        let count = reader.unconverted
        #expect(count == expected)
    }

    @Test(
        "a search hit's name is the event's id where it has none",
        arguments: [
            (#"{"_index":"i","_id":"a","_source":{"@timestamp":1}}"#, ["a"]),
            (#"{"_source":{"@timestamp":1},"_id":"a"}"#, ["a"]),
            (#"{"_id":"a\"\u0062","_source":{"@timestamp":1,"_id":"x"}}"#, ["a\"b"]),
            (#"{"_id":"a","_source":{"@timestamp":1,"event":{"id":"own"}}}"#, ["own"]),
            (#"{"_source":{"@timestamp":1,"event.id":"own"},"_id":"a"}"#, ["own"]),
            (#"{"_id":"a","_source":{"@timestamp":1,"event":{"id":null}}}"#, ["a"]),
            (#"{"_id":"a","@timestamp":1}"#, []),
            (#"{"_source":{"@timestamp":1,"_id":"x","process":{"_id":"y"}}}"#, []),
            (#"{"_id":{"$oid":"x"},"_source":{"@timestamp":1}}"#, []),
        ])
    func hits(line: String, expected: [String]) throws {
        #expect(texts(try read(line), .eventID) == expected)
        // only where it is asked for
        var event = Event()
        var reader = DocumentReader(fields: FieldSet([.processName]))
        try reader.read(Array(line.utf8).span, into: &event)
        var isThere = event.has(.eventID)
        #expect(!isThere)
        try reader.complete(Array(line.utf8).span, into: &event)
        isThere = event.has(.eventID)
        #expect(isThere == !expected.isEmpty)
        reader = DocumentReader(fields: FieldSet([.eventID]))
        try reader.read(Array(line.utf8).span, into: &event)
        isThere = event.has(.eventID)
        #expect(isThere == !expected.isEmpty)
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
            ("2026-11-22t18:00:00z", 1_795_370_400_000_000_000),
            ("2026-11-22T18:00:00", 1_795_370_400_000_000_000),
            ("2026-11-22T19:00:00+01", 1_795_370_400_000_000_000),
            ("2026-11-22T18Z", 1_795_370_400_000_000_000),
            ("2026-11-22T14:30-0330", 1_795_370_400_000_000_000),
            ("2026-11-22T17:59:60Z", 1_795_370_400_000_000_000),
            ("2026-11-22T24:00:00Z", 1_795_392_000_000_000_000),
            ("2026-11-22T24:00:00.000Z", 1_795_392_000_000_000_000),
            ("20261122T24Z", 1_795_392_000_000_000_000),
            // without separators
            ("20261122T180000Z", 1_795_370_400_000_000_000),
            ("20261122t180000z", 1_795_370_400_000_000_000),
            ("20261122 180000", 1_795_370_400_000_000_000),
            ("20261122T190000.123+0100", 1_795_370_400_123_000_000),
            ("20261122T1430-0330", 1_795_370_400_000_000_000),
            ("20261122T19+01", 1_795_370_400_000_000_000),
            ("20261122T18:00:00Z", 1_795_370_400_000_000_000),
            ("2026-11-22T180000+00:00", 1_795_370_400_000_000_000),
            ("20240229T000000Z", 1_709_164_800_000_000_000),
            // a fraction of an hour or a minute
            ("2026-11-22T17,5Z", 1_795_368_600_000_000_000),
            ("2026-11-22T18:00.25Z", 1_795_370_415_000_000_000),
            ("20261122T1800,000000000017Z", 1_795_370_400_000_000_001),
            ("20261122T18.3333333333333Z", 1_795_371_599_999_999_999),
            // days of a year
            ("2026-001", 1_767_225_600_000_000_000),
            ("2026-001T10:00:00,5Z", 1_767_261_600_500_000_000),
            ("2026001T100000Z", 1_767_261_600_000_000_000),
            ("2026-365T00:00Z", 1_798_675_200_000_000_000),
            ("2024-366T00:00Z", 1_735_603_200_000_000_000),
            ("2000366T00Z", 978_220_800_000_000_000),
            // days of a week
            ("2026-W01-1T10:00Z", 1_767_002_400_000_000_000),
            ("2026W011T1000Z", 1_767_002_400_000_000_000),
            ("2026-w01-4", 1_767_225_600_000_000_000),
            ("2026W01", 1_766_966_400_000_000_000),
            ("2026-W53-7T00:00:00Z", 1_798_934_400_000_000_000),
            ("2020W537T00Z", 1_609_632_000_000_000_000),
            ("1970-W01-4", 0),
            ("1969-W01-1", -31_708_800_000_000_000),
            ("2026-11", 1_793_491_200_000_000_000),
        ] as [(String, Int64)])
    func forms(text: String, expected: Int64) {
        #expect(Timestamp.parse(Array(text.utf8).span) == expected)
    }

    @Test(
        "what is no time is refused",
        arguments: [
            "", "2026", "2026-", "2026-13-01", "2026-00-01", "2026-01-00", "2026-02-29", "2026-04-31",
            "2026-11-22T", "2026-11-22T24:00:01Z", "2026-11-22T24:00:00.1Z", "2026-11-22T24:01Z",
            "2026-11-22T24,5Z", "2026-11-22T25Z", "2026-11-22T18:60Z", "2026-11-22T18:00:61Z",
            "2026-11-22T18:00:00.Z", "2026-11-22T18:Z", "2026-11-22T18:00:Z", "2026-11-22T18:0000Z",
            "2026-11-22T1800:00Z", "2026-11-22T180Z", "2026-11-22T18:00:00+1",
            "2026-11-22T18:00:00+01:", "2026-11-22T18:00:00+01:60", "2026-11-22TZ", "2026-11-22Z",
            "2026-11-22T18:00:00Zx", "2026-11-22T18:00:00+25:00", "99999-01-01", "9999-01-01",
            "20261122", "2026326", "20260229T10Z", "20261301T10Z", "202611T10Z", "2026-1122", "202611-22",
            "2026-11T10:00Z", "2026-000T10Z", "2026-366T10Z", "2026366T10Z", "2100-366T10Z", "2024-367T10Z",
            "2026-W00-1", "2026-W54-1", "2025-W53-1", "2024W531T10Z", "2026-W01-0", "2026-W01-8", "2026W01-1",
            "2026-W011", "2026-W01T10:00Z", "2026W01T10Z", "2026-W1-1", "+002026-01-01T00:00:00Z",
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

    @Test(
        "a number's whole part tells the unit of its fraction",
        arguments: [
            ("1767268801.5", 1_767_268_801_500_000_000),
            ("1767268801.1234567891", 1_767_268_801_123_456_789),
            ("1767268801000.25", 1_767_268_801_000_250_000),
            ("1767268801000000.5", 1_767_268_801_000_000_500),
            ("1767268801000000001.9", 1_767_268_801_000_000_001),
            ("1.7672688015E9", 1_767_268_801_500_000_000),
            ("17672688015e-1", 1_767_268_801_500_000_000),
            ("1767268801.0", 1_767_268_801_000_000_000),
            ("99999999999.5", nil),
            ("100000000000.5", 100_000_000_000_500_000),
            ("-0.5", -500_000_000),
            ("0.0000000000000000000000000001", 0),
            ("20260101.5", 20_260_101_500_000_000),
            ("99999999999999999999.5", nil), ("1e9999", nil), ("1e99999", nil), ("0e9999", 0),
            ("1767268801.", nil), (".5", nil), ("01.5", nil), ("1.5e", nil), ("1.5x", nil), ("-", nil),
            ("", nil), ("1767268801,5", nil),
        ] as [(String, Int64?)])
    func fractions(text: String, expected: Int64?) {
        #expect(Timestamp.parse(decimal: Array(text.utf8).span) == expected)
    }

    @Test(
        "documents may have a time as number or text",
        arguments: [
            ("1767268801.5", 1_767_268_801_500_000_000),
            (#""1767268801.5""#, 1_767_268_801_500_000_000),
            (#""1767268801500""#, 1_767_268_801_500_000_000),
            (#""20260101T120001.5Z""#, 1_767_268_801_500_000_000),
            // digits alone are a number
            (#""20260101""#, 20_260_101_000_000_000),
        ] as [(String, Int64)])
    func documents(value: String, expected: Int64) throws {
        #expect(try read(#"{"@timestamp":\#(value)}"#).header.timestamp == expected)
    }
}
