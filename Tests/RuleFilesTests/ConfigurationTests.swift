import Detection
import EQL
import Events
import RuleFiles
import Testing

private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

private func refusal<Value>(_ body: () throws(RuleFileError) -> Value) -> RuleFileError? {
    do throws(RuleFileError) {
        _ = try body()
        return nil
    } catch {
        return error
    }
}

@Suite("The configuration file")
struct ConfigurationTests {
    @Test("has the long options as keys")
    func keys() throws {
        let text = """
            rules = ["/etc/imdswatch/rules.d", "/opt/rules"]
            exceptions = "/etc/imdswatch/exceptions.toml"
            format = "ecs"
            log-level = "debug"
            events = true
            hook = "kprobe"
            duration = "5m"
            stats-interval = 30
            max-alerts = 0
            max-line = 15000
            show-suppressed = true
            no-redact = false
            low-latency = true
            keep-going = true
            """
        let configuration = try Configuration(from: bytes(text), file: "c.toml")
        #expect(configuration.rules == ["/etc/imdswatch/rules.d", "/opt/rules"])
        #expect(configuration.exceptions == ["/etc/imdswatch/exceptions.toml"])
        #expect(configuration.format == "ecs")
        #expect(configuration.logLevel == "debug")
        #expect(configuration.events == true)
        #expect(configuration.hook == "kprobe")
        #expect(configuration.duration == .seconds(300))
        #expect(configuration.statsInterval == .seconds(30))
        #expect(configuration.maxAlerts == 0)
        #expect(configuration.maxLine == 15_000)
        #expect(configuration.showSuppressed == true)
        #expect(configuration.noRedact == false)
        #expect(configuration.lowLatency == true)
        #expect(configuration.keepGoing == true)
        #expect(try Configuration(from: [], file: "c.toml") == Configuration())
    }

    @Test(
        "is refused with a position",
        arguments: [
            ("format = \"ecs\"\nruels = []\n", 2, "`ruels` is not known here"),
            ("[run]\nevents = true", 1, "`run` is not known here"),
            ("\n  format = \"xml\"", 2, "`format` must be one of ecs, ocsf, text"),
            ("hook = \"uprobe\"", 1, "`hook` must be one of auto"),
            ("duration = \"soon\"", 1, "`duration` must be a length of time"),
            ("max-alerts = -1", 1, "`max-alerts` must be at least 0"),
            ("max-alerts = \"5\"", 1, "`max-alerts` must be a whole number"),
            ("events = 1", 1, "`events` must be true or false"),
        ])
    func refusals(text: String, line: Int, message: String) throws {
        let found = refusal { () throws(RuleFileError) in try Configuration(from: bytes(text), file: "c.toml")
        }
        let error = try #require(found)
        #expect(error.position?.line == line)
        #expect(error.message.hasPrefix(message), "\(error.message)")
    }

    @Test(
        "has lengths of time",
        arguments: [
            ("500ms", Duration.milliseconds(500)), ("60s", .seconds(60)), ("60", .seconds(60)),
            ("5m", .seconds(300)), ("1h", .seconds(3_600)), ("2d", .seconds(172_800)), ("0", .zero),
            ("", nil), ("s", nil), ("-5s", nil), ("1.5s", nil), ("5 s", nil), ("5w", nil),
            ("99999999999999999999s", nil), ("9999999999999999999d", nil), ("200000000000000000d", nil),
        ])
    func durations(text: String, expected: Duration?) {
        #expect(Configuration.duration(text) == expected)
    }
}

@Suite("Exception files")
struct ExceptionFileTests {
    private let good = """
        [[exception]]
        name = "cloud-init"
        reason = "reads user data at boot"
        condition = 'process where process.executable == "/usr/bin/cloud-init"'
        expires = 2026-12-31
        rules = ["a", "b"]

        [[exception]]
        name = "agent"
        reason = "ours"
        expires = 2026-12-31T12:00:00.5+02:00
        condition = '''
        any where user.name == "agent"
        '''
        """

