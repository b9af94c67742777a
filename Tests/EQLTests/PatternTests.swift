import Events
import Fixtures
import Testing

@testable import EQL

/// Matches a pattern by trying everything: slow, and obviously right.
private func slowlyMatches(_ pattern: ArraySlice<Character16>, _ text: ArraySlice<Character16>) -> Bool {
    guard let first = pattern.first else { return text.isEmpty }
    if first == star {
        return (text.startIndex...text.endIndex).contains { slowlyMatches(pattern.dropFirst(), text[$0...]) }
    }
    guard let next = text.first else { return false }
    return (first == question || first == next) && slowlyMatches(pattern.dropFirst(), text.dropFirst())
}

private typealias Character16 = UInt32
private let star = UInt32(UInt8(ascii: "*"))
private let question = UInt32(UInt8(ascii: "?"))

/// The characters of bytes as EQL counts them: by the rules of `String`, which
/// agree on what is UTF-8, with one character per byte that is not.
private func characters(_ bytes: [UInt8]) -> [UInt32] {
    var result: [UInt32] = []
    var index = 0
    while index < bytes.count {
        let width = (1...4).last { length in
            index + length <= bytes.count
                && String(validating: bytes[index..<(index + length)], as: UTF8.self)?.unicodeScalars.count
                    == 1
        }
        if let width {
            let text = String(decoding: bytes[index..<(index + width)], as: UTF8.self)
            result.append(text.unicodeScalars.first?.value ?? 0)
        } else {
            result.append(0x11_0000 + UInt32(bytes[index]))
        }
        index += width ?? 1
    }
    return result
}

private func folded(_ codes: [UInt32]) -> [UInt32] {
    codes.map { (0x41...0x5a).contains($0) ? $0 + 32 : $0 }
}

@Suite("Patterns")
struct PatternTests {
    private func matches(_ patterns: [String], _ text: [UInt8], folds: Bool) -> Bool {
        var pool = TextPool()
        // a set before and bytes around show what reads beyond its place
        _ = pool.add([WildcardPattern("other*", folds: folds)])
        let set = pool.add(patterns.map { WildcardPattern($0, folds: folds) })
        let bytes = Array("ab".utf8) + text + Array("baz*".utf8)
        return pool.matches(set, bytes.span, 2, 2 + text.count)
    }

    @Test(
        "match as written",
        arguments: [
            ("/etc/rc*.d/*", "/etc/rc3.d/S01network", true),
            ("/etc/rc*.d/*", "/etc/rc.local", false),
            ("python*", "Python3.13", true),
            ("curl", "curlie", false),
            ("curl", "curl", true),
            ("c?rl", "cürl", true),
            ("c??rl", "cürl", false),
            ("*", "", true),
            ("?", "", false),
            ("", "", true),
            ("", "x", false),
            ("*?*", "é", true),
            ("*??", "é", false),
            ("*???", "😀", false),
            ("*aab", "aaaaab", true),
            ("*a*a*b", "aab", true),
            ("*a*a*a*b", "aab", false),
            ("a*a", "a", false),
            ("ab*ba", "aba", false),
            ("**x**", "axb", true),
            ("*169.254.169.254*", "curl http://169.254.169.254/latest", true),
            ("*169.254.169.254*", "curl http://169.254.169.25/latest", false),
            ("/opt/aws/inspector/bin/inspectorssmplugin", "/opt/aws/inspector/bin/inspectorssmplugin", true),
            ("/opt/aws/inspector/bin/inspectorssmplugin", "/opt/aws/inspector/bin/inspectorssmplugix", false),
            ("@[`{", "@[`{", true),
            ("@[", "`{", false),
            ("K", "\u{212a}", false),
        ])
    func table(pattern: String, text: String, expected: Bool) {
        #expect(matches([pattern], Array(text.utf8), folds: true) == expected)
    }

    @Test("agree with trying everything", arguments: 0..<8)
    func model(seed: UInt64) {
        var random = SplitMix(seed: seed)
        let pieces: [[UInt8]] = [
            [0x61], [0x41], [0x62], [0x2f], [0xc3, 0xa9], [0xff], [0xf0, 0x9f, 0x98, 0x80], [0xc3], [0x00],
        ]
        let symbols = ["a", "A", "b", "/", "é", "😀", "*", "*", "?", "aab/", "/aaaaaaaab"]
        for _ in 0..<500 {
            let folds = Bool.random(using: &random)
            let patterns = (0..<Int.random(in: 1...4, using: &random)).map { _ in
                (0..<Int.random(in: 0...6, using: &random)).map { _ in
                    symbols.randomElement(using: &random) ?? ""
                }.joined()
            }
            var text: [UInt8] = []
            for _ in 0..<Int.random(in: 0...14, using: &random) {
                text += pieces.prefix(Bool.random(using: &random) ? 4 : 9).randomElement(using: &random) ?? []
            }
            let expected = patterns.contains { pattern in
                let wanted = Array(pattern.unicodeScalars.map(\.value))
                return slowlyMatches(
                    (folds ? folded(wanted) : wanted)[...],
                    (folds ? folded(characters(text)) : characters(text))[...])
            }
            #expect(
                matches(patterns, text, folds: folds) == expected, "\(patterns) \(text) folds: \(folds)")
        }
    }

    @Test("large sets find each of their members and nothing else")
    func largeSet() {
        var pool = TextPool()
        let names =
            (0..<2_000).map { "/usr/bin/program-\($0)" } + (0..<500).map { "\($0)*" } + ["*-suffix", ""]
        let set = pool.add(names.map { WildcardPattern($0) })
        for name in names {
            let text = Array(name.replacing("*", with: "x").uppercased().utf8)
            let found = pool.matches(set, text.span, 0, text.count)
            #expect(found, "\(name)")
        }
        for name in ["/usr/bin/program-2000", "/usr/bin/program-", "x", "-suffi", "/"] {
            let text = Array(name.utf8)
            let found = pool.matches(set, text.span, 0, text.count)
            #expect(!found, "\(name)")
        }
    }

    @Test("hostile patterns take bounded time")
    func hostile() {
        let text = [UInt8](repeating: 0x61, count: 8_192)
        let clock = ContinuousClock()
        let many = String(repeating: "a", count: 1_000)
        let patterns = [
            "*" + many + "?b*", "*" + many + "b" + many + "*", String(repeating: "*a", count: 500) + "?b*",
            String(repeating: "*a", count: 500) + "*b*a",
        ]
        for pattern in patterns {
            let elapsed = clock.measure { #expect(!matches([pattern], text, folds: true)) }
            #expect(elapsed < .seconds(20), "\(pattern.suffix(10))")
        }
    }
}

@Suite("Searching bytes")
struct ByteSearchTests {
    @Test("folds ASCII letters and nothing else")
    func folding() {
        for byte in UInt8.min...UInt8.max {
            let expected = (0x41...0x5a).contains(byte) ? byte + 32 : byte
            #expect(foldedCase(byte) == expected)
            #expect(foldedCase(repeated(byte)) == repeated(expected))
            #expect(foldedCase(UInt64(byte) | 0x41ff_5a80_5b40_7f00) & 0xff == UInt64(expected))
        }
    }
}

/// A generator whose numbers are the same in each run.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}
