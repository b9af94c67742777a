extension EQLError {
    /// The reason as a sentence, with what to write instead where that helps.
    public var message: String {
        switch reason {
        case .empty: "the query is empty"
        case .queryTooLong(let bytes, let limit): "the query is \(bytes) bytes long; \(limit) are allowed"
        case .nestedTooDeeply(let limit): "nested more than \(limit) deep"
        case .listTooLong(let limit): "the list has more than \(limit) values"
        case .patternTooLong(let bytes, let limit):
            "the pattern is \(bytes) bytes long; \(limit) are allowed"
        case .tooManyConditions(let limit): "more than \(limit) tests"
        case .tooManyStages(let limit): "more than \(limit) stages"
        case .tooManyKeys(let limit): "more than \(limit) keys"
        case .tooManyFieldsInCall(let limit): "more than \(limit) fields in one test"

        case .unexpectedCharacter(let scalar): "unexpected \(EQLError.name(of: scalar))"
        case .unterminatedString: "the string is not closed"
        case .unterminatedComment: "the comment is not closed with “*/”"
        case .unterminatedName: "the quoted name is not closed with “`”"
        case .emptyName: "the name is empty"
        case .lineBreakInString: "a string cannot contain a line break; write \\n"
        case .singleQuotes: "single quotes do not make a string; use \"…\""
        case .oldRawString: "?\"…\" is no longer a string; use \"\"\"…\"\"\""
        case .unknownEscape(let scalar):
            "unknown escape \\\(scalar); write \\\\ for a backslash, or use \"\"\"…\"\"\""
        case .escapedWildcard(let scalar):
            "\\\(scalar) is not an escape: a wildcard cannot be made literal; use “==” or a regex"
        case .invalidUnicodeEscape: "not a character; write \\u{…} with its hexadecimal number"
        case .numberOutOfRange: "the number is too large"

        case .unexpected(let found, let expected): "expected \(expected), found \(found)"
        case .singleEquals: "“=” compares nothing; use “==”, or “:” to ignore case"
        case .chainedComparison: "comparisons do not chain; join them with “and”"
        case .keywordCase(let found, let expected): "write “\(expected)” instead of “\(found)”"
        case .unsupported(let feature): feature.message

        case .byAfterSpan: "“by” comes before “with maxspan”"
        case .unknownUnit(let unit): "unknown unit of time “\(unit)”; use ms, s, m, h or d"
        case .spanOutOfRange: "the span is too long"
        case .emptySpan: "the span must be longer than 0"
        case .byAfterRuns: "“by” comes before “with runs”"
        case .runsOutOfRange(let limit): "“runs” must be 1 to \(limit)"
        case .tooFewItems: "a sequence needs at least two events"
        case .missingEventWithoutSpan: "a missing event ![…] needs “with maxspan” greater than 0"
        case .missingEventWithRuns: "a missing event ![…] cannot have “with runs”"
        case .onlyMissingEvents: "a sequence needs at least one event that happens"
        case .keyCount(let expected, let found):
            "every event needs the same number of keys: expected \(expected), found \(found)"
        case .keyType(let expected, let found):
            "keys in the same place need the same type: expected \(expected.name), found \(found.name)"

        default: typeMessage
        }
    }

    private var typeMessage: String {
        switch reason {
        case .unknownField(let name, let suggestion):
            "unknown field “\(name)”"
                + (suggestion == nil || EQLError.isOfAlerts(name)
                    ? EQLError.optional(name) : EQLError.hint(suggestion))
        case .notProduced(let name):
            "the sensor does not produce “\(name)”" + EQLError.optional(name)
        case .unknownFunction(let name, let suggestion):
            "unknown function “\(name)”" + EQLError.hint(suggestion)
        case .argumentCount(let function, let expected, let found):
            "\(function) takes \(EQLError.text(of: expected)), found \(found)"
        case .caseNotApplicable(let function): "\(function) has no variant that ignores case"
        case .wrongArgument(let function, let position, let expected):
            "argument \(position) of \(function) must be \(expected)"
        case .severalLists(let function):
            "\(function) cannot go through two fields with many values at once"
        case .wrongType(let expected, let found): "expected \(expected), found \(found.name)"
        case .notApplicable(let name, let type): "“\(name)” does not apply to \(type.name)"
        case .fieldComparedWithField: "a field cannot be compared with a field"
        case .unquoted(let word): "“\(word)” is no field; text stands in quotation marks: \"\(word)\""
        case .literalOnLeft: "a field stands on the left, a literal on the right"
        case .notALiteral: "a list holds literals only"
        case .mixedList: "the values of a list must have one type"
        case .nullOutsideEquality: "null can only be tested with “== null” and “!= null”"
        case .notAPredicate(let type): "expected something true or false, found \(type.name)"
        case .predicateAsValue: "a condition has no value to compare or compute with"
        case .notAnAddress(let text): "“\(text)” is not an address; for a block use cidrMatch"
        case .notABlock(let text): "“\(text)” is neither an address nor a block such as 10.0.0.0/8"
        case .notADate(let text): "“\(text)” is not a date such as 2026-11-22T18:00:00Z"
        case .regex(let problem): problem.message
        case .constantWithoutValue: "the expression has no value"
        default: "\(reason)"
        }
    }

    private static func hint(_ suggestion: String?) -> String {
        suggestion.map { "; did you mean “\($0)”?" } ?? ""
    }

    private static func optional(_ name: String) -> String {
        if EQLError.isOfAlerts(name) { return ": alerts have it, the events that rules see do not" }
        if let first = name.split(separator: ".").first, EQLError.unwatched.contains(String(first)) {
            return
                ": the sensor has program starts, forks, ends and outgoing TCP connections, and nothing of "
                + "“\(first)”; ?\(name) is a field that is always missing"
        }
        return "; write ?\(name) if it may be missing"
    }

    /// What other sensors have fields of.
    private static let unwatched: Set = [
        "file", "dns", "registry", "http", "url", "dll", "driver", "library",
    ]

    /// Whether a name is one that only alerts have, or the sensor's records of itself.
    private static func isOfAlerts(_ name: String) -> Bool {
        let own = [
            "ancestry", "counters", "degraded", "endpoint", "hook", "lost", "matched", "origin", "raw",
            "same_process", "suppressed_by", "test", "truncated", "unknown", "version",
        ]
        let top = ["message", "rule", "threat"]
        return own.contains { name == "imdswatch.\($0)" || name.hasPrefix("imdswatch.\($0).") }
            || top.contains { name == $0 || name.hasPrefix("\($0).") }
    }

    private static func text(of count: ClosedRange<Int>) -> String {
        if count.lowerBound == count.upperBound {
            return "\(count.lowerBound) argument\(count.lowerBound == 1 ? "" : "s")"
        }
        if count.upperBound >= Limits.concatArguments { return "at least \(count.lowerBound) arguments" }
        return "\(count.lowerBound) to \(count.upperBound) arguments"
    }

    private static func name(of scalar: Unicode.Scalar) -> String {
        if scalar.value >= 0x20, !(0x7f...0x9f).contains(scalar.value) { return "“\(scalar)”" }
        return "character U+"
            + String(repeating: "0", count: 3 - min(3, String(scalar.value, radix: 16).count - 1))
            + String(scalar.value, radix: 16, uppercase: true)
    }
}

