public import EQL

/// Why a rule, exception or configuration file was refused, and where.
public struct RuleFileError: Error, Sendable {
    public enum Reason: Sendable {
        case file(FileProblem)
        /// A byte that is not part of valid UTF-8.
        case notText
        /// A control character that TOML and EQL do not allow.
        case controlCharacter
        /// Not TOML.
        case syntax(String)
        case missingKey(String)
        case unknownKey(String, known: [String])
        /// A file of exceptions where a rule should be, and the other way round.
        case exceptions, rule
        case wrongType(key: String, expected: String)
        case invalidValue(key: String, expected: String)
        /// The query is written in another language than EQL.
        case otherLanguage(String)
        /// The rule is of a type whose meaning is not in its query alone.
        case otherType(String)
        /// The rule is for other operating systems.
        case otherSystem([String])
        case query(EQLError)
        /// Another loaded rule has the same id.
        case duplicateID(String, file: String)
        /// A directory without a rule file.
        case noRuleFiles
        /// No built-in rule has that name.
        case unknownBuiltIn(known: [String])
    }

    public var file: String
    public var position: FilePosition?
    public var reason: Reason
    public var excerpt: SourceExcerpt?
    /// Id and name of the rule, where the file tells them.
    public var ruleID: String?
    public var ruleName: String?

    public init(
        file: String, position: FilePosition? = nil, reason: Reason, excerpt: SourceExcerpt? = nil
    ) {
        self.file = file
        self.position = position
        self.reason = reason
        self.excerpt = excerpt
    }
}

extension RuleFileError: CustomStringConvertible {
    /// File, position, reason, and the line with a mark below: what a person
    /// reads.
    public var description: String {
        var text = file
        if let position { text += ":\(position.line):\(position.column)" }
        text += ": \(message)"
        guard let position, let excerpt else { return text }
        let number = "\(position.line)"
        let margin = String(repeating: " ", count: number.count)
        text += "\n  \(number) | \(excerpt.text)"
        text += "\n  \(margin) | " + String(repeating: " ", count: excerpt.indent) + "^"
        text += String(repeating: "~", count: excerpt.length - 1)
        return text
    }

    /// The reason as a sentence.
    public var message: String {
        switch reason {
        case .file(let problem): problem.message
        case .notText: "not UTF-8 text"
        case .controlCharacter: "a control character is not allowed here"
        case .syntax(let words): words
        case .missingKey(let key): "`\(key)` is missing"
        case .unknownKey(let key, let known):
            "`\(key)` is not known here; known are \(known.joined(separator: ", "))"
        case .exceptions: "these are exceptions, not a rule: name the file with --exceptions"
        case .rule: "this is a rule, not a file of exceptions: name it with --rules"
        case .wrongType(let key, let expected): "`\(key)` must be \(expected)"
        case .invalidValue(let key, let expected): "`\(key)` must be \(expected)"
        case .otherLanguage(let language): "the query is in \(language), and only EQL can be run"
        case .otherType(let type): "a rule of type \(type) cannot be run: its query is not all of it"
        case .otherSystem(let systems): "the rule is for \(systems.joined(separator: ", ")), not for linux"
        case .query(let error): error.message
        case .duplicateID(let id, let file): "the id \(id) is already that of the rule in \(file)"
        case .noRuleFiles:
            "no rule file in this directory: none ends in .toml or .eql; directories in it are not searched"
        case .unknownBuiltIn(let known):
            "no built-in rule has that name; there are \(known.joined(separator: ", "))"
        }
    }

    /// The kind of the reason in one word, to sort refused rules by.
    public var cause: String {
        switch reason {
        case .file, .noRuleFiles, .unknownBuiltIn: "file"
        case .notText, .controlCharacter, .syntax: "syntax"
        case .missingKey, .unknownKey, .exceptions, .rule, .wrongType, .invalidValue: "key"
        case .otherLanguage: "language"
        case .otherType: "type"
        case .otherSystem: "system"
        case .duplicateID: "duplicate"
        case .query(let error):
            switch error.reason {
            case .unknownField, .notProduced: "field"
            case .unsupported: "feature"
            default: "query"
            }
        }
    }
}

extension FileProblem {
    fileprivate var message: String {
        switch self {
        case .missing: "no such file"
        case .refused(let code): "cannot be read: \(FileProblem.text(ofError: code))"
        case .tooLarge(let limit): "is larger than \(limit) bytes"
        case .notAFile: "is not a regular file"
        case .foreignOwner(let owner):
            "belongs to user \(owner); it must belong to root or to who runs imdswatch"
        case .writableByOthers: "can be written by others; take that permission away (chmod o-w)"
        case .writableByGroup(let group):
            "can be written by group \(group); take that permission away (chmod g-w)"
        }
    }

    /// The errors that files give, in words.
    private static func text(ofError code: Int32) -> String {
        switch code {
        case 1, 13: "permission denied"
        case 5: "the device failed"
        case 21: "it is a directory"
        case 36: "the name is too long"
        case 40: "symbolic links lead in a circle"
        default: "error \(code)"
        }
    }
}
