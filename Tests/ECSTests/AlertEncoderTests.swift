import Detection
import ECS
import Events
import Fixtures
import Foundation
import Testing

@Suite("AlertEncoder")
struct AlertEncoderTests {
    @Test("writes the alert of the design, key by key")
    func golden() throws {
        let line = try Sample.line(Sample.alert([Sample.exec(), Sample.connect()]))
        try expectGolden("alert", line)
    }

    @Test("a rehearsal does what a line takes, until it is not wanted any more")
    func rehearsal() throws {
        let alert = try Sample.alert([Sample.exec(), Sample.connect()])
        let encoder = AlertEncoder(Sample.context)
        let rule = RenderedRule(Sample.rule)
        var line: [UInt8] = []
        encoder.append(alert, rule: rule, to: &line)
        func rehearsed(asked limit: Int) -> [UInt8] {
            var scratch: [UInt8] = []
            var asked = 0
            encoder.rehearse(alert, rule: rule, in: &scratch) {
                asked += 1
                return asked <= limit
            }
            return scratch
        }
        #expect(rehearsed(asked: .max) == line)
        let some = rehearsed(asked: 2)
        #expect(!some.isEmpty && some.count < line.count / 2 && line.starts(with: some))
        #expect(rehearsed(asked: 0).isEmpty)
    }

