import Events
import Fixtures

/// Sequences and events on which the reference engine and we must agree.
///
/// It is older than Elasticsearch's and differs from it, and so from us, in
/// what is left out here:
/// - logic with null is three-valued there: every event has every field;
/// - `==` and the keys ignore case: everything is in lower case;
/// - `?` is no wildcard, and regular expressions are not anchored: neither is used;
/// - fields have one value: no lists;
/// - spans are whole seconds;
/// - `until` applies before the stages: no event is both;
/// - events must come in the order of their times; equal times are in.
struct RandomSequences {
    var random: SplitMixer

    struct Item: Encodable {
        var category: String
        var milliseconds: Int64
        var pid: Int64
        var texts: [String: String]

        func encode(to encoder: any Encoder) throws {
            struct Name: CodingKey {
                var stringValue: String
                var intValue: Int? { nil }
                init(stringValue: String) { self.stringValue = stringValue }
                init?(intValue: Int) { nil }
            }
            var list = encoder.unkeyedContainer()
            try list.encode(category)
            try list.encode(milliseconds)
            var fields = list.nestedContainer(keyedBy: Name.self)
            try fields.encode(pid, forKey: Name(stringValue: "process.pid"))
            for (name, text) in texts { try fields.encode(text, forKey: Name(stringValue: name)) }
        }

        func fill(_ event: inout Event) {
            event.reset()
            event.header.time = milliseconds * 1_000_000
            event.header.position = UInt64(pid)
            event.set(.eventCategory, .texts([category]))
            event.set(.processPID, .integers([pid]))
            for (name, text) in texts {
                if let field = Field(name: name) { event.set(field, .texts([text])) }
            }
        }
    }

    mutating func pick<Element>(_ values: [Element]) -> Element {
        values[Int.random(in: values.indices, using: &random)]
    }

    private mutating func chance(_ percent: Int) -> Bool {
        Int.random(in: 0..<100, using: &random) < percent
    }

    private mutating func condition(depth: Int = 2) -> String {
        if depth > 0, chance(40) {
            let (one, other) = (condition(depth: depth - 1), condition(depth: depth - 1))
            return pick(["(\(one) and \(other))", "(\(one) or \(other))", "not (\(one))"])
        }
        return pick([
            #"process.name == "a""#, #"process.name == "b""#, #"process.name != "c""#,
            #"process.name in ("a", "b")"#, #"process.name in ("b", "c", "ab")"#,
            #"not process.name in ("a", "c")"#, #"process.name : "a*""#, #"process.name : ("*b", "c*")"#,
            #"process.executable : ("/tmp/*", "*/b")"#, #"process.executable == "/usr/bin/a""#,
            "process.pid > 9", "process.pid % 3 == 1", "process.pid <= 20",
            #"startsWith(process.executable, "/usr")"#, #"endsWith(process.executable, "a")"#,
            #"stringContains(process.executable, "bin")"#, "length(process.name) == 1",
            #"process.parent.name == "x""#,
        ])
    }

    /// A sequence; `until` events have a name that no stage admits.
    mutating func query() -> String {
        let hasOwnKeys = chance(25)
        let keys = [
            "user.name", "user.name", "process.parent.name", "user.name, process.parent.name",
        ]
        let common = hasOwnKeys ? "" : " by \(pick(keys))"
        let span = chance(70) ? " with maxspan=\(Int.random(in: 1...6, using: &random))s" : ""
        let stages = (0..<Int.random(in: 2...4, using: &random)).map { _ in
            let own = hasOwnKeys ? " by \(pick(["user.name", "process.parent.name"]))" : ""
            return
                "[\(pick(["process", "network", "any", "process"])) where process.name != \"u\" and \(condition())]\(own)"
        }
        let until = !hasOwnKeys && chance(40) ? #" until [any where process.name == "u"]"# : ""
        return "sequence\(common)\(span) \(stages.joined(separator: " "))\(until)"
    }

    mutating func events() -> [Item] {
        var time: Int64 = 0
        return (1...Int.random(in: 5...40, using: &random)).map { number in
            time += pick([0, 200, 500, 1000, 1000, 1700])
            return Item(
                category: pick(["process", "process", "network"]), milliseconds: time, pid: Int64(number),
                texts: [
                    "process.name": pick(["a", "b", "c", "ab", "u"]), "user.name": pick(["x", "y", "x"]),
                    "process.parent.name": pick(["x", "y"]),
                    "process.executable": pick(["/usr/bin/a", "/tmp/b", "/usr/lib/b", "/bin/ca"]),
                ])
        }
    }
}
