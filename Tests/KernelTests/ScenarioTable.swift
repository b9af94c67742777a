import Foundation

/// One paragraph of `Tests/Scenarios/scenarios.txt`.
struct Scenario {
    var name = ""
    var steps = ""
    /// How many alerts, by hook; "" stands for every other hook.
    var alerts: [String: Int] = ["": 1]
    /// What every alert must say, besides what the programs reported.
    var expected: [(field: String, value: String)] = []
    /// Reported values that cannot be compared here.
    var differs: Set<String> = []
    var needs: String?

    func alertCount(hook: String) -> Int { alerts[hook] ?? alerts[""] ?? 1 }
}

/// The scenarios, in order.
struct ScenarioTable {
    static let path = Sensor.packageRoot + "/Tests/Scenarios/scenarios.txt"

    var scenarios: [Scenario]

    enum Failure: Error { case line(String) }

    init(path: String = Self.path) throws {
        var scenarios: [Scenario] = []
        var key = ""
        for line in try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n") {
            if line.hasPrefix("#") { continue }
            if line.hasPrefix(" "), key == "does", let last = scenarios.indices.last {
                scenarios[last].steps += line
                continue
            }
            guard let colon = line.firstRange(of: ": ") else { throw Failure.line(String(line)) }
            key = String(line[..<colon.lowerBound])
            let value = String(line[colon.upperBound...])
            if key == "scenario" {
                scenarios.append(Scenario(name: value))
                continue
            }
            guard let last = scenarios.indices.last else { throw Failure.line(String(line)) }
            try Self.set(key, value, of: &scenarios[last])
        }
        self.scenarios = scenarios
    }

    private static func set(_ key: String, _ value: String, of scenario: inout Scenario) throws {
        switch key {
        case "does": scenario.steps = value
        case "needs": scenario.needs = value
        case "alerts":
            scenario.alerts = [:]
            for part in value.split(separator: ",") {
                let words = part.split(separator: " ")
                guard let number = words.last.flatMap({ Int($0) }) else { throw Failure.line(value) }
                // the first without a hook, or of any hook, holds for the others
                scenario.alerts[words.count > 1 ? String(words[0]) : ""] = number
            }
        case "expect":
            guard let sign = value.firstRange(of: " = ") else { throw Failure.line(value) }
            scenario.expected.append((String(value[..<sign.lowerBound]), String(value[sign.upperBound...])))
        case "differs":
            let names = value.split(separator: " ").prefix { $0 != "-" }
            scenario.differs = Set(names.map(String.init))
        case "when", "why": break
        default: throw Failure.line("\(key): \(value)")
        }
    }
}

/// What a program of a scenario said of itself.
struct Act {
    /// `exec` at its start, `connect` after an attempt.
    let kind: String
    private let values: [String: [UInt8]]

    init?(_ line: String) {
        let words = line.split(separator: " ")
        guard words.count > 2, words[0] == "act" else { return nil }
        kind = String(words[1])
        var values: [String: [UInt8]] = [:]
        for word in words.dropFirst(2) {
            guard let sign = word.firstIndex(of: "=") else { return nil }
            values[String(word[..<sign])] = Self.plain(word[word.index(after: sign)...].utf8)
        }
        self.values = values
    }

    subscript(_ key: String) -> [UInt8]? { values[key] }

    func text(_ key: String) -> String? { values[key].map { String(decoding: $0, as: UTF8.self) } }

    func number(_ key: String) -> Int? { text(key).flatMap { Int($0) } }

    private static func plain(_ bytes: Substring.UTF8View) -> [UInt8] {
        var result: [UInt8] = []
        var rest = bytes[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2 {
                let digits = String(decoding: rest.prefix(2), as: UTF8.self)
                result.append(UInt8(digits, radix: 16) ?? byte)
                rest = rest.dropFirst(2)
            } else {
                result.append(byte)
            }
        }
        return result
    }
}

/// What the player reported of one scenario.
struct Performance {
    let name: String
    var begin: UInt64 = 0
    var end: UInt64 = 0
    var acts: [Act] = []
    /// Why it could not be done here.
    var skipped: String?
    var notes: [String] = []

    /// All scenarios of a report; true if it is whole.
    static func all(in report: [String]) -> (performances: [Performance], isDone: Bool) {
        var all: [Performance] = []
        var early: [Act] = []
        for line in report {
            if line.hasPrefix("scenario ") {
                all.append(Performance(name: String(line.dropFirst(9))))
                continue
            }
            guard let last = all.indices.last else {
                if let act = Act(line) { early.append(act) }
                continue
            }
            if line.hasPrefix("begin ") {
                all[last].begin = UInt64(line.dropFirst(6)) ?? 0
            } else if line.hasPrefix("end ") {
                all[last].end = UInt64(line.dropFirst(4)) ?? 0
            } else if line.hasPrefix("skip ") {
                all[last].skipped = String(line.dropFirst(5))
            } else if let act = Act(line) {
                all[last].acts.append(act)
            } else if line != "done" {
                all[last].notes.append(line)
            }
        }
        // what ran before the first scenario belongs to whoever is asked for it
        for index in all.indices { all[index].acts = early + all[index].acts }
        return (all, report.contains("done"))
    }
}
