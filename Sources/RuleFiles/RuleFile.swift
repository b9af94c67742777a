public import Detection
public import EQL

/// Reads one rule from the content of a file.
public enum RuleFile {
    /// Keys that change what a rule does elsewhere and have no effect here.
    private static let ignoredKeys = [
        "actions", "optional_actions", "response_actions", "exceptions_list", "filters",
        "alert_suppression", "threshold", "index",
    ]

    private static let severities = [("low", 21), ("medium", 47), ("high", 73), ("critical", 99)]

    /// - Parameters:
    ///   - file: name of the file; with the ending `eql` it is a query alone.
    ///   - ruleset: the collection that the rule belongs to, if any.
    ///   - source: where the events come from: live, a field that the sensor
    ///     does not produce is an error.
    public static func rule(
        from bytes: [UInt8], file: String, ruleset: String? = nil, source: Query.Source = .live
    ) throws(RuleFileError) -> Rule {
        if file.hasSuffix(".eql") {
            return try bareRule(from: bytes, file: file, ruleset: ruleset, source: source)
        }
        let document = try TOMLDocument(bytes, file: file)
        guard let section = try document.root.section("rule") else {
            throw RuleFileError(
                file: file, reason: document.root.has("exception") ? .exceptions : .missingKey("rule"))
        }
        do throws(RuleFileError) {
            return try rule(in: document, section, ruleset: ruleset, source: source)
        } catch {
            // who it is about, as far as the file tells
            var error = error
            error.ruleID = (try? section.text("rule_id")) ?? (try? section.text("id"))
            error.ruleName = try? section.text("name")
            throw error
        }
    }

    private static func rule(
        in document: TOMLDocument, _ section: TOMLSection, ruleset: String?, source: Query.Source
    ) throws(RuleFileError) -> Rule {
        let file = document.file
        try checkKind(section)

        let text = try section.requiredText("query")
        let query: CompiledQuery
        do throws(EQLError) {
            query = try Query.compile(text, source: source)
        } catch {
            throw section.error(error, inTextAt: "query")
        }
        let ruleID = try section.text("rule_id")
        let id = try section.text("id")
        let (severity, riskScore) = try severity(section)
        var rule = Rule(
            id: ruleID ?? id ?? stem(of: file), name: try section.text("name") ?? stem(of: file),
            severity: severity,
            riskScore: riskScore, text: text, query: query)
        rule.description = try section.text("description") ?? ""
        rule.version = try section.textOrNumber("version") ?? "1"
        rule.authors = try section.texts("author") ?? []
        rule.license = try section.text("license")
        let reference = try section.texts("reference")
        rule.references = try section.texts("references") ?? reference ?? []
        rule.tags = try section.texts("tags") ?? []
        rule.threats =
            try threats(section.sections("threat")) + threats(document.root.sections("threat"))
        rule.ruleset = ruleset
        rule.file = file
        rule.ignored = ignoredKeys.filter { section.has($0) || document.root.has($0) }
        return rule
    }

    /// A file with nothing but a query; the file's name names the rule.
    private static func bareRule(
        from bytes: [UInt8], file: String, ruleset: String?, source: Query.Source
    ) throws(RuleFileError) -> Rule {
        guard bytes.count <= TOMLDocument.byteLimit else {
            throw RuleFileError(file: file, reason: .file(.tooLarge(limit: TOMLDocument.byteLimit)))
        }
        let content = SourceText(bytes)
        try content.checkText(file: file)
        let text = String(decoding: bytes, as: UTF8.self)
        do throws(EQLError) {
            let query = try Query.compile(text, source: source)
            let stem = stem(of: file)
            return Rule(id: stem, name: stem, ruleset: ruleset, file: file, text: text, query: query)
        } catch {
            let start = min(max(error.range.start, 0), bytes.count)
            let end = min(max(error.range.end, start), bytes.count)
            throw content.error(.query(error), at: start..<end, file: file)
        }
    }

    /// - Throws: for a rule that is more than an EQL query, or not for Linux.
    private static func checkKind(_ section: TOMLSection) throws(RuleFileError) {
        if let language = try section.text("language"), language != "eql" {
            throw section.error(.otherLanguage(language), at: "language")
        }
        if let type = try section.text("type"), type != "eql" {
            throw section.error(.otherType(type), at: "type")
        }
        if let systems = try section.texts("os_list"), !systems.contains("linux") {
            throw section.error(.otherSystem(systems), at: "os_list")
        }
        // the other public layout says it in tags
        let prefix = "OS: "
        let systems = (try section.texts("tags") ?? []).filter { $0.hasPrefix(prefix) }
            .map { String($0.dropFirst(prefix.count)).lowercased() }
        if !systems.isEmpty, !systems.contains("linux") {
            throw section.error(.otherSystem(systems), at: "tags")
        }
    }

    /// Severity and risk score; one that is missing follows the other.
    private static func severity(_ section: TOMLSection) throws(RuleFileError) -> (String, Int) {
        let name = try section.text("severity")
        let score = try section.integer("risk_score")
        if let score, !(0...100).contains(score) {
            let reason = RuleFileError.Reason.invalidValue(key: "risk_score", expected: "from 0 to 100")
            throw section.error(reason, at: "risk_score")
        }
        guard let name else {
            guard let score else { return (Rule.defaultSeverity, Rule.defaultRiskScore) }
            return (severities.last { score >= $0.1 }?.0 ?? "low", score)
        }
        guard let known = severities.first(where: { $0.0 == name }) else {
            let names = severities.map(\.0).joined(separator: ", ")
            throw section.error(.invalidValue(key: "severity", expected: "one of \(names)"), at: "severity")
        }
        return (name, score ?? known.1)
    }

    private static func threats(_ sections: [TOMLSection]) throws(RuleFileError) -> [Threat] {
        var threats: [Threat] = []
        for section in sections {
            var threat = Threat(
                framework: try section.text("framework") ?? "MITRE ATT&CK",
                tactic: try section.section("tactic").map(reference))
            for inner in try section.sections("technique") {
                let subtechniques = try inner.sections("subtechnique").map(reference)
                threat.techniques.append(
                    Threat.Technique(technique: try reference(inner), subtechniques: subtechniques))
            }
            threats.append(threat)
        }
        return threats
    }

    private static func reference(_ section: TOMLSection) throws(RuleFileError) -> Threat.Reference {
        Threat.Reference(
            id: try section.text("id") ?? "", name: try section.text("name") ?? "",
            url: try section.text("reference") ?? "")
    }

    /// An error that is about the id of a rule that loads by itself.
    static func error(
        _ reason: RuleFileError.Reason, atIDIn bytes: [UInt8], file: String
    ) -> RuleFileError {
        guard !file.hasSuffix(".eql"), let document = try? TOMLDocument(bytes, file: file),
            let section = try? document.root.section("rule")
        else { return RuleFileError(file: file, reason: reason) }
        return section.error(reason, at: section.has("rule_id") ? "rule_id" : "id")
    }

    /// The name of a file without its directory and ending.
    static func stem(of file: String) -> String {
        let name = file.split(separator: "/").last ?? file[...]
        guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return String(name) }
        return String(name[..<dot])
    }
}
