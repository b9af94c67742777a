import Testing

@testable import EQL

/// Finds all the places where a match of syntax that begins at one place can
/// end, by going through all ways: slow, and obviously right.
private func ends(_ syntax: RegexSyntax, _ text: [UInt32], _ start: Int) -> Set<Int> {
    switch syntax {
    case .empty: return [start]
    case .nothing: return []
    case .characters(let set): return start < text.count && set.contains(text[start]) ? [start + 1] : []
    case .concatenation(let pieces):
        return pieces.reduce([start]) { reached, piece in
            Set(reached.flatMap { ends(piece, text, $0) })
        }
    case .union(let branches): return Set(branches.flatMap { ends($0, text, start) })
    case .intersection(let branches):
        return branches.dropFirst().reduce(ends(branches[0], text, start)) {
            $0.intersection(ends($1, text, start))
        }
    case .complement(let operand):
        return Set(start...text.count).subtracting(ends(operand, text, start))
    case .repetition(let operand, let least, let most):
        var reached: Set<Int> = [start]
        for _ in 0..<least { reached = Set(reached.flatMap { ends(operand, text, $0) }) }
        var all = reached
        for _ in 0..<(most.map { $0 - least } ?? text.count + 1) {
            reached = Set(reached.flatMap { ends(operand, text, $0) })
            all.formUnion(reached)
        }
        return all
    }
}

@Suite("Regular expressions")
struct RegexTests {
    private func matches(_ automaton: Automaton, _ text: [UInt8]) -> Bool {
        var pool = RegexPool()
        _ = pool.add(automaton)
        let number = pool.add(automaton)
        let bytes = Array("x".utf8) + text + Array("y".utf8)
        return pool.matches(number, bytes.span, 1, 1 + text.count)
    }

    @Test(
        "match the whole value",
        arguments: [
            ("abc", "abc", true), ("abc", "xabcx", false), ("abc", "ab", false), ("", "", true),
            ("", "a", false),
            (".", "é", true), (".", "\n", true), ("..", "é", false), (".*", "", true),
            ("a?b", "b", true), ("a?b", "ab", true), ("a?b", "aab", false),
            ("a*", "aaaa", true), ("a+", "", false), ("(ab)+", "abab", true), ("(ab)+", "aba", false),
            ("a{2}", "aa", true), ("a{2}", "aaa", false), ("a{2,}", "aaaa", true), ("a{2,}", "a", false),
            ("a{1,3}", "aaa", true), ("a{1,3}", "aaaa", false), ("a{0}", "", true), ("a{0,1}b", "b", true),
            ("a|bc", "bc", true), ("a|bc", "ac", false), ("(a|b)c", "bc", true), ("()", "", true),
            ("[abc]", "b", true), ("[a-c]x", "bx", true), ("[^a-c]", "b", false), ("[^a-c]", "é", true),
            ("[]a]", "]", true), ("[-a]", "-", true), ("[a.]", ".", true), ("[a.]", "b", false),
            ("[\\]]", "]", true), ("[à-é]", "é", true), ("[^a]", "", false),
            ("\\.", ".", true), ("\\.", "a", false), ("\\\\", "\\", true), ("a\\*", "a*", true),
            ("\\d+", "2026", true), ("\\D", "1", false), ("\\w+", "a_B9", true), ("\\W", "é", true),
            ("\\s", "\t", true), ("\\S", " ", false), ("[\\d.]+", "1.2", true),
            ("^a$", "a", false), ("^a$", "^a$", true), ("*a", "*a", true), ("]", "]", true), ("{", "{", true),
            ("\"a*b\"", "a*b", true), ("\"a*b\"", "aab", false), ("\"\"", "", true),
            ("@", "anything", true), ("a@b", "ab", true), ("#", "", false), ("a#|b", "b", true),
            ("~abc", "abc", false), ("~abc", "bc", true), ("~(abc)", "abc", false), ("~(abc)", "ab", true),
            ("~(abc)", "", true), ("~(.*a.*)", "bbb", true), ("~(.*a.*)", "bab", false),
            ("x~(.*-.*)y", "xaby", true), ("x~(.*-.*)y", "xa-by", false), ("~~(a)", "a", true),
            (".*a.*&.*b.*", "xbxax", true), (".*a.*&.*b.*", "xaxa", false), ("a&b", "a", false),
            ("(a|b|c)&(b|c|d)&[^c]", "b", true), ("(a|b|c)&(b|c|d)&[^c]", "c", false), ("~(a)&.", "b", true),
            ("<1-100>", "1", true), ("<1-100>", "100", true), ("<1-100>", "101", false),
            ("<1-100>", "0", false),
            ("<1-100>", "007", true), ("<01-31>", "07", true), ("<01-31>", "7", false),
            ("<01-31>", "32", false),
            ("<100-1>", "50", true), ("<0-255>", "", false), ("<98-1234>", "1000", true),
            ("<98-1234>", "97", false),
            ("x<5-5>", "x5", true), ("<0-0>", "00", false),
            ("/tmp/[a-z0-9]{4,8}", "/tmp/ab12", true),
            ("(\\/tmp|\\/var\\/tmp)\\/.+", "/var/tmp/x", true),
            (".*(curl|wget).+https?://.*", "sh -c curl -s http://x", true),
        ])
    func table(pattern: String, text: String, expected: Bool) throws {
        #expect(matches(try Automaton(pattern, folds: false), Array(text.utf8)) == expected)
    }

