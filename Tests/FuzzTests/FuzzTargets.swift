import Detection
import EQL
import Events
import Recording
import RuleFiles

/// What hostile bytes may reach. Each takes any bytes and must neither trap
/// nor take long; what it finds wrong ends the process.
enum FuzzTarget: String, CaseIterable {
    /// EQL text: lexer, parser, analyzer, compiler, and what the program says.
    case query
    /// A pattern, a line feed, and the text that it is matched with.
    case regex
    /// A rule file.
    case rule
    /// A line of `replay`.
    case line

    func run(_ bytes: [UInt8]) {
        switch self {
        case .query: FuzzTarget.query(bytes)
        case .regex: FuzzTarget.regex(bytes)
        case .rule: _ = try? RuleFile.rule(from: bytes, file: "rule.toml")
        case .line: FuzzTarget.line(bytes)
        }
    }

    private static func query(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        do throws(EQLError) {
            let query = try Query.compile(text, source: .documents)
            let stages = query.stages + (query.until.map { [$0] } ?? [])
            let index = ConditionIndex(stages.map(\.needs))
            var found = [UInt64](repeating: 0, count: index.scratchCount)
            for number in 0..<5 {
                var event = Event()
                fill(&event, number)
                index.select(event, into: &found)
                for (number, stage) in stages.enumerated() where stage.program.matches(event) {
                    precondition(found[number / 64] >> UInt64(number % 64) & 1 == 1, "a match is not visited")
                }
            }
        } catch {
            precondition(error.range.start >= 0 && error.range.start <= error.range.end)
            precondition(error.range.end <= text.utf8.count)
            _ = error.rendered(in: text, file: "query")
        }
    }

    private static func fill(_ event: inout Event, _ number: Int) {
        guard number > 0 else { return }
        event.set(.eventCategory, text: "process")
        event.set(.eventAction, text: "exec")
        let numbers: [Int64] = [0, 7, 8, .max, .min]
        event.set(.processPID, integer: numbers[number])
        event.set(.processArgsCount, integer: numbers[number])
        event.set(.userID, text: "1000")
        if number == 1 {
            event.set(.processName, text: "curl")
            event.set(.processExecutable, text: "/tmp/curl")
            event.setArguments(.process, Array("curl\0-s\0http://169.254.169.254/".utf8).span)
        } else {
            event.setUnknown(.processName)
            event.set(.processExecutable, text: "/usr/\u{2026}/curl")
            event.mark(.processExecutable, .cut)
        }
        event.set(.destinationIP, address: IPAddress("169.254.169.254") ?? IPAddress(high: 0, low: 0))
    }

    private static func regex(_ bytes: [UInt8]) {
        let parts = bytes.split(separator: 10, maxSplits: 1, omittingEmptySubsequences: false)
        let pattern = String(decoding: parts[0], as: UTF8.self)
        let text = parts.count > 1 ? Array(parts[1]) : []
        guard !pattern.contains("\"\"\""), !pattern.hasSuffix("\""),
            let query = try? Query.compile("any where process.command_line regex~ \"\"\"\(pattern)\"\"\"")
        else { return }
        var event = Event()
        event.set(.processCommandLine, text: text.span)
        let time = ContinuousClock().measure { _ = query.stages[0].program.matches(event) }
        // 512 positions at most, each with as many followers: far less than this
        precondition(time < .seconds(5), "a match of \(text.count) bytes took \(time)")
    }

    private static let functions = """
        any where length(process.name) + length(user.id) + process.pid % 7 - process.args_count * 3 == 1 or
          string(process.pid) : "*9" or substring(process.command_line, 1, 3) == "x" or
          concat(user.id, process.pid, destination.ip) : "a*" or indexOf(process.args, "b") == 2 or
          number(process.name) / 2 > process.exit_code or cidrMatch(destination.ip, "10.0.0.0/8")
        """

    private static func line(_ bytes: [UInt8]) {
        var reader = DocumentReader()
        var event = Event()
        guard (try? reader.read(bytes.span, into: &event)) != nil else { return }
        // every way to a value, numbers and texts alike
        if let query = try? Query.compile(functions, source: .documents) {
            _ = query.stages[0].program.matches(event)
        }
        // what was read can be kept and read again
        var arena = ByteArena(capacity: 1024, limit: 8 << 20)
        if let range = event.appendImage(to: &arena) {
            precondition(EventSnapshot(image: arena.bytes.span.extracting(range)) != nil)
        }
    }
}