    @Test("names both programs if the one that started is not the one that connected")
    func siblings() throws {
        let first = try Sample.exec(pid: 4100, [.processName: "python3"])
        let line = try Sample.line(Sample.alert([first, Sample.connect()]))
        #expect(line["imdswatch.same_process"] as? Bool == false)
        #expect(
            line.string("message")
                == "curl (pid 4242) connected to 169.254.169.254:80 after python3 (pid 4100) was started, "
                + "child of bash (pid 4200), as web (1000), in container 0123456789ab")
    }

    @Test(
        "says how a connection went",
        arguments: [
            (FieldValue("failure"), "failed to connect to"), ("unknown", "tried to connect to"),
            (.missing, "tried to connect to"),
        ])
    func outcome(value: FieldValue, words: String) throws {
        let line = try Sample.line(Sample.alert([Sample.connect([.eventOutcome: value])]))
        #expect(line.string("message")?.hasPrefix("curl (pid 4242) \(words) 169.254.169.254:80") == true)
    }

    @Test(
        "names the metadata endpoint",
        arguments: [
            ("169.254.169.254", "imds"), ("fd00:ec2::254", "imds_ipv6"), ("169.254.170.2", "ecs"),
            ("168.63.129.16", "wireserver"), ("100.100.100.200", "alibaba"), ("10.0.0.1", nil),
        ])
    func endpoint(address: String, name: String?) throws {
        let event = try Sample.connect([
            .destinationIP: .texts([address]), .destinationAddress: .texts([address]),
        ])
        let line = try Sample.line(Sample.alert([event]))
        #expect(line.string("imdswatch.endpoint") == name)
        #expect(line.string("destination.ip") == address)
    }

    @Test("lists what is unknown, cut and read late, and where values come from")
    func doubts() throws {
        let event = try Sample.connect([
            .parentExecutable: .unknown,
            .processArgs: .texts(["curl", "htt…tail"], traits: [.cut, .mutable, .fromProc]),
            .processWorkingDirectory: .texts(["/srv"], traits: .fromTable),
        ])
        let line = try Sample.line(Sample.alert([Sample.exec(), event]))
        #expect(line["process.parent.executable"] == nil)
        #expect(line.strings("imdswatch.unknown")?.contains("process.parent.executable") == true)
        #expect(line.strings("imdswatch.truncated")?.contains("process.args") == true)
        #expect(line.strings("imdswatch.mutable")?.contains("process.args") == true)
        let origin = try #require(line["imdswatch.origin"] as? [String: String])
        #expect(origin["process.args"] == "proc" && origin["process.working_directory"] == "table")
        #expect(origin["process.executable"] == "kernel" && origin["process.parent.executable"] == nil)
    }

    @Test("leaves out keys of facts that are absent")
    func absent() throws {
        let event = try Sample.document([.destinationIP: "169.254.169.254"])
        let context = RecordContext(host: HostInfo(osType: ""), version: "0.1.0")
        let line = try Sample.line(
            Alert(ruleIndex: 0, sequence: 1, created: 0, events: [event]), context)
        #expect(!line.text.contains("null"))
        for name in ["process", "user", "source", "container", "cloud", "host", "event.action"] {
            #expect(line[name] == nil, "\(name)")
        }
        for name in ["hook", "same_process", "origin", "ancestry", "mutable", "raw", "process"] {
            #expect(line["imdswatch.\(name)"] == nil, "\(name)")
        }
        #expect(line.string("message") == "A process tried to connect to 169.254.169.254")
    }

    @Test("keeps bytes that are not UTF-8 as base64")
    func raw() throws {
        let broken: [UInt8] = [0x2f, 0xff, 0x0a]
        let event = try Sample.connect([
            .processWorkingDirectory: .text(broken), .processExecutable: .text([0x2f, 0xe2, 0x82]),
            .processName: .text([0xe2, 0x82]),
        ]) { $0.setArguments(.process, [0x61, 0, 0xfe, 0, 0x62].span) }
        let line = try Sample.line(Sample.alert([event]))
        #expect(line.string("process.working_directory") == "/\u{fffd}\n")
        #expect(
            line.string("imdswatch.raw.process.working_directory") == Data(broken).base64EncodedString())
        #expect(line.strings("process.args") == ["a", "\u{fffd}", "b"])
        #expect(line.strings("imdswatch.raw.process.args") == ["YQ==", "/g==", "Yg=="])
        #expect(line.string("imdswatch.raw.process.executable") == "L+KC")
        #expect(line.string("imdswatch.raw.process.command_line") == "YSD+IGI=")
    }

    @Test("keeps the ids of documents and makes stable ones otherwise")
    func ids() throws {
        let given = try Sample.document([.eventID: "abc", .eventCategory: "process"])
        let alert = Sample.alert([given, try Sample.connect()])
        let line = try Sample.line(alert)
        let matched = try #require(line.objects("imdswatch.matched"))
        #expect((matched[0]["event"] as? [String: Any])?["id"] as? String == "abc")
        let second = try #require((matched[1]["event"] as? [String: Any])?["id"] as? String)
        #expect(second.hasSuffix("-29") && line.string("event.id")?.hasSuffix(second) == true)
        #expect(try Sample.line(alert).text == line.text)
        // another rule, another id
        var rule = Sample.rule
        rule.id = "another"
        #expect(try Sample.line(alert, rule: rule).string("event.id") != line.string("event.id"))
    }

    @Test("a suppressed match is no alert, a test says so")
    func marks() throws {
        let event = try Sample.connect()
        let suppressed = try Sample.line(Sample.alert([event], suppressedBy: "our agent"))
        #expect(suppressed.string("event.kind") == "event")
        #expect(suppressed.string("imdswatch.suppressed_by") == "our agent")
        let test = try Sample.line(Sample.alert([event], isTest: true))
        #expect(test["imdswatch.test"] as? Bool == true)
        #expect(test.string("message")?.hasPrefix("Test alert: curl") == true)
    }

    @Test("takes secrets out of arguments, unless told not to")
    func secrets() throws {
        let secret = "AQAEsecretsecret"
        let args = ["curl", "-H", "X-aws-ec2-metadata-token: \(secret)", "http://169.254.169.254/"]
        let event = try Sample.connect([
            .processArgs: .texts(args), .processCommandLine: .texts([args.joined(separator: " ")]),
        ])
        let line = try Sample.line(Sample.alert([event, event]))
        #expect(!line.text.contains(secret))
        #expect(line.strings("process.args")?[2] == "X-aws-ec2-metadata-token: [redacted]")
        #expect(
            line.string("process.command_line")
                == "curl -H X-aws-ec2-metadata-token: [redacted] http://169.254.169.254/")
        #expect(line.strings("imdswatch.redacted")?.contains("process.args") == true)
        let open = RecordContext(host: Sample.host, version: "1", redacts: false)
        let shown = try Sample.line(Sample.alert([event]), open)
        #expect(shown.strings("process.args")?[2].hasSuffix(secret) == true)
        #expect(shown["imdswatch.redacted"] == nil)
    }

    @Test("a secret does not come back as exact bytes")
    func rawSecrets() throws {
        let secret = Array("X-aws-ec2-metadata-token: secret".utf8)
        let event = try Sample.connect { $0.setArguments(.process, ([0xff, 0] + secret).span) }
        let line = try Sample.line(Sample.alert([event]))
        let raw = try #require(line.strings("imdswatch.raw.process.args"))
        #expect(Data(base64Encoded: raw[1]) == Data("X-aws-ec2-metadata-token: [redacted]".utf8))
    }
}

/// Compares with a file of `Golden/`, which is indented for reading.
func expectGolden(_ name: String, _ line: Line) throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden/\(name).json")
    let golden = try Data(contentsOf: file)
    #expect(line.text == compact(Array(golden)))
}
