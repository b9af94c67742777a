import Detection
import ECS
import Events
import Fixtures
import Testing

@Suite("TextEncoder")
struct TextEncoderTests {
    @Test("tells an alert in a few aligned lines")
    func alert() throws {
        let text = try text(Sample.alert([Sample.exec(), Sample.connect()]))
        #expect(
            text == """
                2026-11-22 18:00:00.123Z MEDIUM  Unusual Instance Metadata Service (IMDS) API Request
                  what       curl (pid 4242) connected to 169.254.169.254:80, child of bash (pid 4200), \
                as web (1000), in container 0123456789ab
                  command    curl http://169.254.169.254/
                  executable /usr/bin/curl
                  directory  /srv/app
                  process    ?(1) > sshd(900) > bash(4200) > curl(4242)
                  parent     /usr/bin/bash
                  called as  bash
                  user       web (1000)
                  container  0123456789abcdef0123456789abcdef
                """)
    }

    @Test("shows what gives a program away: its file, whom it really acts for, and where")
    func evidence() throws {
        let odd: [Field: FieldValue] = [
            .processExecutable: .texts(["/usr/bin/dash", "./get.sh", "/tmp/get.sh"]),
            .processCommandLine: "sh ./get.sh", .executableScript: true, .invokedAs: "./get.sh",
            .executableDeleted: true, .userID: 0, .userName: "root", .processRealUserName: "web",
            .serviceName: "app.service", .hostMountNamespace: false, .mountNamespace: 4_026_532_001,
            .parentExecutable: "/tmp/x/bash", .parentCommandLine: "bash /tmp/x/run.sh",
        ]
        let starter = try Sample.exec(pid: 4300, [.processExecutable: "/tmp/sub/curl"])
        let alert = Sample.alert([starter, try Sample.connect(odd)])
        let rows = try text(alert).split(separator: "\n").dropFirst(2)
        #expect(
            rows.joined(separator: "\n") == """
                  command    sh ./get.sh
                  executable /usr/bin/dash
                  script     /tmp/get.sh
                  deleted    the executable has no name left in the file system
                  directory  /srv/app
                  started    curl http://169.254.169.254/
                  from       /tmp/sub/curl
                  started by web (1000)
                  process    ?(1) > sshd(900) > bash(4200) > curl(4242)
                  parent     /tmp/x/bash
                  called as  bash /tmp/x/run.sh
                  user       root (0)
                  real user  web (1000)
                  container  0123456789abcdef0123456789abcdef
                  unit       app.service
                  mounts     not those of the host (4026532001): paths are of that namespace
                """)
    }

    @Test("says who started a program that has become another user's")
    func otherUser() throws {
        let last = try Sample.connect([.userID: 65_534, .userName: "nobody"])
        let text = try text(Sample.alert([Sample.exec(), last]))
        #expect(text.contains("\n  started by web (1000)\n"))
        #expect(text.contains("\n  user       nobody (65534)\n"))
    }

    @Test("says that an executable could not be read, or is in no file")
    func noFile() throws {
        let unknown = try Sample.connect([.processExecutable: .unknown])
        #expect(try text(Sample.alert([unknown])).contains("executable could not be read\n"))
        let memory = try Sample.connect([.processExecutable: "memfd:x", .executableMemory: true])
        #expect(
            try text(Sample.alert([memory])).contains(
                "executable memfd:x\n  in memory  the executable never was a file\n"))
    }

    @Test("lets no control character of a process through to the terminal")
    func injection() throws {
        let evil: [UInt8] = [
            0x1b, 0x5d, 0x30, 0x3b, 0x07, 0x0a, 0x0d, 0x09, 0x7f, 0xc2, 0x9b, 0xff, 0xe2, 0x80, 0xae,
        ]
        var fields: [Field: FieldValue] = [:]
        for field in Field.allCases where field.info.type == .keyword { fields[field] = .text(evil) }
        fields[.userID] = .text(evil)
        for field in [Field.executableScript, .executableDeleted, .executableMemory] { fields[field] = true }
        fields[.hostMountNamespace] = false
        var rule = Sample.rule
        rule.name = "\u{1b}[2J"
        let event = try Sample.connect(fields)
        let alert = Sample.alert([try Sample.exec(fields), event], suppressedBy: "\u{1b}c")
        var all: [UInt8] = []
        let encoder = TextEncoder(Sample.context, colours: false)
        encoder.append(alert, rule: rule, to: &all)
        encoder.append(event, to: &all)
        encoder.append(StatsRecord(action: "\u{1b}", timestamp: 0, message: "\u{1b}"), to: &all)
        let text = try #require(String(validating: all, as: UTF8.self))
        for scalar in text.unicodeScalars {
            #expect(scalar == "\n" || scalar.value >= 0x20 && !(0x7f...0x9f).contains(scalar.value))
            #expect(scalar != "\u{202e}")
        }
        #expect(text.contains(#"\x1b]0;\x07\n\r\t\x7f\x9b\xff\u{202e}"#))
    }

    @Test("uses colour only if asked")
    func colours() throws {
        let alert = Sample.alert([try Sample.connect()])
        #expect(try !text(alert).contains("\u{1b}"))
        let coloured = try text(alert, colours: true)
        #expect(coloured.contains("\u{1b}[33mMEDIUM\u{1b}[0m"))
        #expect(coloured.replacing(/\u{1b}\[[0-9;]+m/, with: "") == (try text(alert)))
    }

    @Test("tells an event and statistics in one line each")
    func lines() throws {
        let encoder = TextEncoder(Sample.context, colours: false)
        var line: [UInt8] = []
        encoder.append(try Sample.exec(), to: &line)
        #expect(
            String(decoding: line, as: UTF8.self)
                == "2026-11-22 18:00:00.095Z curl (pid 4242) was started from /usr/bin/curl, "
                + "child of bash (pid 4200), as web (1000), in container 0123456789ab: "
                + "curl http://169.254.169.254/")
        line = []
        let record = StatsRecord(
            action: "loss", timestamp: Sample.time, message: "The ring was full",
            losses: [.init(name: "ring_full", value: 3), .init(name: "late", value: 0)])
        encoder.append(record, to: &line)
        #expect(
            String(decoding: line, as: UTF8.self)
                == "2026-11-22 18:00:00.123Z imdswatch loss: The ring was full lost 3 (ring_full 3)")
    }

    @Test("cuts what would flood the screen, in the middle")
    func long() throws {
        let event = try Sample.connect([
            .processCommandLine: .texts([String(repeating: "x", count: 50_000) + "end"])
        ])
        let text = try text(Sample.alert([event]))
        #expect(text.utf8.count < 2_000 && text.contains("…") && text.contains("xend\n"))
    }

    private func text(_ alert: Alert, colours: Bool = false) throws -> String {
        var line: [UInt8] = []
        TextEncoder(Sample.context, colours: colours).append(alert, rule: Sample.rule, to: &line)
        return try #require(String(validating: line, as: UTF8.self))
    }
}
