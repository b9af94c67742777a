import Events
import Fixtures
import Testing

@Suite("Comparisons")
struct ComparisonTests {
    /// `user.name` is missing, `process.args` has many values.
    private var event: Event {
        .made(
            .document,
            [
                .processName: "Curl", .processArgs: ["curl", "-s", "http://Host/"],
                .processCommandLine: "", .processArgsCount: 3, .processPID: 42,
                .processInteractive: true, .parentInteractive: false,
                .userID: "1000", .groupID: 1000, .destinationIP: "169.254.169.254",
                .sourceIP: "fd00:ec2::254", .destinationPort: 80,
                .processStart: .integers([1_763_834_400_123_456_789]),
            ])
    }

    @Test(
        "of strings regard case and know no wildcards",
        arguments: [
            (#"process.name == "Curl""#, true),
            (#"process.name == "curl""#, false),
            (#"process.name == "C*""#, false),
            (#"process.name != "curl""#, true),
            (#"process.name != "Curl""#, false),
            (#"process.name in ("wget", "Curl")"#, true),
            (#"process.name in ("wget", "curl")"#, false),
            (#"process.name not in ("wget", "Curl")"#, false),
            (#"process.name not in ("wget")"#, true),
            (#"process.name in~ ("wget", "cURL")"#, true),
            (#"process.name not in~ ("wget", "cURL")"#, false),
            (#"process.name in~ ("C*")"#, false),
            (#"process.name < "Curm""#, true),
            (#"process.name < "Curl""#, false),
            (#"process.name <= "Curl""#, true),
            (#"process.name > "Cur""#, true),
            (#"process.name >= "Curla""#, false),
            (#"process.name > "curl""#, false),
            (#"process.command_line == """#, true),
            (#"process.command_line != """#, false),
            (#"process.command_line < "a""#, true),
            (#"process.name == """#, false),
            (#"process.name == "Curl-and-more""#, false),
        ])
    func strings(condition: String, expected: Bool) throws {
        #expect(try holds(condition, event) == expected)
    }

    @Test(
        "with patterns ignore case, except for like",
        arguments: [
            (#"process.name : "curl""#, true),
            (#"process.name : "c?rl""#, true),
            (#"process.name : "c?l""#, false),
            (#"process.name : "*URL*""#, true),
            (#"process.name : ("wget", "CU*")"#, true),
            (#"process.name : ("wget", "nc")"#, false),
            (#"process.name like "Cu*""#, true),
            (#"process.name like "cu*""#, false),
            (#"process.name like ("x", "*rl")"#, true),
            (#"process.name like~ "cu*""#, true),
            (#"process.name regex "C.r[l]""#, true),
            (#"process.name regex "c.*""#, false),
            (#"process.name regex~ "c.*""#, true),
            (#"process.name regex "ur""#, false),
            (#"process.name regex ("x", "Curl|wget")"#, true),
            (#"process.command_line : "*""#, true),
            (#"process.command_line : "?*""#, false),
            (#"process.command_line regex """#, true),
        ])
    func patterns(condition: String, expected: Bool) throws {
        #expect(try holds(condition, event) == expected)
    }

    @Test(
        "of a missing value are false, and not and != of them true",
        arguments: [
            (#"user.name == "x""#, false),
            (#"user.name != "x""#, true),
            (#"not user.name == "x""#, true),
            (#"not user.name != "x""#, false),
            (#"user.name : "*""#, false),
            (#"not user.name : "*""#, true),
            (#"user.name in ("a", "b")"#, false),
            (#"user.name not in ("a", "b")"#, true),
            (#"user.name < "z""#, false),
            (#"user.name >= "" "#, false),
            (#"user.name regex ".*""#, false),
            (#"user.name like "*""#, false),
            ("user.name == null", true),
            ("user.name != null", false),
            ("not user.name == null", false),
            ("process.name == null", false),
            ("process.name != null", true),
            ("process.command_line != null", true),
            ("process.exit_code == 0", false),
            ("process.exit_code != 0", true),
            ("process.exit_code < 1", false),
            (#"cidrMatch(destination.ip, "0.0.0.0/0") and user.effective.name != "root""#, true),
            ("process.entry_leader.interactive", false),
            ("not process.entry_leader.interactive", true),
            ("process.entry_leader.interactive == false", false),
            ("process.entry_leader.interactive != true", true),
        ])
    func missing(condition: String, expected: Bool) throws {
        #expect(try holds(condition, event) == expected)
    }

    @Test(
        "of an unknown optional field are those of a missing value",
        arguments: [
            (#"?foo.bar : "x""#, false),
            (#"not ?foo.bar : "x""#, true),
            (#"?foo.bar != "x""#, true),
            ("?foo.bar == null", true),
            ("?foo.bar != null", false),
            ("?foo.bar > 3", false),
            ("?foo.bar in (1, 2)", false),
            ("?foo.bar not in (1, 2)", true),
            (#"length(?foo.bar) != 3"#, false),
            (#"not length(?foo.bar) == 3"#, true),
            (#"length(?foo.bar) == null"#, true),
            (#"cidrMatch(?foo.ip, "10.0.0.0/8")"#, false),
            (#"not cidrMatch(?foo.ip, "10.0.0.0/8")"#, true),
            ("?foo.bar", false),
            ("not ?foo.bar", true),
            (#"?user.name != "x""#, true),
            (#"?process.name == "Curl""#, true),
        ])
    func optional(condition: String, expected: Bool) throws {
        #expect(try holds(condition, event) == expected)
    }

    @Test(
        "of many values hold if one does, their opposites if none does",
        arguments: [
            (#"process.args == "-s""#, true),
            (#"process.args == "-S""#, false),
            (#"process.args != "-s""#, false),
            (#"process.args != "-x""#, true),
            (#"not process.args : "-S""#, false),
            (#"process.args : "*host*""#, true),
            (#"process.args : "curl -s*""#, false),
            (#"process.args in ("-x", "-s")"#, true),
            (#"process.args not in ("-x", "-s")"#, false),
            (#"process.args == "-s" and process.args == "curl""#, true),
            (#"process.args > "h""#, true),
            (#"process.args regex "-[a-z]""#, true),
            (#"process.args == "curl-s""#, false),
        ])
    func many(condition: String, expected: Bool) throws {
        #expect(try holds(condition, event) == expected)
    }

    @Test(
        "of numbers are numeric",
        arguments: [
            ("process.args_count == 3", true),
            ("process.args_count == 3.0", true),
            ("process.args_count == 3.5", false),
            ("process.args_count != 3.5", true),
            ("process.args_count > 2.5", true),
            ("process.args_count > 3.5", false),
            ("process.args_count < 3.5", true),
            ("process.args_count <= 2.5", false),
            ("process.args_count >= 3.0", true),
            ("process.args_count < 1e30", true),
            ("process.args_count > -1e30", true),
            ("process.args_count > 1e30", false),
            ("process.args_count in (1, 2, 3)", true),
            ("process.args_count in (1, 2.5, 4)", false),
            ("process.args_count not in (1, 2)", true),
            ("process.args_count > -5", true),
            ("process.args_count in (-3, 3)", true),
            ("process.pid < 42", false),
            ("process.pid <= 42", true),
            ("process.pid > 9223372036854775807", false),
            ("process.pid >= -9223372036854775808", true),
            ("process.args_count == 1 + 2", true),
            ("process.args_count == (1 + 2) * 2 - 3", true),
        ])
    func numbers(condition: String, expected: Bool) throws {
        #expect(try holds(condition, event) == expected)
    }

    @Test(
        "of booleans stand for themselves",
        arguments: [
            ("process.interactive", true),
            ("process.interactive == true", true),
            ("process.interactive != true", false),
            ("process.interactive == false", false),
            ("process.parent.interactive", false),
            ("not process.parent.interactive", true),
            ("process.parent.interactive == false", true),
            ("process.parent.interactive != false", false),
            ("true", true),
            ("not true", false),
            ("false or process.interactive", true),
            ("true and false", false),
        ])
    func booleans(condition: String, expected: Bool) throws {
        #expect(try holds(condition, event) == expected)
    }

    @Test(
        "of user and group ids take numbers and their text, live and in documents",
        arguments: [
            ("user.id == 1000", true),
            (#"user.id == "1000""#, true),
            (#"user.id == "01000""#, false),
            (#"user.id : "10*""#, true),
            (#"user.id : "1000""#, true),
            (#"user.id in (0, 1000)"#, true),
            (#"user.id in ("0", "1000")"#, true),
            (#"user.id != "1000""#, false),
            (#"user.id not in ("0", "1")"#, true),
            (#"user.id > "0""#, true),
            (#"user.id regex "[0-9]+""#, true),
            (#"user.id in~ ("1000")"#, true),
            (#"startsWith(user.id, "10")"#, true),
            (#"length(user.id) == 4"#, true),
            (#"user.id == -1000"#, false),
        ])
    func identifiers(condition: String, expected: Bool) throws {
        #expect(try holds(condition, event) == expected, "text")
        let live = condition.replacing("user.id", with: "group.id")
        #expect(try holds(live, event) == expected, "number")
    }

    @Test(
        "of addresses compare addresses, patterns their canonical text",
        arguments: [
            (#"destination.ip == "169.254.169.254""#, true),
            (#"destination.ip == "::ffff:169.254.169.254""#, true),
            (#"destination.ip == "::FFFF:a9fe:a9fe""#, true),
            (#"destination.ip != "::ffff:a9fe:a9fe""#, false),
            (#"destination.ip != "1.2.3.4""#, true),
            (#"destination.ip in ("1.2.3.4", "169.254.169.254")"#, true),
            (#"source.ip == "FD00:EC2:0:0::254""#, true),
            (#"source.ip : "FD00:EC2:0:0::254""#, true),
            (#"source.ip : "fd00:ec2::*""#, true),
            (#"source.ip : "FD00:EC2:*""#, true),
            (#"source.ip like "FD00:*""#, false),
            (#"destination.ip : "169.254.*""#, true),
            (#"destination.ip : ("10.*", "169.254.169.254")"#, true),
            (#"destination.ip : ("10.*", "::1")"#, false),
            (#"destination.ip regex "169(\\.[0-9]+){3}""#, true),
            (#"destination.ip > "169.254.0.0" and destination.ip < "169.255.0.0""#, true),
            (#"destination.ip >= "169.254.169.254" and destination.ip <= "169.254.169.254""#, true),
            (#"destination.ip < "169.254.169.254""#, false),
            (#"cidrMatch(destination.ip, "169.254.0.0/16")"#, true),
            (#"cidrMatch(destination.ip, "169.254.169.254")"#, true),
            (#"cidrMatch(destination.ip, "10.0.0.0/8", "::ffff:169.254.0.0/112")"#, true),
            (#"cidrMatch(destination.ip, "::/0")"#, true),
            (#"cidrMatch(source.ip, "0.0.0.0/0")"#, false),
            (#"CIDRMATCH(source.ip, "fd00:ec2::/32")"#, true),
            (#"cidrMatch(source.ip, "10.0.0.0/8") == false"#, true),
            (#"cidrMatch(source.ip, "10.0.0.0/8") != true"#, true),
            (#"cidrMatch(source.ip, "10.0.0.0/8") != false"#, false),
            (#"not cidrMatch(source.ip, "fd00::/16")"#, false),
            (#"string(source.ip) == "fd00:ec2::254""#, true),
        ])
    func addresses(condition: String, expected: Bool) throws {
        #expect(try holds(condition, event) == expected)
    }

    @Test(
        "of many addresses hold if one does",
        arguments: [
            (#"destination.ip == "10.0.0.2""#, true),
            (#"cidrMatch(destination.ip, "192.168.0.0/16")"#, true),
            (#"cidrMatch(destination.ip, "172.16.0.0/12")"#, false),
            (#"destination.ip != "10.0.0.2""#, false),
            (#"destination.ip : "192.*""#, true),
            (#"process.pid == 7"#, true),
            (#"process.pid != 7"#, false),
            (#"process.pid == 1"#, false),
            (#"process.pid + 1 == 8"#, true),
        ])
    func manyAddresses(condition: String, expected: Bool) throws {
        let event = Event.made(
            .document,
            [.destinationIP: ["10.0.0.2", "192.168.1.1"], .processPID: .integers([5, 6, 7])])
        #expect(try holds(condition, event) == expected)
    }

    // 2025-11-22T18:00:00.123456789Z
    @Test(
        "of dates know a date for all the instants that it names",
        arguments: [
            (#"process.start == "2025-11-22""#, true),
            (#"process.start == "2025-11-21""#, false),
            (#"process.start >= "2025-11-22T18:00:00Z""#, true),
            (#"process.start > "2025-11-22T18:00:00Z""#, false),
            (#"process.start > "2025-11-22T17:59""#, true),
            (#"process.start == "2025-11-22T18:00:00.123456789Z""#, true),
            (#"process.start == "2025-11-22T18:00:00.123Z""#, true),
            (#"process.start == "2025-11-22T18:00:00.124Z""#, false),
            (#"process.start == "2025-11-22T19:00:00.123+01:00""#, true),
            (#"process.start < "2025-11-23""#, true),
            (#"process.start != "2025-11-22""#, false),
            (#"process.start in ("2025-11-21", "2025-11-22")"#, true),
            (#"process.start < "1970-01-01""#, false),
        ])
    func dates(condition: String, expected: Bool) throws {
        #expect(try holds(condition, event) == expected)
    }

    @Test("reads dates before 1970 and leap days")
    func oldDates() throws {
        let event = Event.made(
            .document, [.processStart: .integers([-1]), .parentStart: 951_782_400_000_000_000])
        #expect(try holds(#"process.start == "1969-12-31T23:59:59.999999999Z""#, event))
        #expect(try holds(#"process.parent.start == "2000-02-29T00:00:00Z""#, event))
    }

    @Test("a NUL is part of a single value")
    func nul() throws {
        let event = Event.made(.document, [.processName: .text([97, 0, 98])])
        #expect(try holds(#"process.name == "a\u{0}b""#, event))
        #expect(try !holds(#"process.name == "a""#, event))
        #expect(try holds("length(process.name) == 3", event))
    }

    @Test("bytes that are not UTF-8 are characters of their own")
    func invalidText() throws {
        let event = Event.made(.document, [.processName: .text([0x61, 0xff, 0xc3, 0xa9, 0xf0, 0x9f, 0x98])])
        #expect(try holds(#"process.name : "a?????""#, event))
        #expect(try holds(#"process.name : "a?é???""#, event))
        #expect(try holds(#"process.name regex "a.é.{3}""#, event))
        #expect(try !holds(#"process.name regex "a.é.{2}""#, event))
    }
}
