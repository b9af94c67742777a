import Detection
import ECS
import EQL
import Events
import Fixtures
import Foundation
import Testing

@Suite("Line limit")
struct LineLimitTests {
    @Test(
        "is honoured whatever arguments there are, and both ends of them stay",
        arguments: [100, 1_000, 5_000, 20_000, 100_000], [9_000, 15_000])
    func arguments(size: Int, limit: Int) throws {
        let middle = String(repeating: "A", count: size)
        let args = ["curl", "-s", "first" + middle + "last", "http://169.254.169.254/"]
        let line = try line(args: args, limit: limit)
        #expect(line.text.utf8.count <= limit)
        let written = try #require(line.strings("process.args"))
        #expect(written.first == "curl" && written.last == "http://169.254.169.254/")
        #expect(line.number("process.args_count") == 4)
        #expect(line.string("destination.ip") == "169.254.169.254")
        #expect(line.string("process.executable") == "/usr/bin/curl")
        let isCut = written != args
        #expect(isCut == (line.strings("imdswatch.truncated")?.contains("process.args") == true))
        if isCut { #expect(written[2].hasPrefix("first") && written[2].hasSuffix("last")) }
        if size >= 20_000 {
            #expect(isCut)
            // what is left is used: the line is nearly full
            #expect(line.text.utf8.count > limit - 200)
        }
    }

    @Test("cuts matched events before the top level, and args before the command line")
    func order() throws {
        let some = String(repeating: "A", count: 1_500)
        let line = try line(args: ["curl", some], limit: 15_000)
        #expect(line.strings("imdswatch.truncated") == [])
        let more = try self.line(args: ["curl", String(repeating: "A", count: 4_000)], limit: 15_000)
        #expect(
            more.strings("imdswatch.truncated")
                == ["imdswatch.matched.process.args", "imdswatch.matched.process.command_line"])
        let most = try self.line(args: ["curl", String(repeating: "A", count: 6_500)], limit: 15_000)
        let cut = try #require(most.strings("imdswatch.truncated"))
        #expect(cut.contains("process.args") && !cut.contains("process.command_line"))
        #expect(most.string("process.command_line")?.utf8.count == 6_505)
    }

    @Test("leaves of every value what tells most while one value is far too long")
    func fairness() throws {
        let parent = ["bash", "-c", String(repeating: "p", count: 700)]
        let args = ["curl", String(repeating: "A", count: 30_000)]
        let fields: [Field: FieldValue] = [
            .processArgs: .texts(args), .processCommandLine: .texts([args.joined(separator: " ")]),
            .parentArgs: .texts(parent),
        ]
        let line = try Sample.line(Sample.alert([Sample.exec(fields), Sample.connect(fields)]))
        #expect(line.strings("process.parent.args") == parent)
        let matched = try #require(line["imdswatch.matched"] as? [[String: Any]])
        #expect(matched.count == 2)
        for event in matched {
            let process = try #require(event["process"] as? [String: Any])
            let left = try #require(process["args"] as? [String]).joined().utf8.count
            #expect(left > 200, "\(left)")
        }
        let left = try #require(line.strings("process.args")).joined().utf8.count
        #expect(left > 900, "\(left)")
        #expect(try #require(line.string("process.command_line")).utf8.count > 5_000)
    }

    @Test("names every group of which a short line leaves something out", arguments: [4_096, 6_000, 8_000])
    func leftOut(limit: Int) throws {
        var fields: [Field: FieldValue] = [:]
        for field in Field.allCases where field.info.type == .keyword {
            fields[field] = .texts(["/" + String(repeating: "v", count: 150)])
        }
        let context = RecordContext(host: Sample.host, version: "0.1.0", lineLimit: limit)
        let events = [try Sample.exec(fields), try Sample.connect(fields)]
        let line = try Sample.line(Sample.alert(events), context)
        let truncated = try #require(line.strings("imdswatch.truncated"))
        let event = try Sample.line(of: events[1], context)
        let truncatedOfEvent = try #require(event.strings("imdswatch.truncated"))
        for field in Field.allCases
        where field.info.type == .keyword && field.name.hasPrefix("process.")
            && ![.processCapabilitiesEffective, .processCapabilitiesPermitted].contains(field)
        {
            let group =
                field.name.prefix(through: field.name.lastIndex(of: ".") ?? field.name.startIndex) + "*"
            func isTold(_ line: Line, _ truncated: [String]) -> Bool {
                line[field.name] != nil || truncated.contains(String(group)) || truncated.contains("…")
            }
            #expect(isTold(event, truncatedOfEvent), "event \(field.name): \(truncatedOfEvent)")
            if field != .processEnvVars {
                #expect(isTold(line, truncated), "alert \(field.name): \(truncated)")
            }
        }
    }