    @Test("load")
    func load() throws {
        let exceptions = try ExceptionFile.exceptions(from: bytes(good), file: "e.toml")
        #expect(exceptions.map(\.name) == ["cloud-init", "agent"])
        #expect(exceptions.map(\.reason) == ["reads user data at boot", "ours"])
        #expect(exceptions.map(\.rules) == [["a", "b"], []])
        // a date holds until it has passed
        #expect(exceptions[0].expires == 1_798_761_600_000_000_000)
        #expect(exceptions[1].expires == 1_798_711_200_500_000_000)
        #expect(try ExceptionFile.exceptions(from: [], file: "e.toml").isEmpty)
    }

    @Test(
        "have dates of every kind of year",
        arguments: [
            ("1970-01-01", 1), ("2000-02-29", 11_017), ("2024-02-29", 19_783), ("2024-12-31", 20_089),
            ("2027-03-01", 20_879), ("1969-12-31", 0),
        ])
    func dates(date: String, days: Int64) throws {
        let text = "[[exception]]\nname='n'\nreason='r'\ncondition='any where true'\nexpires=\(date)"
        let exceptions = try ExceptionFile.exceptions(from: bytes(text), file: "e.toml")
        #expect(exceptions[0].expires == days * 86_400 * 1_000_000_000)
    }

    @Test("are warned of when they have expired, name no loaded rule or can never hold")
    func warnings() throws {
        let text =
            good + """

                [[exception]]
                name = "files"
                reason = "r"
                condition = "file where true"
                """
        let exceptions = try ExceptionFile.exceptions(from: bytes(text), file: "e.toml")
        let rule = Rule(id: "b", name: "", text: "", query: try Query.compile("any where true"))
        let unknown = ExceptionWarning(exception: "cloud-init", file: "e.toml", cause: .unknownRule("a"))
        let impossible = ExceptionWarning(
            exception: "files", file: "e.toml", cause: .impossible)
        let end: Int64 = 1_798_761_600_000_000_000

        func warnings(_ source: Query.Source, at now: Int64) -> [ExceptionWarning] {
            ExceptionFile.warnings(of: exceptions, rules: [rule], source: source, at: now)
                .filter { ![.anyMounts, .anyProgram].contains($0.cause) }
        }
        #expect(warnings(.live, at: 0) == [unknown, impossible])
        #expect(warnings(.documents, at: 0) == [unknown])
        let agent = ExceptionWarning(
            exception: "agent", file: "e.toml", cause: .expired(1_798_711_200_500_000_000))
        #expect(warnings(.live, at: end - 1) == [unknown, agent, impossible])
        let expired = ExceptionWarning(exception: "cloud-init", file: "e.toml", cause: .expired(end))
        #expect(warnings(.live, at: end) == [expired, unknown, agent, impossible])
    }

