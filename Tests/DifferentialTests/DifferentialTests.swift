import Detection
import EQL
import Events
import Fixtures
import Foundation
import Testing

/// The Python package `eql`, where `scripts/setup test` has put it.
enum Reference {
    static let python: URL? = {
        let named = ProcessInfo.processInfo.environment["IMDSWATCH_REFERENCE_PYTHON"]
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let python = named.map { URL(filePath: $0) } ?? root.appending(path: ".build/differential/bin/python")
        return FileManager.default.isExecutableFile(atPath: python.path()) ? python : nil
    }()

    /// What it answers to lines of cases.
    static func answers(to cases: Data) throws -> [[[[Int]]]] {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let input = folder.appending(path: "cases")
        let output = folder.appending(path: "answers")
        try cases.write(to: input)
        _ = FileManager.default.createFile(atPath: output.path(), contents: nil)
        let process = Process()
        process.executableURL = python
        process.arguments = [
            try #require(Bundle.module.url(forResource: "reference", withExtension: "py")).path()
        ]
        process.standardInput = try FileHandle(forReadingFrom: input)
        process.standardOutput = try FileHandle(forWritingTo: output)
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        return try Data(contentsOf: output).split(separator: 10).map {
            try JSONDecoder().decode([[[Int]]].self, from: Data($0))
        }
    }
}

private struct Case: Encodable {
    var query: String
    var streams: [[RandomSequences.Item]]
}

private struct Numbers: MatchSink, ~Copyable {
    var found: [[Int]] = []

    mutating func matched(_ match: inout Match) {
        found.append(
            (0..<match.count).compactMap { index in
                let image = match.arena.bytes.span.extracting(match.range(of: index))
                return EventSnapshot(image: image).map { Int($0.header.position) }
            })
    }
}

@Suite("The reference engine")
struct DifferentialTests {
    @Test(
        "agrees on 2,000 random sequences of events",
        .enabled(if: Reference.python != nil, "the Python package eql is not there: run make setup"))
    func agrees() throws {
        var random = RandomSequences(random: SplitMixer(state: 20_261_122))
        var cases: [Case] = []
        for _ in 0..<400 {
            var one = Case(query: random.query(), streams: [])
            for _ in 0..<5 { one.streams.append(random.events()) }
            cases.append(one)
        }
        let encoder = JSONEncoder()
        let lines = try cases.map { try encoder.encode($0) + [10] }
        let answers = try Reference.answers(to: Data(lines.joined()))
        try #require(answers.count == cases.count)
        var total = 0
        var differences = 0
        for (one, expected) in zip(cases, answers) {
            let query = try Query.compile(one.query, source: .documents)
            let rule = Rule(id: "r", name: "", text: one.query, query: query)
            for (stream, wanted) in zip(one.streams, expected) {
                let found = Self.run(rule, stream)
                total += wanted.count
                guard found != wanted else { continue }
                differences += 1
                if differences < 4 {
                    let events = stream.map { "\($0.pid)@\($0.milliseconds) \($0.category) \($0.texts)" }
                    Issue.record("\(one.query): \(found), not \(wanted)\n\(events.joined(separator: "\n"))")
                }
            }
        }
        #expect(differences == 0)
        #expect(total > 2_000, "next to nothing matched")
    }

    private static func run(_ rule: Rule, _ stream: [RandomSequences.Item]) -> [[Int]] {
        var limits = DetectionLimits()
        limits.lateness = .max
        var engine = DetectionEngine(rules: RuleSet([rule]), limits: limits)
        var sink = Numbers()
        var event = Event()
        for item in stream {
            item.fill(&event)
            engine.process(event, into: &sink)
        }
        return sink.found
    }
}
