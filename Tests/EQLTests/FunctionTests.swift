import Events
import Fixtures
import Testing

@Suite("Functions")
struct FunctionTests {
    private var event: Event {
        .made(
            .document,
            [
                .processName: "start.regsvr32.exe", .processArgs: ["a", "bcd", "éa😀b"],
                .processCommandLine: "subdomain.example.net", .processWorkingDirectory: "",
                .processPID: 7, .processArgsCount: 3, .userID: 1000, .processInteractive: true,
                .parentCommandLine: "0x1f", .parentWorkingDirectory: "42.5", .hostName: "😀a",
                .parentName: ["start", "x"],
            ])
    }

    @Test(
        "have the values that Elasticsearch gives",
        arguments: [
            (#"startsWith(process.name, "start")"#, true),
            (#"startsWith(process.name, "Start")"#, false),
            (#"startsWith~(process.name, "Start")"#, true),
            (#"STARTSWITH~(process.name, "Start")"#, true),
            (#"startsWith(process.name, "start*")"#, false),
            (#"startsWith(process.name, "start") == true"#, true),
            (#"startsWith(process.name, "x") == false"#, true),
            (#"startsWith(process.name, "start") != true"#, false),
            (#"startsWith(process.name, "")"#, true),
            (#"startsWith("start.regsvr32.exe.bak", process.name)"#, true),
            (#"startsWith(process.name, process.parent.name)"#, true),
            (#"endsWith(process.name, ".exe")"#, true),
            (#"endsWith(process.name, ".EXE")"#, false),
            (#"endsWith~(process.name, ".EXE")"#, true),
            (#"endsWith("curl", process.name)"#, false),
            (#"stringContains(process.name, "regsvr")"#, true),
            (#"stringContains(process.name, "REG")"#, false),
            (#"stringContains~(process.name, "REG")"#, true),
            (#"stringContains(process.name, "")"#, true),
            (#"stringContains("xxstart.regsvr32.exexx", process.name)"#, true),
            ("length(process.name) == 18", true),
            ("length(process.name) >= 18 and length(process.name) < 19", true),
            ("length(process.name) in (1, 18)", true),
            ("length(process.working_directory) == 0", true),
            // UTF-16 units, any of many values
            ("length(process.args) == 5", true),
            ("length(process.args) == 3", true),
            ("length(process.args) == 2", false),
            ("length(process.args) != 2", true),
            ("length(process.args) != 3", false),
            (#"indexOf(process.command_line, ".") == 9"#, true),
            (#"indexOf(process.command_line, ".", 9) == 9"#, true),
            (#"indexOf(process.command_line, ".", 10) == 17"#, true),
            (#"indexOf(process.command_line, ".", -6) == 9"#, true),
            (#"indexOf(process.command_line, "") == 0"#, true),
            (#"indexOf(process.command_line, "", 9) == 9"#, true),
            (#"indexOf(process.command_line, "z") == null"#, true),
            (#"indexOf(process.command_line, "z") == -1"#, false),
            (#"indexOf(process.command_line, "z") != 3"#, false),
            (#"indexOf(process.command_line, ".", 41) == null"#, true),
            (#"indexOf~(process.command_line, "EX") == 10"#, true),
            (#"indexOf(process.args, "b") == 4"#, true),
            (#"substring(process.name, 6) == "regsvr32.exe""#, true),
            (#"substring(process.name, 0, 5) == "start""#, true),
            (#"substring(process.name, 6, 14) == "regsvr32""#, true),
            (#"substring(process.name, -4) == ".exe""#, true),
            (#"substring(process.name, -4, -1) == ".ex""#, true),
            (#"substring(process.name, 5, 2) == """#, true),
            (#"substring(process.name, 0, 99) : "START*""#, true),
            (#"substring(host.name, 2) == "a""#, true),
            (#"substring(host.name, 1) == null"#, true),
            (#"between(process.name, "start.", ".exe") == "regsvr32""#, true),
            (#"between(process.name, "START.", ".exe") == """#, true),
            (#"between~(process.name, "START.", ".exe") == "regsvr32""#, true),
            (#"between(process.name, "s", "e") == "tart.r""#, true),
            (#"between(process.name, "s", "e", true) == "tart.regsvr32.ex""#, true),
            (#"between(process.name, "", "x") == "start.regsvr32.exe""#, true),
            (#"between(process.name, "s", "zz") == """#, true),
            (
                #"concat(process.name, ":", process.pid, process.interactive) == "start.regsvr32.exe:7true""#,
                true
            ),
            (#"concat(process.name, user.name) == null"#, true),
            (#"string(process.pid) : "7*""#, true),
            (#"string(user.id) == "1000""#, true),
            (#"string(4.5) == "4.5" and true or concat(process.pid) == "7""#, true),
            (#"number(process.parent.command_line) == 31"#, true),
            (#"number(process.parent.command_line, 16) == 31"#, true),
            (#"number(process.parent.command_line, 10) == null"#, true),
            (#"number(process.parent.working_directory) == 42.5"#, true),
            (#"number(process.parent.working_directory) > 42"#, true),
            (#"number(user.id) == 1000"#, true),
            (#"number(process.name) == null"#, true),
            ("process.args_count + 1 == 4", true),
            ("process.args_count - process.pid == -4", true),
            ("process.args_count * 2.5 == 7.5", true),
            ("process.pid / 2 == 3", true),
            ("process.pid / 2.0 == 3.5", true),
            ("process.pid % 4 == 3", true),
            ("-process.pid == -7", true),
            ("-process.pid % 4 == -3", true),
            ("process.pid / 0 == null", true),
            ("process.pid % 0 != 1", false),
            ("process.pid * 9223372036854775807 == null", true),
            ("add(process.pid, 1) == 8 and subtract(process.pid, 1) == 6", true),
            (
                "multiply(process.pid, 2) == 14 and divide(process.pid, 7) == 1 and modulo(process.pid, 5) == 2",
                true
            ),
            ("process.pid + process.args_count * 2 == 13", true),
            ("(process.pid + process.args_count) * 2 == 20", true),
            (#"length(substring(process.name, 0, 5)) == 5"#, true),
            (#"process.name == concat("start.", "regsvr32", ".exe")"#, true),
            (#"process.pid == length("1234567")"#, true),
        ])
    func values(condition: String, expected: Bool) throws {
        #expect(try holds(condition, event) == expected)
    }

    @Test(
        "of the largest and smallest numbers have a value, or none, and never end the run",
        arguments: [
            "length(user.id) > 3", "string(process.pid) : \"*7\"", "process.pid + 1 > 3",
            "process.pid - 1 > 3",
            "process.pid * 2 != 0", "process.pid / 2 > 1", "process.pid % 2 == 1", "-process.pid < 0",
            "substring(string(process.pid), 0, 1) == \"9\"", "add(process.pid, process.args_count) > 0",
            "concat(process.pid, process.args_count) : \"9*\"", "process.pid / process.args_count == 1",
            "process.pid % process.args_count == 0", "user.id == 9223372036854775807",
        ], [Int64.max, .max - 1, .min, .min + 1, -1])
    func extremes(condition: String, number: Int64) throws {
        for kind: FieldValue in [.integers([number]), .integers([number, number])] {
            var event = Event()
            event.set(.processPID, kind)
            event.set(.processArgsCount, .integers([number]))
            event.set(.userID, kind)
            _ = try holds(condition, event)
        }
        var event = Event()
        event.set(.processPID, .integers([number]))
        #expect(try holds("string(process.pid) == \"\(number)\"", event))
    }

    @Test(
        "of a missing value have none",
        arguments: [
            ("length(user.name) == 3", false),
            ("length(user.name) != 3", false),
            ("not (length(user.name) == 3)", true),
            ("not (length(user.name) != 3)", true),
            ("length(user.name) not in (3, 4)", true),
            ("length(user.name) == null", true),
            ("length(user.name) != null", false),
            (#"startsWith(user.name, "")"#, false),
            (#"not startsWith(user.name, "")"#, true),
            (#"startsWith(user.name, "") == false"#, false),
            (#"startsWith(user.name, "") != true"#, false),
            (#"cidrMatch(source.ip, "::/0") != true"#, false),
            (#"cidrMatch(source.ip, "::/0") == false"#, false),
            ("process.exit_code + 1 != 3", false),
            ("not process.exit_code + 1 == 3", true),
        ])
    func missing(condition: String, expected: Bool) throws {
        #expect(try holds(condition, event) == expected)
    }

    @Test("an empty part of text is found in time linear in the text")
    func linearSearch() throws {
        let text = String(repeating: "a", count: 30_000)
        let event = Event.made(
            .document,
            [.processCommandLine: .texts([text]), .parentCommandLine: .texts([text.dropLast(15_000) + "b"])])
        #expect(try !holds("stringContains(process.command_line, process.parent.command_line)", event))
        #expect(
            try !holds(
                #"between(process.command_line, "a", process.parent.command_line, true) != """#, event))
    }
}
