/// The rule files that are part of the program.
public enum BuiltInRules {
    /// A rule file: its name, its content, and whether it is loaded unless
    /// other rules are asked for.
    public struct File: Sendable {
        public let name: String
        public let bytes: [UInt8]
        public let isDefault: Bool
    }

    /// Names of the files that are loaded by default; the others are opt-in.
    private static let defaults: Set<String> = ["imds-api-request.toml"]

    /// All files, by name.
    public static let files: [File] = embeddedFiles.map { file in
        let name = file.name.description
        return File(name: name, bytes: decode(file.hex), isDefault: defaults.contains(name))
    }

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
