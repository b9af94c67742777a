public import Detection
public import EQL
public import Events

/// Why an exception that loads may not do what it is written for.
public struct ExceptionWarning: Sendable, Equatable {
    public enum Cause: Sendable, Equatable {
        /// It ended at this moment, in nanoseconds since 1970, UTC.
        case expired(Int64)
        /// It names a rule that is not loaded.
        case unknownRule(String)
        /// The sensor has no event that satisfies the condition.
        case impossible
        /// It compares this id with what is no number.
        case wordAsID(Field)
        /// It compares this field with a text in which a star stands for itself.
        case literalStar(Field)
        /// It compares this field with a regular expression that has ^ or $.
        case anchors(Field)
        /// It asks for an executable by this path, which is not absolute.
        case relativePath(String)
        /// It asks for an executable at, or below, the first path, which leads to the second.
        case link(String, String)
        /// It asks for a unit by this name, which is none of a service or scope.
        case noUnit(String)
        /// It names a rule by its name; that has this id.
        case ruleByName(String, id: String)
        /// Another one before it in the file has its name, by which hits are told.
        case sameName
        /// It holds for a program that nobody has heard of.
        case unlimited
        /// What it asks for, any user can bring about.
        case arranged
        /// The same for who makes a mount namespace, or is in a container.
        case anyMounts
        /// It holds for whatever a user runs.
        case anyProgram
        /// It tests this field, which may have changed since it was learnt.
        case outdated(Field)
    }

    /// Name of the exception, and the file it stands in.
    public var exception: String
    public var file: String
    public var cause: Cause

    public init(exception: String, file: String, cause: Cause) {
        self.exception = exception
        self.file = file
        self.cause = cause
    }
}

extension ExceptionFile {
    /// What is to be told of exceptions, in their order.
    public static func warnings(
        of exceptions: [Exception], rules: [Rule], source: Query.Source = .live, at now: Int64,
        resolving resolve: (String) -> String? = { _ in nil }
    ) -> [ExceptionWarning] {
        Array(
            warningsOfEach(exceptions, rules: rules, source: source, at: now, resolving: resolve).joined())
    }

    /// What is to be told of each exception.
    ///
    /// - Parameters:
    ///   - rules: those that are loaded with them.
    ///   - source: where the events come from.
    ///   - now: nanoseconds since 1970, UTC.
    ///   - resolve: of a path on this host, where links lead to another, that.
    public static func warningsOfEach(
        _ exceptions: [Exception], rules: [Rule], source: Query.Source = .live, at now: Int64,
        resolving resolve: (String) -> String? = { _ in nil }
    ) -> [[ExceptionWarning]] {
        let known = Set(rules.map(\.id))
        // documents can tell of events, and with values, that the sensor has not
        let reach = source == .live ? reach(of: exceptions, rules) : exceptions.map { _ in nil }
        var names: Set<String> = []
        return zip(exceptions, reach).map { exception, reach in
            var warnings: [ExceptionWarning] = []
            func warn(_ cause: ExceptionWarning.Cause) {
                warnings.append(
                    ExceptionWarning(exception: exception.name, file: exception.file, cause: cause))
            }
            if let end = exception.expires, end <= now { warn(.expired(end)) }
            if !names.insert(exception.name).inserted { warn(.sameName) }
            for id in exception.rules where !known.contains(id) {
                let named = rules.first { $0.name == id }
                warn(named.map { .ruleByName(id, id: $0.id) } ?? .unknownRule(id))
            }
            guard source == .live else { return warnings }
            let requirement = exception.query.requirement
            if requirement.kinds.isEmpty {
                warn(.impossible)
            } else if let reach {
                warn(reach)
            }
            var words = requirement.wordsAsIDs
            while let field = words.popFirst() { warn(.wordAsID(field)) }
            var stars = requirement.literalStars
            while let field = stars.popFirst() { warn(.literalStar(field)) }
            var anchors = requirement.anchors
            while let field = anchors.popFirst() { warn(.anchors(field)) }
            for cause in values(of: exception, resolving: resolve) { warn(cause) }
            var fields = ProcessRole.fieldsOfPrograms
            while let field = fields.popFirst() {
                if requirement.fields.contains(field) { warn(.outdated(field)) }
            }
            return warnings
        }
    }

    /// For whom else each exception is: `unlimited`, `arranged`, `anyMounts` or nobody.
    private static func reach(of exceptions: [Exception], _ rules: [Rule]) -> [ExceptionWarning.Cause?] {
        let unlimited = Stranger(rules: rules).satisfied(of: exceptions.map(\.query))
        let reach = Anyone.reach(of: exceptions, where: unlimited.map { !$0 })
        return zip(unlimited, reach).map { isUnlimited, reach in
            switch reach {
            case _ where isUnlimited: .unlimited
            case .arranged: .arranged
            case .mounts: .anyMounts
            case .user: .anyProgram
            case nil: nil
            }
        }
    }

    /// Values that it asks for and that no live event has, each once.
    private static func values(
        of exception: Exception, resolving resolve: (String) -> String?
    ) -> [ExceptionWarning.Cause] {
        let executables = FieldSet(ProcessRole.allCases.map(\.executable) + [.processPreviousExecutable])
        var causes: [ExceptionWarning.Cause] = []
        func add(_ cause: ExceptionWarning.Cause) { if !causes.contains(cause) { causes.append(cause) } }
        // the links of a container are its own
        let isOfHost = !exception.query.requirement.fields.contains(.containerID)
        // it compiled before
        _ = try? Query.compile(exception.text, role: .exception) { test in
            // to keep out what was called by such a path is something else
            guard test.isWanted else { return false }
            if test.fields.isSubset(of: executables) {
                for (text, isWhole) in test.heads {
                    let path = isWhole ? text : String(text[..<(text.lastIndex(of: "/") ?? text.startIndex)])
                    if let first = text.first, first != "/" {
                        add(.relativePath(text))
                    } else if isOfHost, !path.isEmpty, let target = resolve(path) {
                        add(.link(path, target))
                    }
                }
            } else if test.fields == FieldSet([.serviceName]) {
                for (text, isWhole) in test.heads where isWhole {
                    if !text.hasSuffix(".service"), !text.hasSuffix(".scope") { add(.noUnit(text)) }
                }
            }
            return false
        }
        return causes
    }
}
