public import Detection
public import EQL

/// The rules of some files and directories, and the files that were refused.
public struct LoadedRules: Sendable {
    public var rules: [Rule] = []
    /// In the order of the files; empty if all were loaded.
    public var errors: [RuleFileError] = []
    /// What became of each file, in the order of the files.
    public private(set) var outcomes: [Outcome] = []
    private let source: Query.Source

    /// What became of a file: an index into `rules` or `errors`.
    public enum Outcome: Sendable {
        case loaded(Int)
        case refused(Int)
    }

    /// - Parameter source: where the events come from.
    public init(for source: Query.Source = .live) {
        self.source = source
    }

    /// Adds a rule, unless another has its id.
    public mutating func append(_ rule: Rule) { append(rule, read: []) }

    /// - Parameter bytes: the content of the file, to show where the id stands.
    private mutating func append(_ rule: Rule, read bytes: [UInt8]) {
        if let same = rules.first(where: { $0.id == rule.id }) {
            let reason = RuleFileError.Reason.duplicateID(rule.id, file: same.file)
            var error = RuleFile.error(reason, atIDIn: bytes, file: rule.file)
            error.ruleID = rule.id
            error.ruleName = rule.name
            return refuse(error)
        }
        outcomes.append(.loaded(rules.count))
        rules.append(rule)
    }

    /// Notes that a file was refused.
    public mutating func refuse(_ error: RuleFileError) {
        outcomes.append(.refused(errors.count))
        errors.append(error)
    }

    /// Adds a rule whose content is at hand, such as a built-in one.
    public mutating func append(content bytes: [UInt8], file: String, ruleset: String? = nil) {
        do throws(RuleFileError) {
            let rule = try RuleFile.rule(from: bytes, file: file, ruleset: ruleset, source: source)
            append(rule, read: bytes)
        } catch {
            refuse(error)
        }
    }

    /// Adds what a path names: a file, or the `.toml` and `.eql` files of a
    /// directory, sorted by name; not those of directories in it, and not files
    /// of tests.
    ///
    /// - Parameter mayBeEmpty: a directory without a rule is no error.
    public mutating func append<Files: FileAccess>(
        path: String, from files: Files, mayBeEmpty: Bool = false
    ) {
        do throws(RuleFileError) {
            let paths = try RuleFile.paths(at: path, in: files)
            if paths.isEmpty, !mayBeEmpty { throw RuleFileError(file: path, reason: .noRuleFiles) }
            for file in paths { append(file: file, from: files) }
        } catch {
            refuse(error)
        }
    }

    private mutating func append<Files: FileAccess>(file: String, from files: Files) {
        do throws(RuleFileError) {
            append(content: try files.readTrusted(file), file: file)
        } catch {
            refuse(error)
        }
    }
}

extension RuleFile {
    fileprivate static func paths<Files: FileAccess>(
        at path: String, in files: Files
    ) throws(RuleFileError) -> [String] {
        do throws(FileProblem) {
            guard try files.attributes(of: path).isDirectory else { return [path] }
            let names = try files.names(in: path).filter {
                !$0.hasPrefix(".") && ($0.hasSuffix(".toml") || $0.hasSuffix(".eql"))
                    && !$0.hasSuffix(RuleTestFile.ending)
            }
            let directory = path.hasSuffix("/") ? path : "\(path)/"
            return names.sorted().map { directory + $0 }
        } catch {
            throw RuleFileError(file: path, reason: .file(error))
        }
    }
}

extension ExceptionFile {
    /// Reads a file that can be trusted.
    public static func exceptions<Files: FileAccess>(
        at path: String, from files: Files, source: Query.Source = .live
    ) throws(RuleFileError) -> [Exception] {
        try exceptions(from: files.readTrusted(path), file: path, source: source)
    }
}

extension Configuration {
    /// Reads a file that can be trusted.
    public init<Files: FileAccess>(at path: String, from files: Files) throws(RuleFileError) {
        try self.init(from: files.readTrusted(path), file: path)
    }
}

extension RuleTestFile {
    /// Reads the tests that stand beside a rule, from files that can be trusted.
    public static func tests<Files: FileAccess>(
        ofRule file: String, from files: Files
    ) throws(RuleFileError) -> [RuleTest] {
        let path = path(forRule: file)
        return try tests(from: files.readTrusted(path), file: path, files: files)
    }
}
