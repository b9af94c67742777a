internal import EQL
internal import RuleFiles
internal import Rules

/// Where rules come from: files, directories and built-in rules by name, or
/// what is loaded if nothing is asked for.
struct RuleSources {
    /// What `--rules` says; nil for the default.
    let paths: [String]?

    /// What a built-in rule is called by on the command line.
    static let builtInPrefix = "builtin:"

    private static let usualDirectory = "/etc/imdswatch/rules.d"

    func load(for source: Query.Source = .live) -> LoadedRules {
        let files = HostFiles()
        var loaded = LoadedRules(for: source)
        guard let paths else {
            for file in BuiltInRules.files where file.isDefault { loaded.append(file) }
            if files.exists(Self.usualDirectory) {
                loaded.append(path: Self.usualDirectory, from: files, mayBeEmpty: true)
            }
            return loaded
        }
        for path in paths {
            guard path.hasPrefix(Self.builtInPrefix) else {
                loaded.append(path: path, from: files)
                continue
            }
            let title = path.dropFirst(Self.builtInPrefix.count)
            let found = BuiltInRules.files.filter { $0.title == title || title == "all" }
            for file in found { loaded.append(file) }
            if found.isEmpty {
                let known = BuiltInRules.files.map(\.title) + ["all"]
                loaded.refuse(RuleFileError(file: path, reason: .unknownBuiltIn(known: known)))
            }
        }
        return loaded
    }

    /// The built-in rule that a loaded rule was read from, if it is one.
    static func builtIn(_ file: String) -> BuiltInRules.File? {
        guard file.hasPrefix(builtInPrefix) else { return nil }
        return BuiltInRules.files.first { builtInPrefix + $0.title == file }
    }
}

extension LoadedRules {
    /// Adds a built-in rule.
    mutating func append(_ file: BuiltInRules.File) {
        append(
            content: file.bytes, file: RuleSources.builtInPrefix + file.title, ruleset: BuiltInRules.ruleset)
    }
}
