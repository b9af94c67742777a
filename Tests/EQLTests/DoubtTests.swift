import Events
import EQL
import Fixtures
import Testing

@Suite("Doubtful values")
struct DoubtTests {
    private var event: Event {
        .made(
            .exec,
            [
                .parentExecutable: .unknown, .parentArgsCount: .unknown, .sourceIP: .unknown,
                .processCommandLine: .cut("curl http://\u{2026}/end"),
                .processArgs: .cut("curl", "http://\u{2026}", "/end"),
                .processExecutable: .untrusted("/usr/bin/python3", "/tmp/x", "/tmp/y"),
                .processName: .untrusted("python3", "x"),
                .parentName: ["bash", "30-banner"],
                .processArgsCount: .integers([3], traits: .cut),
            ])
    }

    @Test(
        "an unknown value is present, fails every other test and satisfies no exclusion",
        arguments: [
            ("process.parent.executable != null", true),
            ("process.parent.executable == null", false),
            ("not (process.parent.executable != null)", false),
            (#"process.parent.executable : "*""#, false),
            (#"process.parent.executable == "/bin/sh""#, false),
            (#"process.parent.executable != "/bin/sh""#, true),
            (#"not process.parent.executable : "*""#, true),
            (#"not (process.parent.executable != "/bin/sh")"#, false),
            (#"process.parent.executable not in ("a")"#, true),
            (#"process.parent.executable regex ".*""#, false),
            (#"process.parent.executable < "z""#, false),
            ("process.parent.args_count >= 0", false),
            ("not process.parent.args_count >= 0", true),
            (#"cidrMatch(source.ip, "::/0")"#, false),
            (#"not cidrMatch(source.ip, "::/0")"#, true),
            ("length(process.parent.executable) > 0", false),
            ("length(process.parent.executable) != 3", true),
            ("not length(process.parent.executable) == 3", true),
            ("not length(process.parent.executable) != 3", false),
            ("length(process.parent.executable) != null", true),
            (#"startsWith(process.parent.executable, "")"#, false),
        ])
    func unknown(condition: String, expected: Bool) throws {
        #expect(try holds(condition, event) == expected)
    }

    @Test(
        "a cut value matches by what is kept, and satisfies no exclusion",
        arguments: [
            (#"process.command_line : "curl*""#, true),
            (#"process.command_line : "*/end""#, true),
            (#"process.command_line : "*169*""#, false),
            (#"process.command_line : "curl http://?/end""#, true),
            (#"not process.command_line : "curl*""#, true),
            (#"process.command_line != "curl""#, true),
            (#"process.args : "/end""#, true),
            (#"not process.args : "/end""#, true),
            (#"not (not process.args : "/end")"#, true),
            ("process.command_line != null", true),
            ("process.args_count == 3", true),
            ("not process.args_count == 3", true),
            ("length(process.command_line) > 3", true),
            ("not length(process.command_line) > 3", true),
            (
                #"startsWith(process.command_line, "curl") and not startsWith(process.command_line, "curl")"#,
                true
            ),
        ])
    func cut(condition: String, expected: Bool) throws {
        #expect(try holds(condition, event) == expected)
    }

    @Test(
        "what a caller chose counts in positive tests only",
        arguments: [
            (#"process.executable : "/tmp/*""#, true),
            (#"process.executable == "/tmp/y""#, true),
            (#"not process.executable : "/tmp/*""#, true),
            (#"process.executable != "/tmp/x""#, true),
            (#"process.executable not in ("/tmp/x", "/tmp/y")"#, true),
            (#"not process.executable : "/usr/bin/*""#, false),
            (#"process.executable != "/usr/bin/python3""#, false),
            (#"not (not process.executable : "/tmp/*")"#, true),
            (#"not (process.executable != "/tmp/x")"#, true),
            (#"process.name : "x""#, true),
            (#"not process.name : "x""#, true),
            (#"not process.parent.name : "30-banner""#, false),
            (#"startsWith(process.executable, "/tmp")"#, true),
            (#"not startsWith(process.executable, "/tmp")"#, true),
            (#"startsWith(process.executable, concat("/tm", "p")) "#, true),
            // results are those of value 1 alone
            ("length(process.executable) == 6", false),
            ("length(process.executable) == 16", true),
            (#"substring(process.executable, 0, 4) == "/tmp""#, false),
        ])
    func untrusted(condition: String, expected: Bool) throws {
        #expect(try holds(condition, event) == expected)
    }

    @Test(
        "nothing doubtful satisfies an exception",
        arguments: [
            (#"process.parent.executable : "*""#, false),
            (#"process.parent.executable != "/bin/sh""#, false),
            (#"not process.parent.executable : "/bin/sh""#, false),
            (#"process.command_line : "curl*""#, false),
            (#"not process.command_line : "wget*""#, false),
            (#"process.executable : "/tmp/*""#, false),
            (#"process.executable : "/usr/bin/*""#, true),
            (#"not process.executable : "/tmp/*""#, false),
            (#"not process.executable : "/opt/*""#, true),
            ("length(process.parent.executable) != 3", false),
            ("not length(process.parent.executable) == 3", false),
            ("length(process.command_line) > 3", false),
            (#"process.parent.name : "30-banner""#, true),
            (#"user.name != "root""#, true),
            ("user.name == null", true),
        ])
    func exceptions(condition: String, expected: Bool) throws {
        #expect(try holds(condition, event, role: .exception) == expected)
    }

    @Test("identities are present and equal no text")
    func identities() throws {
        let event = Event.made(.exec, [.processEntityID: .identity(4, 9)])
        #expect(try holds("process.entity_id != null", event))
        #expect(try !holds(#"process.entity_id : "*""#, event))
        #expect(try holds(#"process.entity_id != "x""#, event))
    }
}
