@testable import Detection
import ECS
import Events
import Fixtures
import Foundation
import Testing

@Suite("EventEncoder")
struct EventEncoderTests {
    @Test("writes an event with everything that is known of it")
    func golden() throws {
        let event = try Sample.connect([
            .processCapabilitiesEffective: ["CAP_NET_RAW", "CAP_SYS_PTRACE"], .loginUID: 1000,
            .serviceName: "nginx.service", .executableScript: false, .processEnvVars: ["LD_PRELOAD=/x"],
        ])
        try expectGolden("event", Sample.line(of: event))
    }

    @Test("writes every field that an event can have, under its own name", arguments: Field.allCases)
    func fields(field: Field) throws {
        let value: FieldValue =
            switch field.info.type {
            case .keyword, .identifier: "17"
            case .long, .boolean: 1
            case .date: .integers([Sample.time])
            case .ip: "10.1.2.3"
            }
        // @timestamp is the header's
        guard field != .timestamp else { return }
        let line = try Sample.line(of: Sample.document([field: value]))
        let written = try #require(line[field.name], "\(field.name) is not written")
        switch field.info.type {
        case .keyword, .identifier: #expect((written as? String ?? (written as? [String])?.first) == "17")
        case .long: #expect((written as? NSNumber)?.intValue == 1)
        case .boolean: #expect(written as? Bool == true)
        case .date: #expect(written as? String == "2026-11-22T18:00:00.123456789Z")
        case .ip: #expect(written as? String == "10.1.2.3")
        }
    }

    @Test("gives the further values of executables and who chose them")
    func further() throws {
        let event = try Sample.exec {
            $0.setExecutable(
                .parent, resolved: Array("/usr/bin/dash".utf8).span, invoked: Array("./30-banner".utf8).span,
                isScript: true, directory: Array("/etc/update-motd.d".utf8).span)
        }
        let line = try Sample.line(of: event)
        #expect(line.string("process.parent.executable") == "/usr/bin/dash")
        #expect(line.string("imdswatch.process.parent.invoked_as") == "./30-banner")
        #expect(
            line.strings("imdswatch.further.process.parent.executable")
                == ["./30-banner", "/etc/update-motd.d/30-banner"])
        #expect(line.strings("imdswatch.further.process.parent.name") == ["30-banner"])
        #expect(
            line.strings("imdswatch.untrusted") == [
                "process.parent.name#2", "process.parent.executable#2", "process.parent.executable#3",
            ])
    }

    @Test("says of a document what the document said")
    func document() throws {
        let event = try Sample.document([
            .eventKind: "alert", .eventID: "e1", .eventModule: "endpoint",
            .eventDataset: "endpoint.events.process",
            .hostID: "other", .hostName: "elsewhere", .eventCategory: ["process", "session"],
        ])
        let line = try Sample.line(of: event)
        #expect(line.string("event.kind") == "alert" && line.string("event.id") == "e1")
        #expect(line.string("event.module") == "endpoint")
        #expect(line.string("host.id") == "other" && line.string("host.name") == "elsewhere")
        #expect(line.strings("event.category") == ["process", "session"])
        #expect(line["imdswatch.origin"] == nil && line["imdswatch.hook"] == nil)
    }
}

@Suite("StatsEncoder")
struct StatsEncoderTests {
    private let record = StatsRecord(
        action: "heartbeat", timestamp: Sample.time, message: "Watching",
        counters: [
            .init(stage: "connect4", name: "seen", value: 10),
            .init(stage: "queue", name: "queued", value: 3),
            .init(stage: "connect4", name: "filtered", value: 7),
            .init(stage: "lost", name: "sneaky", value: 9),
        ],
        losses: [.init(name: "ring_full", value: 2), .init(name: "queue_full", value: 0)],
        hooks: [.init(family: "exec", hook: "tracepoint"), .init(family: "connect4", hook: "fexit")],
        rulesHash: "abcd", rulesLoaded: 1)

    @Test("writes counters by stage, and losses in their one place")
    func golden() throws {
        var bytes: [UInt8] = []
        StatsEncoder(Sample.context).append(record, to: &bytes)
        try expectGolden("stats", Line(bytes))
    }

    @Test("says in words what is lost")
    func loss() throws {
        var record = record
        record.action = "loss"
        record.message = ""
        record.losses.append(.init(name: "late", value: 1))
        var ecs: [UInt8] = []
        StatsEncoder(Sample.context).append(record, to: &ecs)
        var ocsf: [UInt8] = []
        OCSFEncoder(Sample.context).append(record, to: &ocsf)
        for bytes in [ecs, ocsf] {
            #expect(try Line(bytes).string("message") == "Lost since the start: ring_full 2, late 1")
        }
    }

    @Test("writes them for Prometheus: a type for each name, and every value")
    func metrics() throws {
        var bytes: [UInt8] = []
        var record = record
        record.counters.append(.init(stage: "table", name: "processes", value: 12))
        record.rulesHash = "a\"b\\c\n"
        MetricsEncoder(Sample.context).append(record, to: &bytes)
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        for line in [
            #"imdswatch_info{version="0.1.0",rules_hash="a\"b\\c\n"} 1"#, "imdswatch_rules 1",
            #"imdswatch_hook{event="connect4",hook="fexit"} 1"#,
            "# TYPE imdswatch_connect4_seen_total counter", "imdswatch_connect4_seen_total 10",
            "# TYPE imdswatch_table_processes gauge", "imdswatch_table_processes 12",
            #"imdswatch_lost_total{reason="ring_full"} 2"#,
        ] {
            #expect(lines.contains(line[...]), "\(line)")
        }
        let names = lines.filter { !$0.hasPrefix("#") }.map { $0.prefix { $0 != "{" && $0 != " " } }
        let typed = Set(lines.filter { $0.hasPrefix("# TYPE ") }.map { $0.split(separator: " ")[2] })
        #expect(Set(names) == typed)
    }

