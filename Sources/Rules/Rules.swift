/// The rule files that are part of the program.
public enum BuiltInRules {
    /// A rule file: its name, its content, and whether it is loaded unless
    /// other rules are asked for.
    public struct File: Sendable {
        public let name: String
        public let bytes: [UInt8]
        public let isDefault: Bool
        /// The tests of the rule, as `imdswatch rules test` reads them.
        public let tests: [UInt8]

        /// What the command line calls the rule: the file's name without its
        /// ending.
        public var title: String { String(name.dropLast(".toml".count)) }
    }

    /// Names of the files that are loaded by default; the others are opt-in.
    private static let defaults: Set<String> = ["imds-api-request.toml"]

    /// All rule files, by name.
    public static let files: [File] = {
        let contents = embeddedFiles.map { (name: $0.name.description, bytes: decode($0.hex)) }
        let tests = Dictionary(uniqueKeysWithValues: contents.filter { $0.name.hasSuffix(testEnding) })
        return contents.filter { !$0.name.hasSuffix(testEnding) }.map { name, bytes in
            File(
                name: name, bytes: bytes, isDefault: defaults.contains(name),
                tests: tests[name.dropLast(".toml".count) + testEnding] ?? [])
        }
    }()

    private static let testEnding = ".tests.toml"

    /// The collection that built-in rules belong to, `rule.ruleset` of an alert.
    public static let ruleset = "imdswatch"

    private static func decode(_ hex: StaticString) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(hex.utf8CodeUnitCount / 2)
        var high: UInt8?
        for digit in hex.description.utf8 {
            let value =
                digit >= UInt8(ascii: "a") ? digit - UInt8(ascii: "a") + 10 : digit - UInt8(ascii: "0")
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return bytes
    }
}
