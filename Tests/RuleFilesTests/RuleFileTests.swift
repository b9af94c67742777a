import Detection
import EQL
import Foundation
import RuleFiles
import Rules
import Testing

private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

private func error(_ content: [UInt8], file: String = "x.toml") -> RuleFileError? {
    do throws(RuleFileError) {
        _ = try RuleFile.rule(from: content, file: file)
        return nil
    } catch {
        return error
    }
}

@Suite("Rule files")
struct RuleFileTests {
    static let detectionLayout = #"""
        [metadata]
        creation_date = "2026/01/01"
        maturity = "production"

        [rule]
        author = ["One", "Two"]
        description = "What it is."
        from = "now-9m"
        language = "eql"
        license = "Some License"
        name = "A name"
        references = ["https://example.org/a"]
        risk_score = 73
        rule_id = "id-1"
        severity = "high"
        tags = ["OS: Linux"]
        type = "eql"
        version = 12
        unknown_key = { a = [1, 2], b = "]" }
        query = '''
        process where process.name == "curl"
        '''

        [[rule.threat]]
        framework = "MITRE ATT&CK"
        [[rule.threat.technique]]
        id = "T1552"
        name = "Unsecured Credentials"
        reference = "https://attack.mitre.org/techniques/T1552/"
        [[rule.threat.technique.subtechnique]]
        id = "T1552.005"
        name = "Cloud Instance Metadata API"
        reference = "https://attack.mitre.org/techniques/T1552/005/"
        [rule.threat.tactic]
        id = "TA0006"
        name = "Credential Access"
        reference = "https://attack.mitre.org/tactics/TA0006/"
        [[rule.threat]]
        framework = "MITRE ATT&CK"
        [rule.threat.tactic]
        id = "TA0007"
        name = "Discovery"
        reference = "https://attack.mitre.org/tactics/TA0007/"
        """#

    static let endpointLayout = #"""
        [rule]
        description = "What it is."
        id = "id-2"
        license = "Some License"
        name = "A name"
        os_list = ["linux", "macos"]
        reference = ["https://example.org/a"]
        version = "1.0.10"
        query = """process where process.name == \"curl\""""

        min_endpoint_version = "7.15.0"

        [[actions]]
        action = "kill_process"
        field = "process.entity_id"
        state = 0

        [[threat]]
        framework = "MITRE ATT&CK"
        [[threat.technique]]
        id = "T1552"
        name = "Unsecured Credentials"
        reference = "https://attack.mitre.org/techniques/T1552/"
        [threat.tactic]
        id = "TA0006"
        name = "Credential Access"
        reference = "https://attack.mitre.org/tactics/TA0006/"

