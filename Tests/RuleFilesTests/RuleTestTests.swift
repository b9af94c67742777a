import Detection
import EQL
import Events
import RuleFiles
import Rules
import Testing

private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

private func tests(_ text: String, files: (any FileAccess)? = nil) throws(RuleFileError) -> [RuleTest] {
    try RuleTestFile.tests(from: bytes(text), file: "d/x.tests.toml", files: files)
}

private func failure(_ text: String) -> RuleFileError? {
    do throws(RuleFileError) {
        _ = try tests(text)
        return nil
    } catch {
        return error
    }
}

/// An event at a second, by a program.
private func line(_ second: Int, _ name: String) -> String {
    #"{"@timestamp":"2026-01-01T00:00:0\#(second)Z","event.category":"process","process.name":"\#(name)"}"#
}

@Suite("Tests of rules")
struct RuleTestTests {
    private func rule(_ query: String) throws -> Rule {
        try RuleFile.rule(from: bytes(query), file: "x.eql")
    }

    @Test("count lines from 1, with those that are blank")
    func lines() throws {
        let rule = try rule(
            #"sequence [process where process.name == "a"] [process where process.name == "b"]"#)
        let test = RuleTest(
            name: "n", events: bytes("\(line(1, "a"))\n\n  \n\(line(2, "b"))\r\n"), alerts: [[1, 4]])
        let result = test.run(rule)
        #expect(result.alerts == [[1, 4]])
        #expect(result.isPassed)
        #expect(result.differences.isEmpty)
    }

    @Test("say which alerts are missing, and which were not expected")
    func differences() throws {
        let rule = try rule(#"process where process.name == "a""#)
        let events = bytes([line(1, "a"), line(2, "b"), line(3, "a")].joined(separator: "\n"))
        let result = RuleTest(name: "n", events: events, alerts: [[1], [2]]).run(rule)
        #expect(!result.isPassed)
        #expect(result.differences == ["- expected an alert on lines [2]", "+ an alert on lines [3]"])
        let swapped = RuleTest(name: "n", events: events, alerts: [[3], [1]]).run(rule)
        #expect(!swapped.isPassed)
        #expect(swapped.differences == ["the alerts came in another order: [[1], [3]]"])
    }

    @Test("fail on a line that is not a document")
    func unreadable() throws {
        let rule = try rule("process where true")
        let result = RuleTest(name: "n", events: bytes("\(line(1, "a"))\nnonsense"), alerts: [[1]]).run(rule)
        #expect(result.alerts == [[1]])
        #expect(!result.isPassed)
        #expect(result.unreadable.map(\.line) == [2])
    }

    @Test("let time pass at the end only if asked to")
    func flush() throws {
        let rule = try rule(
            #"sequence with maxspan=3s [process where process.name == "a"] ![process where process.name == "b"]"#
        )
        let events = bytes(line(1, "a"))
        #expect(RuleTest(name: "n", events: events, alerts: []).run(rule).isPassed)
        #expect(RuleTest(name: "n", events: events, alerts: [[1]], flush: true).run(rule).isPassed)
    }

    @Test("are one for each text of `each`, written as JSON")
    func each() throws {
        let found = try tests(
            #"""
            [[test]]
            name = "one"
            events = '{"a":"$each","b":"$each"}'
            alerts = []
            [[test]]
            name = "many"
            each = ['x', 'quote " back \ slash']
            events = '{"a":"$each","b":"$each"}'
            alerts = [[1], [2, 3]]
            """#)
        #expect(found.map(\.name) == ["one", "many: x", "many: quote \" back \\ slash"])
        #expect(found[0].events == bytes(#"{"a":"$each","b":"$each"}"#))
        #expect(found[1].events == bytes(#"{"a":"x","b":"x"}"#))
        #expect(found[2].events == bytes(#"{"a":"quote \" back \\ slash","b":"quote \" back \\ slash"}"#))
        #expect(found[2].alerts == [[1], [2, 3]])
        #expect(found.map(\.position?.line) == [1, 5, 5])
    }

    @Test("take events from a file beside them")
    func file() throws {
        var files = RememberedFiles()
        files.files = [
            "d/e.ndjson": (FileAttributes(owner: 0, group: 0, permissions: 0o644), bytes(line(1, "a"))),
            "d/open.ndjson": (FileAttributes(owner: 0, group: 0, permissions: 0o666), bytes(line(1, "a"))),
        ]
        let found = try tests("[[test]]\nname = 'n'\nfile = 'e.ndjson'\nalerts = []", files: files)
        #expect(found.first?.events == bytes(line(1, "a")))
        for name in ["missing", "open"] {
            #expect(throws: RuleFileError.self) {
                try tests("[[test]]\nname = 'n'\nfile = '\(name).ndjson'\nalerts = []", files: files)
            }
        }
    }

    @Test(
        "are refused with a reason",
        arguments: [
            ("", "`test` is missing"),
            ("[[test]]\nname = 'n'\nevents = 'x'", "`alerts` is missing"),
            ("[[test]]\nevents = 'x'\nalerts = []", "`name` is missing"),
            ("[[test]]\nname = 'n'\nalerts = []", "`events` is missing"),
            (
                "[[test]]\nname = 'n'\nevents = 'x'\nalerts = [1]",
                "`alerts` must be a list of lists of whole numbers, such as [[1, 2]]"
            ),
            (
                "[[test]]\nname = 'n'\nevents = 'x'\nalerts = []\nfile = 'y'",
                "`file` must be left out where there is `events`"
            ),
            (
                "[[test]]\nname = 'n'\nevents = 'x'\nalerts = []\neach = ['a']",
                "`each` must be used: $each does not stand in the events"
            ),
            (
                "[[test]]\nname = 'n'\nevents = 'x'\nalerts = []\nevent = 'a'",
                "`event` is not known here; known are alerts, each, events, file, flush, name"
            ),
        ])
    func refusals(text: String, message: String) {
        #expect(failure(text)?.message == message)
    }

    @Test(
        "stand beside the rule",
        arguments: [
            ("a/b.toml", "a/b.tests.toml"), ("b.eql", "b.tests.toml"),
            ("/x.y/b.c.toml", "/x.y/b.c.tests.toml"),
        ])
    func paths(rule: String, tests: String) {
        #expect(RuleTestFile.path(forRule: rule) == tests)
    }

    @Test("are no rules of their directory")
    func notRules() {
        var files = RememberedFiles()
        files.directories["/r"] = ["a.tests.toml"]
        var loaded = LoadedRules()
        loaded.append(path: "/r", from: files)
        #expect(loaded.errors.map(\.file) == ["/r"])
        #expect(loaded.errors.first?.message.contains("no rule file in this directory") == true)
        loaded = LoadedRules()
        loaded.append(path: "/r", from: files, mayBeEmpty: true)
        #expect(loaded.errors.isEmpty)
    }

    @Test(
        "mean the same whatever shape the documents have",
        arguments: [
            (#""event.category":"process""#, #""event.category":"network""#),
            (#""event.category":["process"]"#, #""event.category":["intrusion_detection","network"]"#),
            (#""event":{"category":"process"}"#, #""event":{"category":["network"]}"#),
            (#""event":{"category":["host","process"]}"#, #""event.category":["network","network"]"#),
        ])
    func shapes(first: String, second: String) throws {
        let rule = try rule(
            """
            sequence by process.parent.entity_id
              [process where process.args : "a" and process.pid == 7 and process.interactive]
              [network where destination.ip == "169.254.169.254" and destination.port == 80]
            """)
        for (one, other) in [
            (
                #""process.parent.entity_id":"p","process.args":["b","a"],"process.pid":7,"process.interactive":true"#,
                #""process":{"parent":{"entity_id":"p"}},"destination":{"ip":"::ffff:169.254.169.254","port":"80"}"#
            ),
            (
                #""process":{"parent.entity_id":["p"],"args":"A","pid":"7","interactive":"true"}"#,
                #""process.parent":{"entity_id":"p"},"destination.ip":["192.0.2.1","169.254.169.254"],"destination":{"port":[80]}"#
            ),
        ] {
            let events = """
                {"@timestamp":"2026-01-01T00:00:00Z",\(first),\(one)}
                {"_source":{"@timestamp":1767225601000,\(second),\(other)}}
                """
            let result = RuleTest(name: "n", events: bytes(events), alerts: [[1, 2]]).run(rule)
            #expect(result.isPassed, "\(result.differences) of \(events)")
        }
    }

    @Test("of the built-in rules pass", arguments: BuiltInRules.files.map(\.name))
    func builtIn(name: String) throws {
        let file = try #require(BuiltInRules.files.first { $0.name == name })
        let rule = try RuleFile.rule(from: file.bytes, file: name)
        let tests = try RuleTestFile.tests(from: file.tests, file: name)
        #expect(tests.contains { !$0.alerts.isEmpty })
        #expect(tests.contains { $0.alerts.isEmpty })
        for test in tests {
            let result = test.run(rule)
            #expect(result.isPassed, "\(test.name): \(result.differences)")
        }
    }
}

@Suite("What became of rule files")
struct OutcomeTests {
    @Test("is told in the order of the files, with who was refused and why")
    func outcomes() throws {
        var loaded = LoadedRules()
        for (name, text) in [
            ("a.toml", "[rule]\nrule_id = 'a'\nname = 'A'\nquery = 'process where bad.field == 1'"),
            ("b.toml", "[rule]\nrule_id = 'b'\nname = 'B'\nquery = 'process where true'"),
            ("c.toml", "[rule]\nid = 'b'\nname = 'C'\nquery = 'process where true'"),
            ("d.toml", "[rule]\nid = 'd'\nname = 'D'\nlanguage = 'kuery'\nquery = 'x:y'"),
            ("e.toml", "["),
            ("f.toml", "[rule]\nid = 'f'\nquery = 'process where true | head 1'"),
            ("g.toml", "[rule]\nid = 'g'\nquery = 'process where true and'"),
        ] {
            loaded.append(content: bytes(text), file: name)
        }
        let told = loaded.outcomes.map { outcome -> String in
            switch outcome {
            case .loaded(let index): loaded.rules[index].file + " loaded"
            case .refused(let index): loaded.errors[index].file + " " + loaded.errors[index].cause
            }
        }
        #expect(
            told == [
                "a.toml field", "b.toml loaded", "c.toml duplicate", "d.toml language", "e.toml syntax",
                "f.toml feature", "g.toml query",
            ])
        #expect(loaded.errors[1].position == FilePosition(line: 2, column: 1))
        #expect(loaded.errors.map(\.ruleID) == ["a", "b", "d", nil, "f", "g"])
        #expect(loaded.errors.map(\.ruleName) == ["A", "C", "D", nil, nil, nil])
    }
}

@Suite("Explanations of rules")
struct ExplanationTests {
    private func explanation(_ query: String) throws -> RuleExplanation {
        RuleExplanation(try RuleFile.rule(from: bytes(query), file: "x.eql"))
    }

    @Test("show the items as they were written")
    func items() throws {
        let found = try explanation(
            """
            sequence by process.parent.entity_id with maxspan=5s
              [process where event.action == "exec"] with runs=3
              ![process where event.type == "end"]
              [network where destination.ip == "192.0.2.1"]
              until [process where event.action == "fork"]
            """)
        #expect(found.isSequence)
        #expect(found.maxspan == 5_000_000_000)
        #expect(found.stages.map(\.role) == [.event, .missing, .event, .until])
        #expect(found.stages.map(\.runs) == [3, 1, 1, 1])
        #expect(found.stages.map(\.kinds) == [["exec"], ["exit"], ["connect"], ["fork"]])
        #expect(found.stages.allSatisfy { $0.keys.map(\.field.name) == ["process.parent.entity_id"] })
        #expect(found.stages.allSatisfy { $0.tests > 0 })
        #expect(found.requirement.kinds == .all)
        guard case .only(let addresses) = found.stages[2].destinations else {
            Issue.record("every address")
            return
        }
        #expect(addresses.map(\.address.description) == ["192.0.2.1"])
    }

    @Test("say when the sensor has no event that fits")
    func impossible() throws {
        let found = try explanation(#"process where event.action == "rename""#)
        #expect(!found.isSequence)
        #expect(found.stages.map(\.isImpossible) == [true])
        #expect(found.obstacle == "cannot match on a host: the sensor has no event that satisfies it")
        let name = try explanation(#"process where event.action == "exec" and user.id == "root""#)
        #expect(name.obstacle?.hasSuffix("satisfies it (ids of users and groups are numbers)") == true)
        let number = try explanation(#"process where event.action == "rename" and user.id == 0"#)
        #expect(number.obstacle?.hasSuffix("satisfies it") == true)
        let pair = try explanation("sequence [process where true] [file where true]")
        #expect(pair.obstacle?.hasSuffix("satisfies event 2 of the sequence") == true)
        // what must not happen may well be what never does
        let missing = try explanation("sequence with maxspan=1s [process where true] ![file where true]")
        #expect(missing.obstacle == nil)
    }

    @Test("say which tests come out another way than they read")
    func misread() throws {
        let always = try explanation(#"any where not user.id == "root" and process.name : "cu*l""#)
        #expect(
            always.warnings == [
                "compares user.id with text, and ids are numbers on a host: that test never holds, and under "
                    + "“not” always does"
            ])
        let stars = try explanation(
            #"sequence by process.pid [process where process.name == "cu*l"] [process where process.name in ("b*", "c")]"#
        )
        #expect(
            stars.warnings == [
                "compares process.name with a text in which * stands for itself; for a pattern use “:” or “like”"
            ])
        #expect(
            try explanation(#"any where process.args in ("*.log", "* * *") and process.name : "c*""#).warnings
                == [])
        // of another event than the one that never comes
        let second = try explanation(
            #"sequence by process.pid [process where user.id == "root"] [network where user.id != "admin"]"#)
        #expect(second.warnings.count == 2)
        let anchors = try explanation(#"process where process.executable regex ("/bin/.*", "^/opt/.*")"#)
        #expect(
            anchors.warnings == [
                "compares process.executable with a regular expression in which ^ or $ stands for itself: all of a "
                    + "text is compared in any case; leave them out"
            ])
        // said once
        let never = try explanation(#"any where user.id == "root""#)
        #expect(never.warnings == [try #require(never.obstacle)])
    }

    @Test("say when a rule asks for nothing, or joins what has nothing in common")
    func undemanding() throws {
        let all = "asks for nothing: it raises an alert for every event of its kind"
        for query in [
            "network where true", #"any where host.os.type == "linux""#,
            #"process where event.type == "start" and event.action == "exec""#,
        ] {
            #expect(try explanation(query).warnings == [all])
        }
        #expect(try explanation(#"network where destination.port == 80"#).warnings == [])
        let pair = "[process where process.name == \"a\"] [network where true]"
        for keys in ["", "by host.id", "by host.id, host.name", "by event.module"] {
            let warnings = try explanation("sequence \(keys) \(pair)").warnings
            #expect(warnings.count == 1 && warnings[0].hasPrefix("joins events by nothing"))
        }
        #expect(try explanation("sequence by host.id, process.parent.entity_id \(pair)").warnings == [])
        #expect(
            try explanation(
                """
                sequence [process where true] by process.pid [network where true] by process.parent.pid
                """
            ).warnings == [])
    }
}
