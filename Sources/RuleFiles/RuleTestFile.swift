/// A rule's test: events, and the alerts that they must raise.
public struct RuleTest: Sendable {
    public var name: String
    /// ECS documents, one a line.
    public var events: [UInt8]
    /// For each alert the lines of its events, counted from 1.
    public var alerts: [[Int]]
    /// Whether time passes after the last event, so that sequences that end
    /// with a missing event are told.
    public var flush: Bool
    /// Where the test stands in its file.
    public var position: FilePosition?

    public init(
        name: String, events: [UInt8], alerts: [[Int]], flush: Bool = false, position: FilePosition? = nil
    ) {
        self.name = name
        self.events = events
        self.alerts = alerts
        self.flush = flush
        self.position = position
    }
}

/// Reads the tests of a rule: `NAME.tests.toml`, beside `NAME.toml` or
/// `NAME.eql`.
///
///     [[test]]
///     name = "curl asks for credentials"
///     events = '''
///     {"@timestamp":"2026-01-01T00:00:00Z","event.category":"process",…}
///     {"@timestamp":"2026-01-01T00:00:00.5Z","event.category":"network",…}
///     '''
///     alerts = [[1, 2]]
///
/// With `each`, a list of texts, it is one test for each of them, which takes
/// the place of `$each` in the events.
public enum RuleTestFile {
    public static let ending = ".tests.toml"

    /// The file with the tests of the rule in another file.
    public static func path(forRule file: String) -> String {
        let name = file.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
        return file.dropLast(name.count) + RuleFile.stem(of: String(name)) + ending
    }

    /// - Parameter files: where `file = "…"` of a test is read from, relative
    ///   to the directory of the tests; nil if there are no files.
    public static func tests(
        from bytes: [UInt8], file: String, files: (any FileAccess)? = nil
    ) throws(RuleFileError) -> [RuleTest] {
        let document = try TOMLDocument(bytes, file: file)
        try document.root.checkKeys(["test"])
        var tests: [RuleTest] = []
        for section in try document.root.sections("test") {
            try section.checkKeys(["name", "events", "file", "each", "alerts", "flush"])
            guard let alerts = try section.integerLists("alerts") else {
                throw document.error(.missingKey("alerts"), at: section.range)
            }
            let test = RuleTest(
                name: try section.requiredText("name"),
                events: try events(section, files: files), alerts: alerts,
                flush: try section.boolean("flush") ?? false,
                position: section.range.map { document.source.position(of: $0.lowerBound) })
            guard let values = try section.texts("each") else {
                tests.append(test)
                continue
            }
            guard test.events.contains(placeholder) else {
                let expected = "used: \(placeholder) does not stand in the events"
                throw section.error(.invalidValue(key: "each", expected: expected), at: "each")
            }
            for value in values {
                var one = test
                one.name += ": \(value)"
                one.events = test.events.replacing(placeholder, with: json(value))
                tests.append(one)
            }
        }
        guard !tests.isEmpty else { throw RuleFileError(file: file, reason: .missingKey("test")) }
        return tests
    }

    private static let placeholder = "$each"

    private static func events(
        _ section: TOMLSection, files: (any FileAccess)?
    ) throws(RuleFileError) -> [UInt8] {
        if let text = try section.text("events") {
            guard !section.has("file") else {
                let expected = "left out where there is `events`"
                throw section.error(.invalidValue(key: "file", expected: expected), at: "file")
            }
            return Array(text.utf8)
        }
        guard let name = try section.text("file"), let files else {
            throw section.document.error(.missingKey("events"), at: section.range)
        }
        let own = section.document.file
        let directory = own.lastIndex(of: "/").map { own[...$0] } ?? ""
        return try files.readTrusted(name.hasPrefix("/") ? name : directory + name)
    }

    /// A text as it stands between the quotes of a JSON string.
    private static func json(_ text: String) -> [UInt8] {
        text.utf8.flatMap { byte -> [UInt8] in
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): [UInt8(ascii: "\\"), byte]
            case 0..<0x20:
                Array(
                    byte < 16
                        ? "\\u000\(String(byte, radix: 16))".utf8
                        : "\\u001\(String(byte - 16, radix: 16))".utf8)
            default: [byte]
            }
        }
    }
}

extension [UInt8] {
    fileprivate func contains(_ text: String) -> Bool { firstRange(of: Array(text.utf8)) != nil }

    fileprivate func replacing(_ text: String, with bytes: [UInt8]) -> [UInt8] {
        replacing(Array(text.utf8), with: bytes)
    }
}