    @Test(
        "ignore the case of ASCII letters on request",
        arguments: [
            ("abc", "aBC", true), ("[abc]+", "ABC", true), ("[^a]", "A", false), ("É", "é", false),
            ("\"Ab\"", "aB", true), ("[a\\.]", "A", true),
            // in ranges letters stay what they are, as in Lucene
            ("[a-c]+", "abc", true), ("[a-c]+", "ABC", false), ("[^a-c]", "A", true),
            ("[X-c]", "x", false), ("[X-c]", "_", true), ("[X-cx]", "x", true),
            ("~(abc)", "ABC", false),
        ])
    func folding(pattern: String, text: String, expected: Bool) throws {
        #expect(matches(try Automaton(pattern, folds: true), Array(text.utf8)) == expected)
    }

    @Test(
        "are refused for what is wrong",
        arguments: [
            ("(", .endsEarly), ("(a", .missing(")")), ("a)", .unexpected(")")), ("a|", .endsEarly),
            ("|a", nil),
            ("(a|)", .missing(")")), ("[a", .missing("]")), ("[", .endsEarly), ("[]", .missing("]")),
            ("[b-a]", .invalidRange), ("a{", .invalidRepetition), ("a{x}", .invalidRepetition),
            ("a{2,1}", .invalidRepetition), ("a{1", .missing("}")), ("a{1,x}", .invalidRepetition),
            ("\\", .endsEarly), ("\"a", .missing("\"")), ("<1", .missing(">")),
            ("<name>", .namedAutomaton("name")),
            ("<1-a>", .invalidInterval), ("<1-2-3>", .invalidInterval), ("<-5>", .invalidInterval),
            ("a&", .endsEarly),
            ("~", .endsEarly), ("a\\nb", .unknownEscape("n")), ("\\bfoo\\b", .unknownEscape("b")),
            ("[\\t]", .unknownEscape("t")), ("\\A", .unknownEscape("A")), ("\\-\\_\\é", nil),
        ] as [(String, EQLError.RegexProblem?)])
    func errors(pattern: String, problem: EQLError.RegexProblem?) {
        do throws(EQLError.RegexProblem) {
            _ = try Automaton(pattern, folds: false)
            #expect(problem == nil)
        } catch {
            #expect(error == problem)
        }
    }

    private static let leaves = [
        "a", "b", "[ab]", "[^a]", ".", "é", "()", "#", "@", "c", "\\d", "<2-13>", "<05-12>",
    ]

    private func randomPattern(_ depth: Int, _ random: inout SplitMix) -> String {
        guard depth > 0, Int.random(in: 0..<5, using: &random) > 0 else {
            return RegexTests.leaves.randomElement(using: &random) ?? "a"
        }
        let inner = randomPattern(depth - 1, &random)
        switch Int.random(in: 0..<10, using: &random) {
        case 0: return "(\(inner))*"
        case 1: return "(\(inner))?"
        case 2: return "(\(inner)){1,2}"
        case 3: return "(\(inner))+"
        case 4: return "(\(inner)|\(randomPattern(depth - 1, &random)))"
        case 5: return "~(\(inner))"
        case 6: return "(\(inner)&\(randomPattern(depth - 1, &random)))"
        default: return inner + randomPattern(depth - 1, &random)
        }
    }

    @Test("agree with going through all ways", arguments: 0..<8)
    func model(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        let pieces: [([UInt8], UInt32)] = [
            ([0x61], 0x61), ([0x62], 0x62), ([0x41], 0x41), ([0xc3, 0xa9], 0xe9), ([0xff], 0x11_00ff),
            ([0x31], 0x31), ([0x30], 0x30), ([0x35], 0x35),
        ]
        var checked = 0
        for _ in 0..<100 {
            let pattern = randomPattern(3, &random)
            let folds = Bool.random(using: &random)
            let syntax = try RegexParser.parse(pattern, folds: folds)
            guard let automaton = try? Automaton(syntax) else { continue }
            for _ in 0..<6 {
                let text = (0..<Int.random(in: 0...6, using: &random)).map { _ in
                    pieces.randomElement(using: &random) ?? pieces[0]
                }
                let expected = ends(syntax, text.map(\.1), 0).contains(text.count)
                #expect(matches(automaton, text.flatMap(\.0)) == expected, "\(pattern) \(text)")
                checked += 1
            }
        }
        #expect(checked > 400)
    }

    @Test("run in time linear in the text, whatever the pattern")
    func linear() throws {
        let text = [UInt8](repeating: 0x61, count: 32_768)
        for pattern in ["(a*)*b", "(a|a)*b", "(a|aa)+b", "(.*a){20}b", ".*.*.*.*.*b"] {
            let automaton = try Automaton(pattern, folds: true)
            let elapsed = ContinuousClock().measure { #expect(!matches(automaton, text)) }
            #expect(elapsed < .seconds(20), "\(pattern)")
        }
    }
}
