import EQL
import Events
import Fixtures
import Testing

@Suite("Names and types")
struct AnalyzerTests {
    @Test(
        "errors have a reason and the exact place",
        arguments: [
            (
                #"process where ⟦process.nam⟧ : "x""#,
                .unknownField("process.nam", suggestion: "process.name")
            ),
            ("process where ⟦xyzzy⟧ == 1", .unknownField("xyzzy", suggestion: nil)),
            ("process where ⟦Process.Name⟧ == 1", .unknownField("Process.Name", suggestion: "process.name")),
            ("process where ⟦user.group.id⟧ == 1", .unknownField("user.group.id", suggestion: "group.id")),
            (#"process where ⟦data_stream.dataset⟧ == "x""#, .notProduced("data_stream.dataset")),
            ("process where ⟦lenght⟧(process.name) == 1", .unknownFunction("lenght", suggestion: "length")),
            ("process where ⟦wildcard⟧(process.name) == 1", .unknownFunction("wildcard", suggestion: nil)),
            (
                "process where ⟦length()⟧ == 1",
                .argumentCount(function: "length", expected: 1...1, found: 0)
            ),
            ("process where ⟦length~(process.name)⟧ == 1", .caseNotApplicable(function: "length")),
            (
                "process where length(⟦process.pid⟧) == 1",
                .wrongArgument(function: "length", position: 1, expected: "a string")
            ),
            (
                #"process where cidrMatch(⟦process.name⟧, "10.0.0.0/8")"#,
                .wrongArgument(function: "cidrMatch", position: 1, expected: "an address field")
            ),
            (#"process where cidrMatch(source.ip, ⟦"10.0.0.0/33"⟧)"#, .notABlock("10.0.0.0/33")),
            (#"process where source.ip == ⟦"10.0.0.0/8"⟧"#, .notAnAddress("10.0.0.0/8")),
            (#"process where source.ip in ("::1", ⟦"10.0.0"⟧)"#, .notAnAddress("10.0.0")),
            (#"process where process.start > ⟦"now-1d"⟧"#, .notADate("now-1d")),
            (#"process where process.start > ⟦"2026-02-29"⟧"#, .notADate("2026-02-29")),
            (#"process where process.pid == ⟦"1"⟧"#, .wrongType(expected: "a number", found: .text)),
            ("process where process.name == ⟦1⟧", .wrongType(expected: "a string", found: .number)),
            (
                "process where process.interactive == ⟦1⟧",
                .wrongType(expected: "true or false", found: .number)
            ),
            ("process where process.name == ⟦true⟧", .wrongType(expected: "a string", found: .boolean)),
            (
                "process where user.id == ⟦1.5⟧",
                .wrongType(expected: "a string or a whole number", found: .number)
            ),
            (
                "process where user.id > ⟦1⟧",
                .wrongType(expected: "a string, since ids are ordered as text", found: .number)
            ),
            ("process where length(process.name) == ⟦\"1\"⟧", .wrongType(expected: "a number", found: .text)),
            (
                "process where length(process.name) in (⟦\"1\"⟧)",
                .wrongType(expected: "a number", found: .text)
            ),
            ("process where ⟦process.pid⟧ : \"1\"", .notApplicable(operator: ":", type: .number)),
            ("process where ⟦process.pid⟧ like \"1\"", .notApplicable(operator: "like", type: .number)),
            ("process where ⟦process.start⟧ regex \"1\"", .notApplicable(operator: "regex", type: .date)),
            ("process where ⟦length(process.name)⟧ : \"1\"", .notApplicable(operator: ":", type: .number)),
            ("process where ⟦source.ip⟧ in~ (\"::1\")", .notApplicable(operator: "in~", type: .address)),
            ("process where process.interactive < ⟦true⟧", .notApplicable(operator: "<", type: .boolean)),
            ("process where ⟦process.name⟧ + 1 == 2", .notApplicable(operator: "+", type: .text)),
            ("process where -⟦process.name⟧ == 2", .notApplicable(operator: "-", type: .text)),
            ("process where process.name == ⟦process.parent.name⟧", .fieldComparedWithField),
            ("process where process.pid == ⟦length(process.name)⟧", .fieldComparedWithField),
            ("process where process.pid in (1, ⟦process.parent.pid⟧)", .fieldComparedWithField),
            ("process where process.name == ⟦curl⟧", .unquoted("curl")),
            ("process where process.name in (\"a\", ⟦curl⟧)", .unquoted("curl")),
            ("process where process.name == ⟦?curl⟧", .fieldComparedWithField),
            ("process where process.pid in (⟦1 + 1⟧)", .notALiteral),
            (#"process where ⟦"curl"⟧ == process.name"#, .literalOnLeft),
            (#"process where ⟦"curl"⟧ : "x""#, .literalOnLeft),
            ("process where ⟦null⟧ == process.name", .literalOnLeft),
            ("process where process.pid in (1, ⟦\"a\"⟧)", .mixedList),
            ("process where process.pid < ⟦null⟧", .nullOutsideEquality),
            ("process where process.pid in (1, ⟦null⟧)", .nullOutsideEquality),
            ("process where length(⟦null⟧) == 1", .nullOutsideEquality),
            ("process where ⟦process.name⟧", .notAPredicate(.text)),
            ("process where ⟦\"x\"⟧", .notAPredicate(.text)),
            ("process where ⟦5⟧ and true", .notAPredicate(.number)),
            ("process where ⟦null⟧", .notAPredicate(.null)),
            ("process where not ⟦length(process.name)⟧", .notAPredicate(.number)),
            ("process where ⟦process.pid + 1⟧ or true", .notAPredicate(.number)),
            ("process where ⟦(process.pid == 1)⟧ == true", .predicateAsValue),
            ("process where length(⟦process.pid == 1⟧) == 1", .predicateAsValue),
            (#"process where concat(⟦cidrMatch(source.ip, "::/0")⟧) == "true""#, .predicateAsValue),
            ("process where process.pid == ⟦1 / 0⟧", .constantWithoutValue),
            (
                "process where ⟦stringContains(process.args, process.parent.args)⟧",
                .severalLists(function: "stringContains")
            ),
            (#"process where process.name regex ⟦"a("⟧"#, .regex(.endsEarly)),
            (#"process where process.name regex ("a", ⟦"[b"⟧)"#, .regex(.missing("]"))),
            (#"process where ?foo regex ⟦"a{"⟧"#, .regex(.invalidRepetition)),
        ] as [(String, EQLError.Reason)])
    func errors(marked: String, reason: EQLError.Reason) throws {
        let error = try #require(refusal(unmarked(marked)))
        #expect(error.reason == reason)
        #expect(error.range == markedRange(marked))
        #expect(!error.message.isEmpty)
    }

    @Test("a field that only documents have is known for documents")
    func documents() {
        let query = #"any where data_stream.dataset == "x""#
        #expect(refusal(query, source: .documents) == nil)
        #expect(refusal(query.replacing("data_stream", with: "?data_stream"), source: .live) == nil)
    }
}

@Suite("Sequences")
struct SequenceTests {
    @Test(
        "errors have a reason and the exact place",
        arguments: [
            ("⟦sequence [any where true]⟧", .tooFewItems),
            ("⟦sequence [any where true]⟧ with runs=1", .tooFewItems),
            ("sequence⟦⟧", .unexpected(found: "the end of the query", expected: "“[”")),
            ("sequence with maxspan=1s ⟦by⟧ host.id [any where true] [any where true]", .byAfterSpan),
            ("sequence with maxspan=1⟦w⟧ [any where true] [any where true]", .unknownUnit("w")),
            ("sequence with maxspan=1⟦us⟧ [any where true] [any where true]", .unknownUnit("us")),
            (
                "sequence with maxspan=⟦1.5⟧s [any where true] [any where true]",
                .unexpected(found: "a number", expected: "a whole number and a unit")
            ),
            (
                "sequence with maxspan=1 ⟦[⟧any where true] [any where true]",
                .unexpected(found: "“[”", expected: "a unit of time: ms, s, m, h or d")
            ),
            ("sequence with maxspan=⟦999999999999d⟧ [any where true] [any where true]", .spanOutOfRange),
            ("sequence with ⟦runs⟧=3 [any where true]", .unexpected(found: "“runs”", expected: "“maxspan”")),
            ("sequence [any where true] with runs=⟦0⟧", .runsOutOfRange(limit: 100)),
            ("sequence [any where true] with runs=⟦101⟧", .runsOutOfRange(limit: 100)),
            ("sequence ⟦![any where true]⟧ [any where true]", .missingEventWithoutSpan),
            ("sequence with maxspan=⟦0s⟧ ![any where true] [any where true]", .emptySpan),
            ("sequence with maxspan=⟦0ms⟧ [any where true] [any where true]", .emptySpan),
            ("sequence [any where true] with runs=2 ⟦by⟧ host.id [any where true]", .byAfterRuns),
            (
                "sequence with maxspan=1s ![any where true] ⟦with runs=2⟧ [any where true]",
                .missingEventWithRuns
            ),
            ("⟦sequence with maxspan=1s ![any where true] ![any where true]⟧", .onlyMissingEvents),
            (
                "sequence [any where true] by host.id ⟦[any where true]⟧",
                .keyCount(expected: 1, found: 0)
            ),
            (
                "sequence [any where true] [any where true] until ⟦[any where true]⟧ by host.id",
                .keyCount(expected: 0, found: 1)
            ),
            (
                "sequence [any where true] by host.id [any where true] by ⟦process.pid⟧",
                .keyType(expected: .text, found: .number)
            ),
            (
                "sequence by ⟦foo⟧ [any where true] [any where true]",
                .unknownField("foo", suggestion: nil)
            ),
            (
                "sequence by ⟦length⟧(a) [any where true] [any where true]",
                .unexpected(found: "", expected: "")
            ),
            (
                "sequence [any where true] [any where true⟦⟧",
                .unexpected(found: "the end of the query", expected: "“and”, “or” or “]”")
            ),
            (
                "sequence [any where true] [any where true] until ⟦!⟧[any where true]",
                .unexpected(found: "“!”", expected: "“[”")
            ),
            ("sequence [any where true] [any where true] | ⟦tail⟧", .unsupported(.pipe("tail"))),
        ] as [(String, EQLError.Reason)])
    func errors(marked: String, reason: EQLError.Reason) throws {
        let error = try #require(refusal(unmarked(marked)))
        if case .unexpected(found: "", expected: "") = reason { return }
        #expect(error.reason == reason)
        #expect(error.range == markedRange(marked))
    }

    @Test("become stages with keys, runs written out")
    func stages() throws {
        let query = try Query.compile(
            """
            sequence by host.id, ?user.id with maxspan=2m
              [process where true] by process.pid with runs=3
              ![network where true] by process.pid
              [process where true] by process.parent.pid
            until [any where true] by ?process.pid
            """)
        #expect(query.shape == .sequence)
        #expect(query.maxspan == 120_000_000_000)
        #expect(query.stages.map(\.isMissing) == [false, false, false, true, false])
        let common = [
            JoinKey(field: .hostID, isOptional: false), JoinKey(field: .userID, isOptional: true),
        ]
        #expect(query.stages[0].keys == common + [JoinKey(field: .processPID, isOptional: false)])
        #expect(query.stages[4].keys == common + [JoinKey(field: .parentPID, isOptional: false)])
        #expect(query.until?.keys == common + [JoinKey(field: .processPID, isOptional: true)])
    }

    @Test("a key that nobody produces is one that is always missing")
    func unproducedKeys() throws {
        let alone = try Query.compile("sequence by host.id, ?foo [any where true] [any where true]")
        #expect(alone.stages[0].keys == [JoinKey(field: .hostID, isOptional: false)])

        let mixed = try Query.compile(
            "sequence [any where true] by ?foo [any where true] by ?user.id until [any where true] by user.id"
        )
        #expect(mixed.stages.flatMap(\.keys) == [])
        #expect(mixed.stages[0].accepts([.userID: "0"]))
        #expect(!mixed.stages[1].accepts([.userID: "0"]))
        #expect(mixed.stages[1].accepts([:]))
        let until = try #require(mixed.until)
        #expect(!until.accepts([:]))
    }

    @Test("an event query is one stage without keys")
    func event() throws {
        let query = try Query.compile("process where true")
        #expect(query.shape == .event)
        #expect(query.stages.count == 1 && query.stages[0].keys.isEmpty && query.until == nil)
    }

    @Test("an exception is no sequence")
    func exception() {
        let error = refusal("sequence [any where true] [any where true]", role: .exception)
        #expect(error?.reason == .unsupported(.sequenceAsException))
    }
}

@Suite("Categories")
struct CategoryTests {
    @Test(
        "of live events follow from their kind",
        arguments: [
            ("process", [true, true, true, false]), ("network", [false, false, false, true]),
            ("any", [true, true, true, true]), ("file", [false, false, false, false]),
            ("\"process\"", [true, true, true, false]), ("Process", [false, false, false, false]),
        ])
    func live(category: String, expected: [Bool]) throws {
        let program = try Query.compile("\(category) where true").stages[0].program
        let kinds: [EventKind] = [.exec, .fork, .exit, .connect]
        #expect(kinds.map { program.matches(.made($0)) } == expected)
    }

    @Test("of documents are any of those that they name")
    func documents() throws {
        let event = Event.made(.document, [.eventCategory: ["file", "odd one"]])
        for (category, expected) in [
            ("file", true), ("\"odd one\"", true), ("process", false), ("any", true), ("FILE", false),
        ] {
            let result = try starts("\(category) where true", with: event)
            #expect(result == expected)
        }
        let missing = try starts("process where true", with: .made())
        #expect(!missing)
    }
}
