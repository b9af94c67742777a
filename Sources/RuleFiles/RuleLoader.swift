public import Detection
public import EQL

/// The rules of some files and directories, and the files that were refused.
public struct LoadedRules: Sendable {
    public var rules: [Rule] = []
    /// In the order of the files; empty if all were loaded.
    public var errors: [RuleFileError] = []
    private let source: Query.Source

    /// - Parameter source: where the events come from.
    public init(for source: Query.Source = .live) {
        self.source = source
    }

    /// Adds a rule, unless another has its id.
    public mutating func append(_ rule: Rule) {
        guard let same = rules.first(where: { $0.id == rule.id }) else { return rules.append(rule) }
        errors.append(RuleFileError(file: rule.file, reason: .duplicateID(rule.id, file: same.file)))
    }

    /// Adds a rule whose content is at hand, such as a built-in one.
    public mutating func append(content bytes: [UInt8], file: String, ruleset: String? = nil) {
        do throws(RuleFileError) {
            append(try RuleFile.rule(from: bytes, file: file, ruleset: ruleset, source: source))
        } catch {
            errors.append(error)
        }
    }

    /// Adds what a path names: a file, or the `.toml` and `.eql` files of a
    /// directory, sorted by name; not those of directories in it.
    public mutating func append<Files: FileAccess>(path: String, from files: Files) {
        do throws(RuleFileError) {
            for file in try RuleFile.paths(at: path, in: files) { append(file: file, from: files) }
        } catch {
            errors.append(error)
        }
    }

    private mutating func append<Files: FileAccess>(file: String, from files: Files) {
        do throws(RuleFileError) {
            append(content: try files.readTrusted(file), file: file)
        } catch {
            errors.append(error)
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
