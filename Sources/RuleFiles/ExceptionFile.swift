public import Detection
public import EQL

/// Reads exceptions: tables named `exception`, each with `name`, `reason`,
/// `condition`, and optionally `expires` and `rules`.
public enum ExceptionFile {
    public static func exceptions(
        from bytes: [UInt8], file: String, source: Query.Source = .live
    ) throws(RuleFileError) -> [Exception] {
        let document = try TOMLDocument(bytes, file: file)
        if document.root.has("rule"), !document.root.has("exception") {
            throw RuleFileError(file: file, reason: .rule)
        }
        try document.root.checkKeys(["exception"])
        var exceptions: [Exception] = []
        for section in try document.root.sections("exception") {
            // a key that is not understood could be what limits the exception
            try section.checkKeys(["name", "reason", "condition", "expires", "rules"])
            let text = try section.requiredText("condition")
            let query: CompiledQuery
            do throws(EQLError) {
                query = try Query.compile(text, role: .exception, source: source)
            } catch {
                throw section.error(error, inTextAt: "condition")
            }
            guard query.shape == .event else {
                let expected = "a condition on one event, not a sequence"
                throw section.error(.invalidValue(key: "condition", expected: expected), at: "condition")
            }
            let rules = try section.texts("rules")
            if let rules, rules.isEmpty {
                let expected = "ids of rules; without the key it is for all rules"
                throw section.error(.invalidValue(key: "rules", expected: expected), at: "rules")
            }
            exceptions.append(
                Exception(
                    name: try section.requiredText("name"), reason: try section.requiredText("reason"),
                    expires: try section.moment("expires"), rules: rules ?? [],
                    text: text, query: query, file: file))
        }
        return exceptions
    }
}
