import Events
import Fixtures

/// Conditions and values made at random from few pieces, so that they meet:
/// every operator, `not` at every depth, and every kind of doubtful value.
struct RandomConditions {
    var random: SplitMixer

    private static let texts: [Field] = [
        .processName, .processExecutable, .processArgs, .processCommandLine, .parentName, .parentExecutable,
    ]
    private static let pieces = [
        "a", "b", "/", "ab", "/a", "aB", "abcd", "ABCD", "é", "abcdefg", "abcdefgh", "/usr/bin/abcdefg",
        "/tmp/", ".", " -c ", "xyzw", "169.254", "\u{2026}",
    ]

    mutating func pick<Element>(_ values: [Element]) -> Element {
        values[Int.random(in: values.indices, using: &random)]
    }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    private mutating func text(wild: Bool) -> String {
        var text = ""
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            text += wild && chance(35) ? pick(["*", "*", "?"]) : pick(Self.pieces)
        }
        return text
    }

    private mutating func list(wild: Bool) -> String {
        let values = (0..<Int.random(in: 1...4, using: &random)).map { _ in "\"\(text(wild: wild))\"" }
        return "(\(values.joined(separator: ", ")))"
    }

    private mutating func test() -> String {
        let field = pick(Self.texts).name
        switch Int.random(in: 0..<17, using: &random) {
        case 0: return "\(field) == \"\(text(wild: false))\""
        case 1: return "\(field) != \"\(text(wild: false))\""
        case 2: return "\(field) in \(list(wild: false))"
        case 3: return "\(field) not in \(list(wild: false))"
        case 4: return "\(field) in~ \(list(wild: false))"
        case 5: return "\(field) like \(list(wild: true))"
        case 6: return "\(field) like~ \(list(wild: true))"
        case 7: return pick(["\(field) != null", "\(field) == null"])
        case 8: return "\(field) regex~ (\"\(pick(["a.*", ".*b", "/tmp/.+", "[a-c]+"]))\")"
        case 9: return "startsWith~(\(field), \"\(text(wild: false))\")"
        case 10:
            return "length(\(field)) \(pick(["==", "!=", "<"])) \(Int.random(in: 0...20, using: &random))"
        case 11: return "user.id \(pick(["==", "!="])) \(pick(["0", "\"0\"", "1000"]))"
        case 12:
            return pick([
                #"destination.ip == "169.254.169.254""#, #"destination.ip in ("::1", "10.0.0.1")"#,
                #"destination.ip : "169.*""#, #"cidrMatch(destination.ip, "10.0.0.1/32")"#,
                #"destination.address : ("169.254.169.254", "x*")"#, #"destination.ip != "::1""#,
            ])
        case 13: return pick([#"user.id in~ ("0", "7")"#, #"user.id : "1*""#, #"process.pid == 4"#])
        case 14: return pick([#"event.action == "exec""#, #"event.type != "end""#, "process.interactive"])
        case 15: return "length(concat(event.action, \(field))) \(pick(["==", "<"])) 8"
        default: return "\(field) : \(list(wild: true))"
        }
    }

    mutating func condition(depth: Int = 3) -> String {
        guard depth > 0, !chance(25) else { return test() }
        switch Int.random(in: 0..<8, using: &random) {
        case 0, 1: return "not (\(condition(depth: depth - 1)))"
        case 2...4: return "(\(condition(depth: depth - 1)) or \(condition(depth: depth - 1)))"
        default: return "(\(condition(depth: depth - 1)) and \(condition(depth: depth - 1)))"
        }
    }

    mutating func query() -> String {
        let category = ["any", "process", "network"]
        if chance(15) {
            return "sequence by user.name with maxspan=5s [\(pick(category)) where \(condition())] "
                + "[\(pick(category)) where \(condition())]"
                + (chance(30) ? " until [any where \(condition())]" : "")
        }
        return "\(pick(category)) where \(condition())"
    }

    private mutating func value() -> FieldValue {
        let count = chance(60) ? 1 : Int.random(in: 2...4, using: &random)
        var texts = (0..<count).map { _ in text(wild: false) }
        if chance(20) { texts[0] = texts[0].uppercased() }
        switch Int.random(in: 0..<20, using: &random) {
        case 0: return .unknown
        case 1: return .texts(texts, traits: .cut)
        case 2: return .texts(texts, traits: [.untrustedSecond, .untrustedThird])
        case 3: return .texts(texts, traits: .fromTable)
        case 4: return .text([0xff, 0x61, 0x62, 0xc3])
        case 5: return .integers([4])
        case 6: return .missing
        default: return .texts(texts)
        }
    }

    mutating func event(at time: Int64) -> Event {
        var fields: [Field: FieldValue] = [:]
        for field in Self.texts where chance(85) { fields[field] = value() }
        if chance(80) { fields[.userID] = pick([0, "0", "1000", .integers([7, 0]), .unknown]) }
        if chance(60) { fields[.userName] = pick(["x", "y"]) }
        if chance(60) {
            fields[.destinationIP] = pick(["169.254.169.254", "::1", ["10.0.0.2", "10.0.0.1"], .unknown])
        }
        if chance(30) { fields[.destinationAddress] = pick(["169.254.169.254", "xyz", .missing]) }
        if chance(40) { fields[.processPID] = 4 }
        if chance(40) { fields[.processInteractive] = true }
        let kind = pick([EventKind.document, .exec, .exec, .fork, .exit, .connect])
        if kind == .document {
            fields[.eventCategory] = pick(["process", "network", ["process", "network"]])
        }
        return .made(kind, at: time, fields)
    }
}
