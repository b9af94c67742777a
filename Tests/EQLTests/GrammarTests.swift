import EQL
import Events
import Fixtures
import Testing

@Suite("Grammar")
struct GrammarTests {
    /// In each query ⟦…⟧ marks the range that the error must have.
    @Test(
        "errors have a reason and the exact place",
        arguments: [
            ("⟦⟧", .empty),
            ("⟦  // nothing ⟧", .empty),
            ("processx⟦⟧", .unexpected(found: "the end of the query", expected: "“where”")),
            ("process ⟦if⟧ true", .unexpected(found: "“if”", expected: "“where”")),
            ("process where⟦⟧", .unexpected(found: "the end of the query", expected: "a value")),
            ("process where⟦⟧ // why\n\n ", .unexpected(found: "the end of the query", expected: "a value")),
            ("⟦5⟧ where true", .unexpected(found: "a number", expected: "an event category")),
            ("⟦not⟧ where true", .unexpected(found: "“not”", expected: "an event category")),
            (#"process where process.name ⟦=⟧ "x""#, .singleEquals),
            (#"process where (process.name ⟦=⟧ "x")"#, .singleEquals),
            (#"process where process.name == "x" ⟦=⟧ "y""#, .singleEquals),
            ("process where process.name == ⟦'curl'⟧", .singleQuotes),
            (#"process where process.name == "a⟦\*⟧""#, .escapedWildcard("*")),
            (#"process where process.name == "a⟦\?⟧""#, .escapedWildcard("?")),
            (#"process where process.name == "a⟦\q⟧""#, .unknownEscape("q")),
            (#"process where process.name == "⟦\u⟧12""#, .invalidUnicodeEscape),
            (#"process where process.name == "⟦\u{d800⟧}""#, .invalidUnicodeEscape),
            (#"process where process.name == "⟦\u{⟧}""#, .invalidUnicodeEscape),
            (#"process where process.name == ⟦"⟧x"#, .unterminatedString),
            (#"process where process.name == ⟦"⟧x\"#, .unterminatedString),
            (#"process where process.name == ⟦"""⟧x""#, .unterminatedString),
            ("process where process.name == ⟦\"x⟧\ny\"", .lineBreakInString),
            (#"process where process.name == ⟦?"⟧x""#, .oldRawString),
            ("process where ⟦`⟧a", .unterminatedName),
            ("process where ⟦``⟧ == 1", .emptyName),
            ("process where true ⟦/*⟧ x", .unterminatedComment),
            ("process where process.pid ⟦#⟧ 1", .unexpectedCharacter("#")),
            ("process where process.pid ⟦é⟧ 1", .unexpectedCharacter("é")),
            ("process where process.pid ⟦\u{0}⟧", .unexpectedCharacter("\u{0}")),
            ("process where process.pid == ⟦99999999999999999999⟧", .numberOutOfRange),
            ("process where process.pid == ⟦9223372036854775808⟧", .numberOutOfRange),
            ("process where process.pid == ⟦1e999⟧", .numberOutOfRange),
            (
                "process where true ⟦true⟧",
                .unexpected(found: "“true”", expected: "“and”, “or” or the end of the query")
            ),
            (
                "process where (true⟦⟧",
                .unexpected(found: "the end of the query", expected: "“and”, “or” or “)”")
            ),
            (
                "process where true⟦)⟧",
                .unexpected(found: "“)”", expected: "“and”, “or” or the end of the query")
            ),
            (
                "process⟦.⟧parent.user.id == 0",
                .unexpected(found: "“.”", expected: "“where” after a kind of events, as in “any where …”")
            ),
            ("process where true ⟦AND⟧ true", .keywordCase(found: "AND", expected: "and")),
            ("process where process.pid == 1 ⟦==⟧ true", .chainedComparison),
            (#"process where process.name : "a" ⟦:⟧ "b""#, .chainedComparison),
            (#"process where process.name in ("a") ⟦in⟧ ("b")"#, .chainedComparison),
            (
                "process where process.name in ⟦1⟧",
                .unexpected(found: "a number", expected: "“(”")
            ),
            ("process where process.name in (⟦)⟧", .unexpected(found: "“)”", expected: "a value")),
            (#"process where process.name in ("a",⟦)⟧"#, .unexpected(found: "“)”", expected: "a value")),
            ("process where process.name : ⟦5⟧", .unexpected(found: "a number", expected: "a string")),
            (
                #"process where process.name : ("a", ⟦5⟧)"#,
                .unexpected(found: "a number", expected: "a string")
            ),
            (
                #"process where process.name ⟦not⟧ like "a""#,
                .unexpected(found: "“not”", expected: "“and”, “or” or the end of the query")
            ),
            (
                #"process where process.name like ⟦~⟧ "a""#,
                .unexpected(found: "“~”", expected: "a string")
            ),
            (
                "process where process.⟦5⟧",
                .unexpected(found: "a number", expected: "the name of a field")
            ),
            ("process where process.args⟦[⟧0] == 1", .unsupported(.arrayIndex)),
            ("process where true | ⟦head⟧ 5", .unsupported(.pipe("head"))),
            (
                "process where true |⟦⟧ ",
                .unexpected(found: "the end of the query", expected: "the name of a pipe")
            ),
            ("⟦sample⟧ by host.id [any where true]", .unsupported(.sample)),
            ("⟦join⟧ by host.id [any where true]", .unsupported(.join)),
            ("sequence [any where true] ⟦as⟧ a [any where true]", .unsupported(.alias)),
            ("sequence [any where true] [⟦child⟧ of [any where true]]", .unsupported(.lineage("child"))),
            ("process where ⟦descendant⟧ of [any where true]", .unsupported(.lineage("descendant"))),
            ("process where not ⟦child⟧ of [any where true]", .unsupported(.lineage("child"))),
        ] as [(String, EQLError.Reason)])
    func errors(marked: String, reason: EQLError.Reason) throws {
        let error = try #require(refusal(unmarked(marked)))
        #expect(error.reason == reason)
        #expect(error.range == markedRange(marked))
    }

    @Test(
        "whatever is not an error is read",
        arguments: [
            "any where true",
            "process where true // comment",
            "process /* a\nb */ where /**/ true",
            "PROCESS where true",
            #""process" where true"#,
            #""odd category" where true"#,
            "`process` where true",
            "process where `process`.`name` == \"x\"",
            "process where `process.name` == \"x\"",
            "process where process . name == \"x\"",
            "process where not not not process.interactive",
            "process where process.pid==1and process.pid==2",
            #"process where process.name == """a\b*"c""" "#,
            #"process where process.name == """a"""""#,
            #"process where process.name == "\n\r\t\b\f\\\"\'\u{41}""#,
            "process where process.pid == 0x",
            "process where process.args_count > .5 and process.args_count < 5. and process.args_count < 1e3",
            "process where ((((process.pid)))) == ((1))",
            "process where process.pid in (1)",
            #"process where not (process.name) in~ ("a", "b") and not process.name not in ("c")"#,
            "sequence [any where true] [any where true]",
            "sequence by host.id, ?user.id with maxspan = 5m [any where true] [any where true] until [any where true]",
            "sequence with maxspan=100ms [any where true] by process.pid [any where true] by process.parent.pid",
            "sequence [any where true] with runs=2",
            "sequence [any where true] by host.id with runs = 3 [any where true] by host.id",
            "sequence with maxspan=1d ![any where true] [any where true] ![any where false]",
        ])
    func accepted(query: String) {
        let error = refusal(query)
        if query.hasSuffix("0x") {
            #expect(
                error?.reason == .unexpected(found: "“x”", expected: "“and”, “or” or the end of the query"))
        } else {
            #expect(error == nil, "\(error?.rendered(in: query, file: "query") ?? "")")
        }
    }

    private static let flags = [
        "process.interactive", "process.parent.interactive", "process.entry_leader.interactive",
        "process.session_leader.interactive",
    ]

    /// An event whose flags are the bits of a number.
    private func flagged(_ bits: Int) -> Event {
        .made(
            .document,
            [
                .processInteractive: .integers([Int64(bits & 1)]),
                .parentInteractive: .integers([Int64(bits >> 1 & 1)]),
                .entryLeaderInteractive: .integers([Int64(bits >> 2 & 1)]),
                .sessionLeaderInteractive: .integers([Int64(bits >> 3 & 1)]),
            ])
    }

    @Test("not binds tighter than and, and tighter than or")
    func precedence() throws {
        let (x, y, z) = (GrammarTests.flags[0], GrammarTests.flags[1], GrammarTests.flags[2])
        for bits in 0..<8 {
            let (a, b, c) = (bits & 1 != 0, bits & 2 != 0, bits & 4 != 0)
            let event = flagged(bits)
            #expect(try holds("\(x) or \(y) and \(z)", event) == (a || (b && c)))
            #expect(try holds("\(x) and \(y) or \(z)", event) == ((a && b) || c))
            #expect(try holds("not \(x) and \(y)", event) == (!a && b))
            #expect(try holds("not \(x) or \(y) and not \(z)", event) == (!a || (b && !c)))
            #expect(try holds("not (\(x) or \(y)) and \(z)", event) == (!(a || b) && c))
        }
    }

    /// A random condition on the flags, and its value for each event.
    private func condition(_ depth: Int, _ random: inout SplitMix) -> (String, [Bool]) {
        switch depth > 0 ? Int.random(in: 0..<6, using: &random) : 0 {
        case 1:
            let (text, values) = condition(depth - 1, &random)
            return ("not (\(text))", values.map { !$0 })
        case 2, 3:
            let parts = (0...Int.random(in: 1...3, using: &random)).map { _ in condition(depth - 1, &random) }
            return (
                parts.map { "(\($0.0))" }.joined(separator: " and "),
                (0..<16).map { event in parts.allSatisfy { $0.1[event] } }
            )
        case 4, 5:
            let parts = (0...Int.random(in: 1...3, using: &random)).map { _ in condition(depth - 1, &random) }
            return (
                parts.map { "(\($0.0))" }.joined(separator: " or "),
                (0..<16).map { event in parts.contains { $0.1[event] } }
            )
        default:
            let flag = Int.random(in: 0...4, using: &random)
            if flag == 4 { return ("true", Array(repeating: true, count: 16)) }
            return (GrammarTests.flags[flag], (0..<16).map { $0 >> flag & 1 != 0 })
        }
    }

    @Test("jumps lead where and, or and not say", arguments: 0..<4)
    func jumps(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        for _ in 0..<60 {
            let (text, expected) = condition(4, &random)
            let program = try Query.compile("any where " + text).stages[0].program
            let values = (0..<16).map { program.matches(flagged($0)) }
            #expect(values == expected, "\(text)")
        }
    }

    @Test("a literal backslash is no escape for wildcards")
    func backslash() throws {
        let event = Event.made(.document, [.processName: #"C:\Windows\cmd.exe"#])
        #expect(try holds(#"process.name : "C:\\Windows\\*""#, event))
        #expect(try holds(#"process.name : """c:\windows\*.exe""""#, event))
    }

    @Test("hostile nesting and chains are refused, not run into")
    func hostile() throws {
        let open = String(repeating: "(", count: 10_000)
        #expect(refusal("any where " + open)?.reason == .nestedTooDeeply(limit: Limits.depth))
        let calls = String(repeating: "length(", count: 10_000)
        #expect(refusal("any where " + calls)?.reason == .nestedTooDeeply(limit: Limits.depth))
        let minuses = String(repeating: "- ", count: 10_000)
        #expect(
            refusal("any where process.pid == " + minuses + "1")?.reason
                == .nestedTooDeeply(limit: Limits.depth))
        let sum = String(repeating: "1 + ", count: 10_000)
        #expect(
            refusal("any where process.pid == " + sum + "1")?.reason == .nestedTooDeeply(limit: Limits.depth))
        let nots = String(repeating: "not ", count: 10_001)
        #expect(refusal("any where " + nots + "false") == nil)
        #expect(refusal(String(repeating: "[", count: 200_000))?.range == SourceRange(start: 0, end: 1))
    }
}

/// A query without its marks.
func unmarked(_ text: String) -> String {
    text.replacing("⟦", with: "").replacing("⟧", with: "")
}

/// The UTF-8 range between the marks.
func markedRange(_ text: String) -> SourceRange? {
    guard let start = text.firstIndex(of: "⟦"), let end = text.firstIndex(of: "⟧") else { return nil }
    let first = text[..<start].utf8.count
    return SourceRange(start: first, end: first + text[text.index(after: start)..<end].utf8.count)
}