    @Test("tells the hits of each exception, in order")
    func exceptions() throws {
        var record = record
        record.exceptions = [.init(name: "an \"agent\"", hits: 3), .init(name: "b", hits: 0)]
        var ecs: [UInt8] = []
        StatsEncoder(Sample.context).append(record, to: &ecs)
        var ocsf: [UInt8] = []
        OCSFEncoder(Sample.context).append(record, to: &ocsf)
        for (line, prefix) in [(try Line(ecs), "imdswatch"), (try Line(ocsf), "unmapped")] {
            let uses = try #require(line.objects("\(prefix).exceptions"))
            #expect(uses.map { $0["name"] as? String } == ["an \"agent\"", "b"])
            #expect(uses.map { $0["hits"] as? Int } == [3, 0])
            #expect(line.number("\(prefix).counters.connect4.seen") == 10)
            #expect(line.strings("\(prefix).truncated") ?? [] == [])
        }
    }

    @Test(
        "leaves out exceptions that the line has no room for, and nothing else", arguments: [4_096, 15_000])
    func manyExceptions(limit: Int) throws {
        var context = Sample.context
        context.lineLimit = limit
        var record = record
        record.exceptions = (0..<1_000).map { .init(name: "exception \($0) \u{1b}", hits: .max) }
        var ecs: [UInt8] = []
        StatsEncoder(context).append(record, to: &ecs)
        var ocsf: [UInt8] = []
        OCSFEncoder(context).append(record, to: &ocsf)
        for (bytes, prefix) in [(ecs, "imdswatch"), (ocsf, "unmapped")] {
            #expect(bytes.count <= limit && bytes.count > limit - 200)
            let line = try Line(bytes)
            let names = try #require(line.objects("\(prefix).exceptions")).map { $0["name"] as? String }
            #expect(names == record.exceptions.prefix(names.count).map(\.name))
            #expect(line.strings("\(prefix).truncated") == ["\(prefix).exceptions"])
            #expect(line.number("\(prefix).counters.connect4.seen") == 10)
        }
    }

    @Test("tells Prometheus the hits of each name once, whatever the name is")
    func exceptionMetrics() throws {
        var record = record
        record.exceptions = [
            .init(name: "a", hits: 3), .init(name: "\"\u{301}\\ \r\n", hits: 1), .init(name: "a", hits: 4),
        ]
        var bytes: [UInt8] = []
        MetricsEncoder(Sample.context).append(record, to: &bytes)
        let lines = String(decoding: bytes, as: UTF8.self).unicodeScalars.split(separator: "\n").map(
            String.init)
        let hits = lines.filter { $0.hasPrefix("imdswatch_exception_hits_total{") }
        #expect(
            hits == [
                #"imdswatch_exception_hits_total{name="a"} 7"#,
                "imdswatch_exception_hits_total{name=\"\\\"\u{301}\\\\ \r\\n\"} 1",
            ])
        #expect(lines.filter { $0 == "# TYPE imdswatch_exception_hits_total counter" }.count == 1)
    }

    @Test("writes them as an OCSF base event")
    func ocsf() throws {
        var bytes: [UInt8] = []
        OCSFEncoder(Sample.context).append(record, to: &bytes)
        let line = try Line(bytes)
        #expect(line.number("class_uid") == 0 && line.number("category_uid") == 0)
        #expect(line.number("type_uid") == 99 && line.number("activity_id") == 99)
        #expect(line.string("unmapped.action") == "heartbeat")
        #expect(line.number("unmapped.counters.connect4.seen") == 10)
        #expect(line.number("unmapped.counters.lost.ring_full") == 2)
        #expect(line.number("unmapped.lost") == 2)
    }

    @Test("stays within the line whatever there is to count")
    func long() throws {
        var many = record
        many.message = String(repeating: "\u{1b}", count: 9_000)
        many.counters = (0..<2_000).map { .init(stage: "stage", name: "counter\($0)", value: .max) }
        var bytes: [UInt8] = []
        StatsEncoder(Sample.context).append(many, to: &bytes)
        #expect(bytes.count <= 15_000)
        #expect(try Line(bytes).number("imdswatch.counters.lost.ring_full") == 2)
    }

    @Test("a flood tells how many alerts were held back, and whose")
    func flood() throws {
        let flood = AlertFlood(
            count: 1_234, others: 5, start: 0, end: 1,
            top: [.init(ruleIndex: 0, executable: Array("/usr/bin/curl".utf8), count: 1_000)])
        var bytes: [UInt8] = []
        FloodEncoder(Sample.context).append(flood, timestamp: Sample.time, rules: [Sample.rule], to: &bytes)
        let line = try Line(bytes)
        #expect(line.number("imdswatch.flood.count") == 1_234)
        #expect(line.objects("imdswatch.flood.top")?.first?["count"] as? Int == 1_000)
        #expect(line.string("message")?.contains("/usr/bin/curl") == true)
        bytes = []
        OCSFEncoder(Sample.context).append(flood, timestamp: Sample.time, rules: [Sample.rule], to: &bytes)
        let event = try Line(bytes)
        #expect(event.number("class_uid") == 0)
        #expect(event.number("unmapped.flood.count") == 1_234)
        #expect(event.objects("unmapped.flood.top")?.first?["count"] as? Int == 1_000)
    }
}