    @Test("are warned of when they test what may have changed, what never is, or nothing")
    func outdated() throws {
        func warnings(_ condition: String, _ source: Query.Source = .live) throws -> [ExceptionWarning.Cause]
        {
            let text = "[[exception]]\nname = 'n'\nreason = 'r'\ncondition = '\(condition)'\n"
            let exceptions = try ExceptionFile.exceptions(from: bytes(text), file: "e.toml")
            return ExceptionFile.warnings(of: exceptions, rules: [], source: source, at: 0).map(\.cause)
        }
        let leader = "any where process.session_leader.user.id == 0 and process.parent.name == \"cron\""
        #expect(try warnings(leader) == [.arranged, .outdated(.sessionLeaderUserID)])
        #expect(try warnings(leader, .documents) == [])
        let others =
            "any where process.session_leader.interactive == false and not process.parent.thread.name == \"x\""
        #expect(
            try warnings(others)
                == [.unlimited, .outdated(.parentThreadName), .outdated(.sessionLeaderInteractive)])
        let root = #"any where user.id == "root""#
        #expect(try warnings(root) == [.impossible, .wordAsID(.userID)])
        #expect(try warnings(root, .documents) == [])
        // these hold for everything, or for more than they say
        #expect(try warnings(#"any where user.id != "root""#) == [.unlimited, .wordAsID(.userID)])
        #expect(
            try warnings(#"any where user.id : ("root", "0") or not group.id like "wheel*""#)
                == [.unlimited, .wordAsID(.userID), .wordAsID(.groupID)])
        #expect(try warnings(#"any where user.id : ("10*", "1?") and group.id == 10"#) == [.anyProgram])
        // as of when it forked the process
        #expect(
            try warnings("any where process.parent.user.id == 7 and process.parent.group.id == 7") == [])
    }

    @Test(
        "are warned of where they hold for what nobody has heard of",
        arguments: [
            ("any where true", true), (#"network where host.os.type == "linux""#, true),
            (#"any where process.name : "*""#, true), ("any where process.pid > 0", true),
            ("process where process.executable != null", true),
            (#"any where process.name != "agent""#, true), ("any where container.id == null", true),
            (#"any where imdswatch.host_mount_namespace == true"#, true),
            (#"network where destination.ip == "169.254.169.254""#, true),
            (#"network where cidrMatch(destination.ip, "169.254.0.0/16") and destination.port == 80"#, true),
            (#"any where not process.args : "secret*" and not process.parent.name : "sh""#, true),
            (#"process where event.type == "end""#, true), (#"any where event.action == "fork""#, true),
            (#"any where event.module == "imdswatch""#, true),
            ("network where destination.port == 443", true),
            (#"network where event.outcome == "success""#, true),
            (#"network where destination.ip == "fd00:ec2::254""#, true),
            (#"network where destination.address == "168.63.129.16""#, true),
            (#"network where destination.ip == "203.0.113.1""#, false),
            (#"any where user.name : ("*-user", "svc*") or group.name : "*-group""#, false),
            (#"any where process.thread.name : "*thread*" or process.args : "*argument*""#, false),
            (#"any where user.id : "61*""#, false),
            ("any where user.id == 0", true), (#"any where user.name == "root""#, true),
            ("any where process.interactive == true and user.id == 0", true),
            ("any where service.name == null", true), ("any where service.name != null", true),
            (#"any where process.previous.executable : "*""#, true),
            (#"any where process.group.name : "*""#, true), (#"any where process.entity_id : "*""#, true),
            (#"network where event.outcome != "success""#, true),
            ("any where imdswatch.host_mount_namespace == false", true),
            ("any where imdswatch.process.script == true", true),
            (#"any where user.id == 0 and process.executable == "/opt/agent""#, false),
            (#"any where process.name : "a*""#, false), ("any where user.id == 1001", false),
            (#"any where process.name : "*" and process.parent.executable : "/usr/bin/*""#, false),
            (#"process where process.args == "--daemon""#, false),
            (#"any where service.name == "patch-agent.service""#, false),
            (#"any where process.working_directory : "/opt/*""#, false),
            (#"any where process.session_leader.name == "sshd""#, false),
            (#"any where container.id != null"#, false),
        ])
    func unlimited(condition: String, isUnlimited: Bool) throws {
        let text = "[[exception]]\nname = 'n'\nreason = 'r'\ncondition = '\(condition)'\n"
        let exceptions = try ExceptionFile.exceptions(from: bytes(text), file: "e.toml")
        let query = #"network where destination.ip in ("fd00:ec2::254", "168.63.129.16")"#
        let rule = Rule(id: "r", name: "", text: query, query: try Query.compile(query))
        let warnings = ExceptionFile.warnings(of: exceptions, rules: [rule], at: 0).map(\.cause)
        #expect(warnings.contains(.unlimited) == isUnlimited)
        #expect(ExceptionFile.warnings(of: exceptions, rules: [], source: .documents, at: 0) == [])
    }

    @Test("are warned of when two have one name, or compare with a star as it stands")
    func misread() throws {
        func exception(_ name: String, _ condition: String) -> String {
            "[[exception]]\nname = '\(name)'\nreason = 'r'\ncondition = '\(condition)'\n"
        }
        let text =
            exception("a", #"any where process.executable == "/opt/agent" and user.id == 990"#)
            + exception("b", #"any where process.executable in ("/opt/b*", "/opt/c") and user.id == 990"#)
            + exception("a", #"any where process.executable : "/opt/d*" and user.id == 990"#)
        let exceptions = try ExceptionFile.exceptions(from: bytes(text), file: "e.toml")
        let found = ExceptionFile.warningsOfEach(exceptions, rules: [], at: 0).map { $0.map(\.cause) }
        #expect(found == [[], [.literalStar(.processExecutable)], [.sameName]])
    }

    @Test(
        "are warned of when they ask for what no event has",
        arguments: [
            (#"process.executable == "bin/agent""#, .relativePath("bin/agent")),
            (#"process.parent.executable : ("/opt/a", "agent*")"#, .relativePath("agent")),
            // these keep out what was called so
            (#"not process.executable : "./agent""#, nil), (#"process.executable != "/bin/agent""#, nil),
            (#"process.executable == "/bin/agent""#, .link("/bin/agent", "/usr/bin/agent")),
            (#"process.executable : "/BIN/agent""#, .link("/bin/agent", "/usr/bin/agent")),
            (#"process.executable : "/bin/agent*""#, .link("/bin", "/usr/bin")),
            (#"process.executable : "/opt/*" and process.executable : "*/agent""#, nil),
            (#"container.id == "c" and process.executable == "/bin/agent""#, nil),
            (#"process.name == "agent""#, nil), (#"process.args == "/bin/agent""#, nil),
            (#"service.name == "agent""#, .noUnit("agent")),
            (#"service.name in ("agent.service", "dbus.socket")"#, .noUnit("dbus.socket")),
            (#"service.name : ("agent.service", "session-*", "run-1.scope")"#, nil),
            (#"process.executable regex "^/opt/.*""#, .anchors(.processExecutable)),
            (#"process.name regex~ ("a", "agent$")"#, .anchors(.processName)),
            (#"process.name regex """agent\$""""#, nil), (#"process.name regex "a^b$c""#, nil),
        ] as [(String, ExceptionWarning.Cause?)])
    func unseen(condition: String, cause: ExceptionWarning.Cause?) throws {
        let text =
            "[[exception]]\nname = 'n'\nreason = 'r'\ncondition = 'any where user.id == 990 and \(condition)'\n"
        let exceptions = try ExceptionFile.exceptions(from: bytes(text), file: "e.toml")
        func causes(_ source: Query.Source) -> [ExceptionWarning.Cause] {
            ExceptionFile.warnings(of: exceptions, rules: [], source: source, at: 0) {
                ["/bin/agent": "/usr/bin/agent", "/bin": "/usr/bin"][$0]
            }.map(\.cause).filter { ![.arranged, .anyMounts, .anyProgram, .unlimited].contains($0) }
        }
        #expect(causes(.live) == (cause.map { [$0] } ?? []))
        #expect(causes(.documents) == [])
    }

    @Test("are warned of when they name a rule by its name")
    func ruleByName() throws {
        let rule = Rule(
            id: "a-1", name: "One", text: "any where true", query: try Query.compile("any where true"))
        let text =
            "[[exception]]\nname = 'n'\nreason = 'r'\nrules = ['One', 'a-1', 'Two']\n"
            + "condition = 'any where user.id == 990 and process.executable == \"/opt/a\"'\n"
        let exceptions = try ExceptionFile.exceptions(from: bytes(text), file: "e.toml")
        let causes = ExceptionFile.warnings(of: exceptions, rules: [rule], at: 0).map(\.cause)
        #expect(causes == [.ruleByName("One", id: "a-1"), .unknownRule("Two")])
    }

    @Test(
        "are warned of where any user, or who makes a mount namespace, can bring about what they ask for",
        arguments: [
            (#"process.name == "backup-agent""#, .arranged),
            (#"process.name == "backup-agent" and user.id == 0"#, .arranged),
            (#"process.args == "--daemon" and process.args_count == 3"#, .arranged),
            (#"process.command_line : "*169.254.169.254/latest/meta-data/instance-id*""#, .arranged),
            (#"process.working_directory : "/opt/*""#, .arranged),
            (#"service.name == "patch-agent.service""#, .arranged),
            (#"service.name == "patch-agent.service" and user.id == 0"#, .arranged),
            (#"process.parent.name == "bash""#, .arranged),
            (#"process.parent.executable : "/usr/bin/bash""#, .arranged),
            (#"process.parent.user.id == 0 and process.parent.working_directory == "/""#, .arranged),
            (#"process.parent.executable == "/usr/lib/systemd/systemd""#, .arranged),
            (#"process.parent.pid == 1 and process.name == "agent""#, .arranged),
            (#"process.name : "*" and process.parent.executable : "/usr/bin/*""#, .arranged),
            (#"process.executable : "/tmp/*""#, .arranged),
            (#"process.executable == "/tmp/agent""#, .arranged),
            (#"process.executable : ("/opt/agent", "/dev/shm/a?/run")"#, .arranged),
            (#"process.executable : "*/agent""#, .arranged),
            (#"process.executable : "*agent*""#, .arranged),
            (#"endsWith(process.executable, "/agent")"#, .arranged),
            (#"startsWith(process.executable, "/var/tmp/agent")"#, .arranged),
            (#"process.executable : ("/opt/agent/*", "/home/*/bin/agent")"#, .arranged),
            (
                #"process.executable : "/usr/bin/*" and not process.executable : ("/usr/bin/curl", "/usr/bin/wget")"#,
                .arranged
            ),
            (#"process.executable == "/usr/bin/curl" and process.args : "*instance-id*""#, .arranged),
            (#"process.executable == "/usr/bin/python3.13""#, .arranged),
            (#"process.executable == "/opt/agent/bin/python3" and process.args : "/opt/agent/*""#, .arranged),
            (#"process.executable == "/opt/agent" or process.name == "agent""#, .arranged),
            (#"not process.executable : "/tmp/*" and length(process.command_line) > 2000"#, .arranged),
            (#"process.entry_leader.executable == "/usr/sbin/sshd""#, .arranged),
            (#"process.previous.executable == "/usr/bin/bash""#, .arranged),
            (#"imdswatch.process.deleted == true and process.name == "agent""#, .arranged),
            (
                #"event.outcome == "failure" and process.exit_code == null and process.name == "agent""#,
                .arranged
            ),
            (#"container.id != null and user.id != 0 and process.name == "agent""#, .arranged),
            (#"destination.ip == "fd00:ec2::254" and process.name == "agent""#, .arranged),
            (
                #"host.name : "web*" and process.start > "2020-01-01T00:00:00Z" and process.name == "agent""#,
                .arranged
            ),
            (#"process.executable == "/opt/agent""#, .anyMounts),
            (#"process.executable == "/opt/agent" and user.id == 0"#, .anyMounts),
            (
                #"process.executable == "/opt/agent" and process.parent.executable == "/usr/lib/systemd/systemd""#,
                .anyMounts
            ),
            (#"process.name == "agent" and process.executable : "/opt/*""#, .anyMounts),
            (
                #"service.name == "agent.service" and process.executable : "/opt/agent/*" and user.id == 0"#,
                .anyMounts
            ),
            (#"process.executable == "/opt/agent" and user.id == 990"#, nil),
            (#"process.executable == "/opt/agent" and imdswatch.host_mount_namespace == true"#, nil),
            (#"process.name == "agent" and user.id == 990"#, .anyProgram),
            (#"user.name == "jenkins""#, .anyProgram),
            (
                #"user.id == 0 and process.executable == "/usr/bin/curl" and imdswatch.host_mount_namespace == true"#,
                .anyProgram
            ),
            (#"user.id == 1000 and process.executable : "*/python3*""#, .anyProgram),
            (
                #"user.id == 1000 and process.executable : "/usr/bin/python3*" and process.working_directory == "/srv/app""#,
                nil
            ),
            (#"process.executable == "/home/ci/bin/agent" and user.id == 1001"#, nil),
            (#"process.parent.executable == "/opt/agent" and process.name == "curl""#, .anyMounts),
            (
                #"process.parent.executable == "/usr/bin/bash" and process.parent.user.id == 0 and process.executable == "/usr/bin/curl" and imdswatch.host_mount_namespace == true"#,
                nil
            ),
            (
                #"process.executable : "/usr/bin/python3*" and user.id == 0 and imdswatch.host_mount_namespace == true"#,
                .anyProgram
            ),
            (
                #"service.name == "a.service" and user.id == 0 and imdswatch.host_mount_namespace == true"#,
                nil
            ),
            (#"service.name == "snap.a.service" and container.id == null and user.id == 0"#, nil),
            (#"container.id == "0123456789ab" and process.name == "curl""#, nil),
            // of these all is said already
            (#"process.executable : "*a*""#, .unlimited),
            (#"user.id == 0"#, .unlimited),
        ] as [(String, ExceptionWarning.Cause?)])
    func arranged(condition: String, cause: ExceptionWarning.Cause?) throws {
        let text = "[[exception]]\nname = 'n'\nreason = 'r'\ncondition = 'any where \(condition)'\n"
        let exceptions = try ExceptionFile.exceptions(from: bytes(text), file: "e.toml")
        let causes = ExceptionFile.warnings(of: exceptions, rules: [], at: 0).map(\.cause)
        #expect(causes == (cause.map { [$0] } ?? []))
    }

    @Test(
        "are refused with a position",
        arguments: [
            ("[exceptions]\n", 1, "`exceptions` is not known here"),
            ("[rule]\nname = 'n'\n", nil, "this is a rule, not a file of exceptions"),
            ("[[exception]]\nname = 'n'\nreason = 'r'\n", 1, "`condition` is missing"),
            ("[[exception]]\nname = 'n'\ncondition = 'any where true'\n", 1, "`reason` is missing"),
            (
                "[[exception]]\nname = 'n'\nreason = 'r'\ncondition = 'any where true'\nexpire = 2026-01-01",
                5,
                "`expire` is not known here"
            ),
            (
                "[[exception]]\nname = 'n'\nreason = 'r'\ncondition = 'any where true'\nexpires = 'never'", 5,
                "`expires` must be a date"
            ),
        ] as [(String, Int?, String)])
    func refusals(text: String, line: Int?, message: String) throws {
        let found = refusal { () throws(RuleFileError) in
            try ExceptionFile.exceptions(from: bytes(text), file: "e.toml")
        }
        let error = try #require(found)
        #expect(error.position?.line == line)
        #expect(error.message.hasPrefix(message), "\(error.message)")
    }

    @Test("show an error of a later condition where it stands")
    func laterCondition() throws {
        let text =
            good + "\n[[exception]]\nname = 'n'\nreason = 'r'\ncondition = 'any where bad.field == 1'\n"
        let found = refusal { () throws(RuleFileError) in
            try ExceptionFile.exceptions(from: bytes(text), file: "e.toml")
        }
        #expect(found?.position == FilePosition(line: 18, column: 24))
    }

    @Test("hold conditions on one event only")
    func sequences() {
        let text = """
            [[exception]]
            name = "n"
            reason = "r"
            condition = "sequence [any where true] [any where true]"
            """
        let found = refusal { () throws(RuleFileError) in
            try ExceptionFile.exceptions(from: bytes(text), file: "e.toml")
        }
        #expect(found?.position?.line == 4)
    }
}

/// Files that are only remembered.
struct RememberedFiles: FileAccess {
    var files: [String: (FileAttributes, [UInt8])] = [:]
    var directories: [String: [String]] = [:]
    var directoryAttributes = FileAttributes(owner: 0, group: 0, permissions: 0o755, isDirectory: true)
    var caller: UInt32 = 1000

    func attributes(of path: String) throws(FileProblem) -> FileAttributes {
        if directories[path] != nil { return directoryAttributes }
        guard let file = files[path] else { throw .missing }
        return file.0
    }

    func read(_ path: String, limit: Int) throws(FileProblem) -> (attributes: FileAttributes, bytes: [UInt8])
    {
        guard let file = files[path] else { throw .missing }
        guard file.1.count <= limit else { throw .tooLarge(limit: limit) }
        return (file.0, file.1)
    }

    func names(in directory: String) throws(FileProblem) -> [String] {
        guard let names = directories[directory] else { throw .missing }
        return names
    }
}

@Suite("Loading rules")
struct RuleLoaderTests {
    private static let trusted = FileAttributes(owner: 0, group: 0, permissions: 0o644)

    private func rule(_ id: String) -> [UInt8] {
        bytes("[rule]\nrule_id = \"\(id)\"\nname = \"\(id)\"\nquery = 'process where true'\n")
    }

    @Test("takes the rule files of a directory in order, and keeps what is right")
    func directory() {
        var files = RememberedFiles()
        files.directories["/r"] = [
            "b.toml", "a.toml", "c.eql", "README.md", ".hidden.toml", "broken.toml", "sub",
        ]
        files.files = [
            "/r/a.toml": (Self.trusted, rule("one")), "/r/b.toml": (Self.trusted, rule("two")),
            "/r/c.eql": (Self.trusted, bytes("process where true")),
            "/r/broken.toml": (Self.trusted, bytes("[rule]\nname = 5")),
            "/x.toml": (Self.trusted, rule("two")),
        ]
        var loaded = LoadedRules()
        loaded.append(path: "/r", from: files)
        loaded.append(path: "/x.toml", from: files)
        loaded.append(path: "/missing", from: files)
        #expect(loaded.rules.map(\.id) == ["one", "two", "c"])
        #expect(loaded.errors.map(\.file) == ["/r/broken.toml", "/x.toml", "/missing"])
        #expect(loaded.errors.map(\.message)[1] == "the id two is already that of the rule in /r/b.toml")
        #expect(loaded.errors.map(\.message)[2] == "no such file")
    }

    @Test(
        "trusts files that only root or the caller can write",
        arguments: [
            (FileAttributes(owner: 0, group: 0, permissions: 0o644), nil),
            (FileAttributes(owner: 0, group: 0, permissions: 0o664), nil),
            (FileAttributes(owner: 1000, group: 1000, permissions: 0o600), nil),
            (FileAttributes(owner: 1001, group: 0, permissions: 0o600), FileProblem.foreignOwner(1001)),
            (FileAttributes(owner: 1000, group: 1000, permissions: 0o664), .writableByGroup(1000)),
            (FileAttributes(owner: 0, group: 4, permissions: 0o664), .writableByGroup(4)),
            (FileAttributes(owner: 0, group: 0, permissions: 0o646), .writableByOthers),
        ])
    func trust(attributes: FileAttributes, problem: FileProblem?) {
        #expect(attributes.distrust(caller: 1000) == problem)
        var files = RememberedFiles()
        files.files["/a.toml"] = (attributes, rule("one"))
        var loaded = LoadedRules()
        loaded.append(path: "/a.toml", from: files)
        #expect(loaded.rules.isEmpty == (problem != nil))
        #expect(loaded.errors.isEmpty == (problem == nil))
    }

    @Test("takes files that begin with a byte order mark")
    func byteOrderMark() {
        var files = RememberedFiles()
        files.files["/a.eql"] = (Self.trusted, [0xef, 0xbb, 0xbf] + bytes("process where true"))
        var loaded = LoadedRules()
        loaded.append(path: "/a.eql", from: files)
        #expect(loaded.rules.map(\.id) == ["a"] && loaded.errors.isEmpty)
    }

    @Test(
        "trusts no file in a directory where others can put another in its place",
        arguments: [
            (FileAttributes(owner: 0, group: 0, permissions: 0o755, isDirectory: true), nil),
            (FileAttributes(owner: 0, group: 0, permissions: 0o1777, isDirectory: true), nil),
            (
                FileAttributes(owner: 0, group: 0, permissions: 0o777, isDirectory: true),
                FileProblem.writableByOthers
            ),
            (
                FileAttributes(owner: 1001, group: 0, permissions: 0o1777, isDirectory: true),
                .foreignOwner(1001)
            ),
        ])
    func trustOfDirectories(attributes: FileAttributes, problem: FileProblem?) {
        var files = RememberedFiles()
        files.files["/r/a.toml"] = (Self.trusted, rule("one"))
        files.directories["/r"] = ["a.toml"]
        files.directoryAttributes = attributes
        for path in ["/r", "/r/a.toml"] {
            var loaded = LoadedRules()
            loaded.append(path: path, from: files)
            #expect(loaded.rules.isEmpty == (problem != nil))
            #expect(loaded.errors.map(\.file) == (problem == nil ? [] : ["/r"]))
        }
    }
}
