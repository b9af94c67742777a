import EQL
import Events
import Fixtures
import Testing

/// Every operator with every kind of value, against rules that are written down
/// here once more, as plainly as they can be: `EQL.md` §2.
@Suite("Conformance")
struct ConformanceTests {
    /// How an operator stands to one value and one literal.
    struct Operator: Sendable, CustomTestStringConvertible {
        let name: String
        /// Holds where the positive test fails.
        var isNegative = false
        var takesList = false
        let holds: @Sendable (_ value: String, _ literal: String) -> Bool

        var testDescription: String { name }
    }

    private static let operators: [Operator] = [
        Operator(name: "==") { $0 == $1 },
        Operator(name: "!=", isNegative: true) { $0 == $1 },
        Operator(name: "<") { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) },
        Operator(name: "<=") { !Array($1.utf8).lexicographicallyPrecedes(Array($0.utf8)) },
        Operator(name: ">") { Array($1.utf8).lexicographicallyPrecedes(Array($0.utf8)) },
        Operator(name: ">=") { !Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) },
        Operator(name: ":", takesList: true) { wild(fold($0), fold($1)) },
        Operator(name: "like", takesList: true) { wild($0, $1) },
        Operator(name: "like~", takesList: true) { wild(fold($0), fold($1)) },
        Operator(name: "in", takesList: true) { $0 == $1 },
        Operator(name: "in~", takesList: true) { fold($0) == fold($1) },
        Operator(name: "not in", isNegative: true, takesList: true) { $0 == $1 },
        Operator(name: "not in~", isNegative: true, takesList: true) { fold($0) == fold($1) },
        Operator(name: "regex", takesList: true) { $0 == $1 },
        Operator(name: "regex~", takesList: true) { fold($0) == fold($1) },
    ]

    private static let values: [[String]] = [
        [], [""], ["curl"], ["Curl"], ["CURL"], ["curlie"], ["cur"], ["é"], ["curl", "wget"],
        ["wget", "Curl"],
        ["wget", "nc"], ["", "curl"],
    ]

    private static let literals = ["", "curl", "Curl", "wget", "zsh", "é"]
    private static let patterns = ["c*", "*", "?url", "*URL", "c?rl*", "w*t", "?*"]

    @Test("holds for every operator, value and literal, alone and negated", arguments: operators)
    func everyOperator(_ op: Operator) throws {
        let wild = [":", "like", "like~"].contains(op.name)
        for literal in Self.literals + (wild ? Self.patterns : []) {
            let list = op.name.contains("in") ? "(\"\(literal)\")" : "\"\(literal)\""
            try check("process.args \(op.name) \(list)", op, [literal])
        }
        guard op.takesList else { return }
        for (one, other) in [("curl", "wget"), ("x", "CURL"), ("nc", "nc"), ("", "zsh")] {
            try check("process.args \(op.name) (\"\(one)\", \"\(other)\")", op, [one, other])
        }
    }

    private func check(_ condition: String, _ op: Operator, _ literals: [String]) throws {
        let query = try program(condition)
        let negated = try program("not \(condition)")
        let optional = try program("?\(condition)")
        let wrapped = try program("not (not (\(condition)))")
        for values in Self.values {
            // logic is two-valued: a missing value fails every positive test
            let positive = values.contains { value in literals.contains { op.holds(value, $0) } }
            let expected = op.isNegative ? !positive : positive
            for kind in [EventKind.document, .exec] {
                let event = Event.made(kind, [.processArgs: .texts(values)])
                #expect(query.matches(event) == expected, "\(condition) over \(values)")
                #expect(negated.matches(event) == !expected, "not \(condition) over \(values)")
                #expect(optional.matches(event) == expected, "?\(condition) over \(values)")
                #expect(wrapped.matches(event) == expected, "not not \(condition) over \(values)")
            }
        }
    }

    private func program(_ condition: String) throws -> Program {
        let query = try Query.compile("any where \(condition)")
        return try #require(query.stages.first).program
    }

    private static func fold(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map {
                    ("A"..."Z").contains($0) ? Unicode.Scalar($0.value + 32) ?? $0 : $0
                }))
    }

    /// Whether a text fits a pattern, by trying everything.
    private static func wild(_ text: String, _ pattern: String) -> Bool {
        guard let first = pattern.unicodeScalars.first else { return text.isEmpty }
        let rest = String(pattern.unicodeScalars.dropFirst())
        if first == "*" {
            return (0...text.unicodeScalars.count).contains { count in
                wild(String(text.unicodeScalars.dropFirst(count)), rest)
            }
        }
        guard let next = text.unicodeScalars.first, first == "?" || first == next else { return false }
        return wild(String(text.unicodeScalars.dropFirst()), rest)
    }

    // MARK: Addresses

    /// Forms of the same address, an address each.
    private static let addresses: [[String]] = [
        [
            "169.254.169.254", "::ffff:169.254.169.254", "::ffff:a9fe:a9fe", "0:0:0:0:0:ffff:a9fe:a9fe",
            "::FFFF:A9FE:A9FE",
        ],
        ["fd00:ec2::254", "fd00:0ec2:0:0:0:0:0:0254", "FD00:EC2::254", "fd00:ec2:0::0:254"],
        ["::1", "0:0:0:0:0:0:0:1", "0000::0001"],
        ["10.0.0.1", "::ffff:10.0.0.1"],
        ["::10.0.0.1", "::a00:1"],
    ]

    @Test("knows all forms of an address as one", arguments: 0..<addresses.count)
    func addressForms(number: Int) throws {
        for (other, forms) in Self.addresses.enumerated() {
            for literal in forms {
                let isSame = other == number
                for (condition, expected) in [
                    ("destination.ip == \"\(literal)\"", isSame),
                    ("destination.ip != \"\(literal)\"", !isSame),
                    ("destination.ip in (\"192.0.2.1\", \"\(literal)\")", isSame),
                    ("destination.ip not in (\"\(literal)\")", !isSame),
                    ("cidrMatch(destination.ip, \"\(literal)\")", isSame),
                    ("not cidrMatch(destination.ip, \"192.0.2.0/24\", \"\(literal)\")", !isSame),
                ] {
                    let query = try program(condition)
                    for form in Self.addresses[number] {
                        let event = Event.made(
                            .document, [.destinationIP: FieldValue(stringLiteral: form)])
                        #expect(query.matches(event) == expected, "\(condition) over \(form)")
                    }
                    let missing = Event.made(.document)
                    let isNegative = condition.contains("not") || condition.contains("!=")
                    #expect(query.matches(missing) == isNegative, "\(condition) over nothing")
                }
            }
        }
    }

    @Test("knows blocks of addresses in both families")
    func blocks() throws {
        for (block, inside, outside) in [
            (
                "169.254.0.0/16", ["169.254.0.0", "169.254.255.255", "::ffff:169.254.1.1"],
                ["169.253.255.255", "fe80::1"]
            ),
            ("fd00::/8", ["fd00::", "fdff:ffff::1"], ["fc00::1", "10.0.0.1"]),
            ("::/0", ["::", "10.0.0.1", "ffff::"], []),
            ("0.0.0.0/0", ["0.0.0.0", "255.255.255.255"], ["::1", "fe80::1"]),
            ("10.1.2.3/32", ["10.1.2.3"], ["10.1.2.2", "10.1.2.4"]),
        ] as [(String, [String], [String])] {
            let query = try program("cidrMatch(destination.ip, \"\(block)\")")
            for address in inside + outside {
                let event = Event.made(.document, [.destinationIP: FieldValue(stringLiteral: address)])
                #expect(query.matches(event) == inside.contains(address), "\(address) in \(block)")
            }
        }
    }
}
