import Testing

@testable import RuleFiles

/// A document as one line of text: what was read, in the order of the file.
private func read(_ text: String) -> String? {
    guard let tree = try? TOMLParser.parse(Array(text.utf8)) else { return nil }
    return show(.table(0), tree)
}

private func show(_ value: TOMLTree.Value, _ tree: TOMLTree) -> String {
    switch value {
    case .text(let text): text.debugDescription
    case .integer(let number): "\(number)"
    case .float(let number): "\(number)"
    case .boolean(let boolean): "\(boolean)"
    case .moment(let moment): "@\(moment.end ?? moment.time ?? 0)"
    case .array(let list), .arrayOfTables(let list):
        "[" + list.map { show(tree.nodes[$0].value, tree) }.joined(separator: " ") + "]"
    case .table(let index):
        "{"
            + tree.tables[index].entries.map { "\($0.name)=\(show(tree.nodes[$0.node].value, tree))" }
            .joined(separator: " ") + "}"
    }
}

@Suite("TOML")
struct TOMLTests {
    static let documents = [
        ("", "{}"), ("\u{feff}a = 1", "{a=1}"), ("# only a comment", "{}"),
        ("a = 1 # one\r\nb = 2", "{a=1 b=2}"),
        ("a=+1\nb=-0\nc=1_000\nd=0xDEAD_beef\ne=0o17\nf=0b101", "{a=1 b=0 c=1000 d=3735928559 e=15 f=5}"),
        ("a=1.5\nb=-1e3\nc=6.02E+2_3\nd=inf\ne=0.0", "{a=1.5 b=-1000.0 c=6.02e+23 d=inf e=0.0}"),
        ("a = true\nb = false", "{a=true b=false}"),
        ("a = 9223372036854775807", "{a=9223372036854775807}"),
        ("b = -9223372036854775808", "{b=-9223372036854775808}"),
        (#"a = "q\" \\ \t \u00e9 \U0001F600""#, #"{a="q\" \\ \t é 😀"}"#),
        (#"a = 'c:\n "x"'"#, #"{a="c:\\n \"x\""}"#), ("a = ''\nb = \"\"", "{a=\"\" b=\"\"}"),
        ("a = \"\"\"\nx\n  y\\\n   \n  z\"\"\"", #"{a="x\n  yz"}"#),
        ("a = '''\n\n'x'''''", #"{a="\n\'x\'\'"}"#), ("a = \"\"\"\"x\"\"\"\"\"", #"{a="\"x\"\""}"#),
        ("a = \"\"\"\r\nx\r\ny\"\"\"", #"{a="x\ny"}"#),
        ("a = [1, [2, 'x'], # c\n ] ", "{a=[1 [2 \"x\"]]}"), ("a = []", "{a=[]}"),
        ("a = { b = 1, c.d = [ {} ] }", "{a={b=1 c={d=[{}]}}}"),
        ("a.b.c = 1\na.b.d = 2\n\"a\".'e' = 3", "{a={b={c=1 d=2} e=3}}"), ("3.14 = 1", "{3={14=1}}"),
        ("[a.b]\nx=1\n[a]\ny=2\n[a.c]", "{a={b={x=1} y=2 c={}}}"),
        ("[[a]]\nx=1\n[[a]]\n[a.b]\ny=1\n[[a.c]]\n[[a.c]]", "{a=[{x=1} {b={y=1} c=[{} {}]}]}"),
        ("[ a . \"b.c\" ]", "{a={b.c={}}}"), ("[a]\nb.x = 1\n[a.b.c]", "{a={b={x=1 c={}}}}"),
        ("a = 1970-01-01\nb = 1970-01-02T00:00:01Z", "{a=@86400000000000 b=@86401000000000}"),
        ("a = 1970-01-01 01:00:00.5+01:00\nb = 00:00:01", "{a=@500000000 b=@1000000000}"),
    ]

    @Test("reads what is valid", arguments: documents)
    func valid(text: String, expected: String) {
        #expect(read(text) == expected)
    }

    static let mistakes = [
        "a", "a =", "= 1", "a = 1 b = 2", "a == 1", "a = 01", "a = +0x1", "a = 0xg", "a = 1__0",
        "a = _1", "a = 1_", "a = .5", "a = 5.", "a = 1e", "a = 1.e1", "a = tru", "a = True", "a = x",
        "a = 9223372036854775808", "a = \"x", "a = \"x\ny\"", "a = 'x", "a = \"\\x\"", "a = \"\\u12\"",
        "a = \"\\ud800\"", "a = \"\"\"x", "a = \"\"\"x\"\"\"\"\"\"", "a = \"x\\\n\"", "a = [1 2]",
        "a = [,]", "a = [1", "a = {b = 1,}", "a = {b = 1\n}", "a = {", "a = {b}", "a = 1\na = 2",
        "a = 1\na.b = 2", "a.b = 1\na = 2", "[a]\n[a]", "[a]\nb = 1\n[a.b]", "a = 1\n[a]",
        "a = {}\n[a.b]", "a = []\n[[a]]", "[[a]]\n[a]", "[a]\n[[a]]", "[a.b.c]\nz=9\n[a]\nb.c.t = 1",
        "a = {b.c = 1, b = 2}", "a = { b = 1 }\na.c = 2", "a.b = 1\n[a]", "[a", "[]", "[a]]", "[[a]",
        "[[[a]]]", "[a] b = 1", "[a.]", "[.a]", "a. = 1", "\"\"\"a\"\"\" = 1", "é = 1", "a = 2026-13-01",
        "a = 2026-02-29", "a = 2026-01-01T", "a = 2026-01-01T25:00:00", "a = 2026-01-01T00:00",
        "a = 2026-1-1", "a = 1:00:00", "a = 00:00:00.", "a = 2026-01-01x", "a = 1\rb = 2",
    ]

    @Test("refuses what is not", arguments: mistakes)
    func invalid(text: String) {
        #expect(read(text) == nil)
    }

    @Test("keeps to its limit of depth", arguments: [60, 70, 100_000])
    func depth(_ depth: Int) {
        let isFine = depth == 60
        let array = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        #expect((read("a = " + array) != nil) == isFine)
        let table = String(repeating: "{a=", count: depth) + "1" + String(repeating: "}", count: depth)
        #expect((read("a = " + table) != nil) == isFine)
        let key = String(repeating: "a.", count: depth) + "a"
        #expect((read(key + " = 1") != nil) == isFine)
        #expect((read("[\(key)]") != nil) == isFine)
    }
}