    @Test("drops exact bytes before it cuts the arguments themselves")
    func rawFirst() throws {
        let bytes = [UInt8](repeating: 0xff, count: 1_000)
        let event = try Sample.connect { $0.setArguments(.process, bytes.span) }
        let line = try Sample.line(Sample.alert([event, event, event]))
        #expect(
            line["imdswatch.raw.process.args"] != nil
                || line.strings("imdswatch.truncated")?.contains("imdswatch.raw.process.args") == true)
        #expect(line.strings("process.args")?.first?.unicodeScalars.count == 1_000)
    }

    @Test("keeps the executable whole although every other value is too long")
    func executable() throws {
        let long = "/" + String(repeating: "x", count: 4_094)
        let big = FieldValue.texts([String(repeating: "\u{1}", count: 6_000)])
        var fields: [Field: FieldValue] = [.processExecutable: .texts([long])]
        for field in Field.allCases
        where field.info.type == .keyword && field != .processExecutable
            && field != .processEntityID
        {
            fields[field] = big
        }
        let line = try Sample.line(Sample.alert([Sample.exec(fields), Sample.connect(fields)]))
        #expect(line.string("process.executable") == long)
        #expect(line.string("process.entity_id") == "397ecc35f07994f3-4242-e8990a4600")
        // there may be more names than there is room for
        let truncated = try #require(line.strings("imdswatch.truncated"))
        #expect(truncated.contains("process.args") || truncated.contains("…"))
    }

    @Test("is honoured for any alert and event", arguments: 0..<16)
    func anything(seed: Int) throws {
        var random = Random(seed: UInt64(seed))
        let most = [1, 3, 12].randomElement(using: &random) ?? 1
        let events = try (0..<Int.random(in: 1...most, using: &random)).map { _ in try event(&random) }
        var rule = Sample.rule
        if Bool.random(using: &random) {
            rule.name = text(&random)
            rule.id = text(&random)
            rule.authors = (0..<20).map { _ in text(&random) }
            rule.threats = (0..<30).map { _ in
                Threat(
                    framework: text(&random),
                    tactic: .init(id: text(&random), name: text(&random), url: text(&random)))
            }
        }
        let ancestors = (0..<Int.random(in: 0...200, using: &random)).map { number in
            AncestryEntry(
                identity: ProcessIdentity(pid: UInt32(number), start: .max),
                executable: Array(text(&random).utf8))
        }
        let alert = Alert(
            ruleIndex: 0, sequence: .max, created: .max, events: events, ancestry: ancestors,
            suppressedBy: Bool.random(using: &random) ? text(&random) : nil)
        for limit in [4_096, 15_000, 60_000] {
            let context = RecordContext(host: Sample.host, version: "1.0.0", lineLimit: limit)
            let line = try Sample.line(alert, rule: rule, context)
            #expect(line["event.id"] != nil && line["rule.id"] != nil && line["imdswatch.truncated"] != nil)
            for event in events.prefix(3) { _ = try Sample.line(of: event, context) }
        }
    }

    private func line(args: [String], limit: Int) throws -> Line {
        let fields: [Field: FieldValue] = [
            .processArgs: .texts(args), .processArgsCount: .integers([Int64(args.count)]),
            .processCommandLine: .texts([args.joined(separator: " ")]),
        ]
        let context = RecordContext(host: Sample.host, version: "0.1.0", lineLimit: limit)
        return try Sample.line(Sample.alert([Sample.exec(fields), Sample.connect(fields)]), context)
    }

    /// A document with any fields, of any length.
    private func event(_ random: inout Random) throws -> EventSnapshot {
        var event = Event()
        event.header.hook = .tracepoint
        event.header.kind = Bool.random(using: &random) ? .connect : .document
        event.header.time = .max
        event.header.position = .max
        let longest = [40, 400, 2_000].randomElement(using: &random) ?? 40
        for field in Field.allCases where Int.random(in: 0..<3, using: &random) > 0 {
            let count =
                Int.random(in: 0..<5, using: &random) == 0 ? Int.random(in: 1...50, using: &random) : 1
            switch field.info.type {
            case .keyword, .identifier:
                let parts = (0..<count).map { _ in
                    random.nastyBytes(atMost: longest / count).map { $0 == 0 ? 1 : $0 }
                }
                let bytes = Array(parts.joined(separator: [0]))
                guard let range = event.append(bytes.span) else { continue }
                event.set(
                    field, text: range, count: count,
                    traits: Slot.Traits(rawValue: UInt8.random(in: 0...255, using: &random)).subtracting(
                        .unknown))
            case .long, .boolean, .date:

                let integers = [Int64](repeating: .min, count: count)
                event.set(field, integers: integers.span)
            case .ip: event.set(field, address: IPAddress(high: .max, low: .max))
            }
        }
        return try Sample.snapshot(event)
    }

    private func text(_ random: inout Random) -> String {
        let most = [10, 100, 3_000].randomElement(using: &random) ?? 1
        return String(repeating: "\u{1b}", count: Int.random(in: 0..<most, using: &random))
    }
}