extension EQLError.Feature {
    var message: String {
        switch self {
        case .sample: "samples are not supported"
        case .join: "joins are not supported; use “sequence”"
        case .pipe(let name): "pipes are not supported; leave out “| \(name)”"
        case .alias: "aliases are not supported: a condition sees one event, none of those before it"
        case .lineage(let name):
            "“\(name) of” is not supported: a condition sees one event, not what its ancestors did"
        case .arrayIndex: "values cannot be picked by index; a test holds if any value satisfies it"
        case .sequenceAsException: "an exception is a condition on one event, not a sequence"
        }
    }
}

extension EQLError.ValueType {
    /// With an article.
    var name: String {
        switch self {
        case .text: "a string"
        case .identifier: "a user or group id"
        case .number: "a number"
        case .boolean: "true or false"
        case .address: "an address"
        case .date: "a date"
        case .null: "null"
        case .any: "a value"
        case .predicate: "a condition"
        }
    }
}

extension EQLError.RegexProblem {
    var message: String {
        switch self {
        case .endsEarly: "the regular expression ends too early"
        case .unexpected(let scalar): "unexpected “\(scalar)” in the regular expression"
        case .missing(let scalar): "the regular expression lacks “\(scalar)”"
        case .invalidRange: "a range in […] runs backwards"
        case .invalidRepetition: "{…} in the regular expression is not a valid number of repetitions"
        case .invalidInterval: "<…> in the regular expression is not an interval such as <1-100>"
        case .namedAutomaton(let name):
            "“<\(name)>” is no interval; write \\< for the character itself"
        case .unknownEscape(let scalar):
            "“\\\(scalar)” is no escape of regular expressions; they are \\d, \\w, \\s, \\D, \\W and \\S"
        case .nestedTooDeeply(let limit): "the regular expression is nested more than \(limit) deep"
        case .tooManyStates(let limit): "the regular expression needs more than \(limit) states"
        }
    }
}