        [internal]
        min_endpoint_version = "7.15.0"
        """#

    @Test("load in the layout of detection rules")
    func detection() throws {
        let rule = try RuleFile.rule(from: bytes(Self.detectionLayout), file: "a/b.toml", ruleset: "set")
        #expect(rule.id == "id-1")
        #expect(rule.name == "A name")
        #expect(rule.description == "What it is.")
        #expect(rule.version == "12")
        #expect(rule.severity == "high")
        #expect(rule.riskScore == 73)
        #expect(rule.authors == ["One", "Two"])
        #expect(rule.license == "Some License")
        #expect(rule.references == ["https://example.org/a"])
        #expect(rule.tags == ["OS: Linux"])
        #expect(rule.ruleset == "set")
        #expect(rule.file == "a/b.toml")
        #expect(rule.ignored.isEmpty)
        #expect(rule.query.stages.count == 1)
        #expect(rule.threats.map(\.tactic?.id) == ["TA0006", "TA0007"])
        #expect(rule.threats[0].techniques.map(\.technique.id) == ["T1552"])
        #expect(rule.threats[0].techniques[0].subtechniques.map(\.id) == ["T1552.005"])
        #expect(
            rule.threats[0].techniques[0].subtechniques[0].url
                == "https://attack.mitre.org/techniques/T1552/005/")
        #expect(rule.threats[1].techniques.isEmpty)
    }

    @Test("load in the layout of endpoint rules, and say what has no effect")
    func endpoint() throws {
        let rule = try RuleFile.rule(from: bytes(Self.endpointLayout), file: "b.toml")
        #expect(rule.id == "id-2")
        #expect(rule.version == "1.0.10")
        #expect(rule.severity == "medium")
        #expect(rule.riskScore == 47)
        #expect(rule.references == ["https://example.org/a"])
        #expect(rule.ignored == ["actions"])
        #expect(rule.threats.map(\.tactic?.id) == ["TA0006"])
        #expect(rule.threats[0].techniques.map(\.technique.id) == ["T1552"])
    }

    @Test("may be a query alone")
    func bare() throws {
        let rule = try RuleFile.rule(from: bytes("process where true\n"), file: "dir/my rule.eql")
        #expect(rule.id == "my rule")
        #expect(rule.name == "my rule")
        #expect(rule.severity == "medium")
        #expect(rule.riskScore == 47)
    }

    @Test(
        "get a missing severity or risk score from the other",
        arguments: [
            ("severity = \"critical\"", "critical", 99), ("severity = \"low\"", "low", 21),
            ("risk_score = 80", "high", 80), ("risk_score = 1", "low", 1), ("", "medium", 47),
            ("severity = \"low\"\nrisk_score = 90", "low", 90),
        ])
    func severity(lines: String, severity: String, score: Int) throws {
        let text = "[rule]\nquery = 'process where true'\n\(lines)\n"
        let rule = try RuleFile.rule(from: bytes(text), file: "x.toml")
        #expect(rule.severity == severity)
        #expect(rule.riskScore == score)
    }

    @Test("with Windows line ends load")
    func lineEnds() throws {
        let text = Self.detectionLayout.replacingOccurrences(of: "\n", with: "\r\n")
        let rule = try RuleFile.rule(from: bytes(text), file: "x.toml")
        #expect(rule.id == "id-1")
    }

    struct Refusal: CustomTestStringConvertible, Sendable {
        let text: String
        let line: Int?
        let column: Int?
        let message: String

        init(_ text: String, _ line: Int?, _ column: Int?, _ message: String) {
            self.text = text
            self.line = line
            self.column = column
            self.message = message
        }

        var testDescription: String { text.debugDescription }
    }

    @Test(
        "are refused with a position and a reason",
        arguments: [
            Refusal("", nil, nil, "`rule` is missing"),
            Refusal(
                "[[exception]]\nname = 'n'\n", nil, nil,
                "these are exceptions, not a rule: name the file with --exceptions"),
            Refusal("x = 1\n[rule]\nname = \"n\"\n", 2, 2, "`query` is missing"),
            Refusal("[rule]\nquery = 5\n", 2, 1, "`query` must be a text"),
            Refusal("[rule]\nquery = \"\"\n", 2, 1, "`query` must be a text"),
            Refusal("rule = 5\n", 1, 1, "`rule` must be a table"),
            Refusal(
                "[rule]\nquery = 'process where true'\nname = 7", 3, 1, "`name` must be a text"),
            Refusal(
                "[rule]\n  risk_score = 101\nquery = 'process where true'", 2, 3,
                "`risk_score` must be from 0 to 100"),
            Refusal(
                "[rule]\nseverity = 'bad'\nquery = 'process where true'", 2, 1,
                "`severity` must be one of low, medium, high, critical"),
            Refusal(
                "[rule]\nquery = 'process where true'\ntags = ['a', 5]", 3, 1,
                "`tags` must be a list of texts"),
            Refusal(
                "[rule]\nlanguage = \"kuery\"\nquery = 'a:b'", 2, 1,
                "the query is in kuery, and only EQL can be run"),
            Refusal(
                "[rule]\ntype = \"threshold\"\nquery = 'a:b'", 2, 1,
                "a rule of type threshold cannot be run: its query is not all of it"),
            Refusal(
                "[rule]\nos_list = [\"windows\"]\nquery = 'process where true'", 2, 1,
                "the rule is for windows, not for linux"),
            Refusal(
                "[rule]\ntags = ['OS: Windows', 'OS: macOS', 'x']\nquery = 'process where true'", 2, 1,
                "the rule is for windows, macos, not for linux"),
            Refusal("[rule]\nname = \"a\u{0}b\"", 2, 10, "a control character is not allowed here"),
            Refusal(
                "[rule]\nquery = 'process where true'\n[[rule.threat]]\n[rule.threat.tactic]\nid = 5", 5, 1,
                "`id` must be a text"),
            Refusal(
                "[rule]\nquery = 'process where true'\nthreat = [1]", 3, 1,
                "`threat` must be a list of tables"),
        ])
    func refusals(_ refusal: Refusal) {
        let found = error(bytes(refusal.text))
        #expect(found?.position?.line == refusal.line)
        #expect(found?.position?.column == refusal.column)
        #expect(found?.message == refusal.message)
    }

    @Test(
        "that are not TOML are refused where they are not",
        arguments: [
            ("[rule\nname = 1", 1), ("[rule]\nname = \"a", 2), ("[rule]\nname = \n", 2),
            ("a = 1\na = 2\n", 2),
            ("]", 1), ("[rule]\nquery = '''\nprocess", 2), ("x = {a = 1", 1), ("[a]\n[a]\n", 2),
        ])
    func syntax(text: String, line: Int) throws {
        let found = try #require(error(bytes(text)))
        guard case .syntax = found.reason else {
            Issue.record("\(found.reason)")
            return
        }
        #expect(found.position?.line == line)
        #expect(found.excerpt != nil)
    }

    @Test("show an error of the query where it stands in the file")
    func queryErrors() throws {
        // the unknown field is written after what moves it: escapes, line
        // continuations, quotes, characters of several bytes
        for (query, line, column) in [
            ("\"process where bad.field == 1\"", 3, 24),
            ("'process where bad.field == 1'", 3, 24),
            ("'''process where\n  bad.field == 1'''", 4, 3),
            ("'''\nprocess where\n\tbad.field == 1\n'''", 5, 2),
            ("\"\"\"\nprocess where process.name == \\\"é\\\" and bad.field == 1\"\"\"", 4, 41),
            ("\"\"\"process where \\\n     bad.field == 1\"\"\"", 4, 6),
            ("\"process\\twhere\\u0020bad.field == 1\"", 3, 30),
            ("\"\"\"\nprocess where process.name == \"\\u00e9\" and\r\n bad.field == 1\"\"\"", 5, 2),
        ] {
            let text = "[rule]\nname = \"'''\" # \"\"\"\nquery = \(query)\n"
            let found = try #require(error(bytes(text)), "\(query)")
            guard case .query = found.reason else {
                Issue.record("\(query): \(found)")
                continue
            }
            #expect(found.position == FilePosition(line: line, column: column), "\(query): \(found)")
            let excerpt = try #require(found.excerpt)
            let marked = excerpt.text.dropFirst(excerpt.indent).prefix(excerpt.length)
            #expect(marked == "bad.field", "\(query): \(found)")
            #expect(found.description.contains("^~~~~~~~~"))
        }
    }

    @Test("of bare queries show errors where they stand")
    func bareErrors() throws {
        let found = try #require(error(bytes("process where\n  bad.field == 1"), file: "x.eql"))
        #expect(found.position == FilePosition(line: 2, column: 3))
    }

    @Test("that are hostile are refused without a crash")
    func hostile() {
        var random = SystemRandomNumberGenerator()
        let inputs: [[UInt8]] = [
            [], [0], [0xff, 0xfe, 0, 1], (0..<4_096).map { _ in UInt8.random(in: 0...255, using: &random) },
            [0x7f, 0x45, 0x4c, 0x46] + [UInt8](repeating: 0, count: 1_000),
            [UInt8](repeating: UInt8(ascii: "["), count: 100_000),
            bytes("a = " + String(repeating: "[", count: 100_000)),
            bytes("a = " + String(repeating: "{a=", count: 100_000)),
            bytes("[" + String(repeating: "a.", count: 100_000) + "a]"),
            bytes(String(repeating: "a.", count: 50_000) + "a = 1"),
            bytes("[rule]\nquery = '" + String(repeating: "(", count: 10_000) + "'"),
            bytes("[rule]\nquery = '''" + String(repeating: "process where true or ", count: 50_000) + "'''"),
            bytes("[rule]\nquery = \"" + String(repeating: "x", count: 1 << 20) + "\""),
            bytes("x = \"\\ud800\""), bytes("x = \"\\UFFFFFFFF\""), bytes("x = 99999999999999999999"),
            bytes("x = 2026-13-45"), [0xef, 0xbb, 0xbf] + bytes("[rule]"), bytes("x = \"é") + [0xc3, 0x28],
            [UInt8](repeating: UInt8(ascii: "#"), count: 5 << 20),
        ]
        for input in inputs {
            #expect(error(input) != nil)
            #expect(error(input, file: "x.eql") != nil)
        }
    }

    @Test("are refused whatever is done to a good one, or mean something valid")
    func mutations() {
        let good = bytes(Self.detectionLayout)
        var random = SystemRandomNumberGenerator()
        for _ in 0..<1_500 {
            var content = good
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<content.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: content[place] = UInt8.random(in: 0...255, using: &random)
                case 1: content.remove(at: place)
                default:
                    content.insert("\"'[]{}.=\\\n#".utf8.randomElement(using: &random) ?? 0, at: place)
                }
            }
            if let found = error(content) { #expect(!found.description.isEmpty) }
        }
    }
}

@Suite("The built-in rules")
struct BuiltInRuleTests {
    @Test("all load, and one is the default")
    func load() throws {
        var loaded = LoadedRules()
        for file in BuiltInRules.files {
            loaded.append(content: file.bytes, file: file.name, ruleset: BuiltInRules.ruleset)
        }
        #expect(loaded.errors.isEmpty, "\(loaded.errors.map(\.description))")
        #expect(loaded.rules.count == BuiltInRules.files.count)
        #expect(BuiltInRules.files.filter(\.isDefault).map(\.name) == ["imds-api-request.toml"])
        for rule in loaded.rules {
            #expect(UUID(uuidString: rule.id) != nil)
            #expect(!rule.description.isEmpty)
            #expect(rule.license == "Apache-2.0")
            #expect(!rule.references.isEmpty)
            #expect(rule.threats.map(\.tactic?.id) == ["TA0006", "TA0007"])
        }
    }

    @Test("begin with a comment that says where they come from")
    func origin() {
        for file in BuiltInRules.files { #expect(file.bytes.starts(with: Array("# ".utf8))) }
    }
}
