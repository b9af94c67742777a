import Foundation
import Testing

@testable import ECS

@Suite("JSONWriter")
struct JSONWriterTests {
    @Test(
        "escapes what JSON and terminals must not see raw",
        arguments: [
            ("plain", "plain"), ("", ""), ("a\"b\\c", #"a\"b\\c"#), ("\u{8}\t\n\u{c}\r", #"\b\t\n\f\r"#),
            ("\u{0}\u{1}\u{1f}\u{7f}", #"\u0000\u0001\u001f\u007f"#), ("\u{1b}[31m", #"\u001b[31m"#),
            ("\u{80}\u{9b}\u{a0}", "\\u0080\\u009b\u{a0}"), ("\u{2028}\u{2029}", #"\u2028\u2029"#),
            ("\u{202e}abc\u{2066}", #"\u202eabc\u2066"#), ("ü€𝄞…", "ü€𝄞…"), ("/etc/x", "/etc/x"),
        ])
    func escapes(text: String, expected: String) {
        #expect(written { $0.value(text) } == "\"\(expected)\"")
    }

    @Test(
        "puts U+FFFD where bytes are not UTF-8, once for each broken run",
        arguments: [
            ([0xff], "\u{fffd}"), ([0x61, 0x80, 0x62], "a\u{fffd}b"), ([0xc0, 0xaf], "\u{fffd}\u{fffd}"),
            ([0xe2, 0x82], "\u{fffd}"), ([0xe2, 0x82, 0x41], "\u{fffd}A"), ([0xf0, 0x9f, 0x92], "\u{fffd}"),
            ([0xed, 0xa0, 0x80], "\u{fffd}\u{fffd}\u{fffd}"),
            ([0xf4, 0x90, 0x80, 0x80], "\u{fffd}\u{fffd}\u{fffd}\u{fffd}"),
            ([0xf0, 0x82, 0x82, 0xac], "\u{fffd}\u{fffd}\u{fffd}\u{fffd}"), ([0xe2, 0x82, 0xac], "€"),
        ] as [([UInt8], String)])
    func invalid(bytes: [UInt8], expected: String) {
        #expect(written { $0.value(bytes[...]) } == "\"\(expected)\"")
        #expect(expected == String(decoding: bytes, as: UTF8.self))
    }

    @Test("every byte string becomes valid JSON of the size that was computed")
    func sizes() throws {
        var random = Random(seed: 7)
        for _ in 0..<2_000 {
            let bytes = random.nastyBytes(atMost: 60)
            let text = written { $0.value(bytes[...]) }
            #expect(text.utf8.count == escapedSize(bytes.span) + 2)
            let parsed = try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)
            #expect(parsed as? String == String(decoding: bytes, as: UTF8.self))
        }
    }

    @Test("opens and closes the objects of dotted names")
    func nesting() {
        let text = written { json in
            json.beginObject()
            for name in ["a", "b.c", "b.d.e", "b.d.f", "b.g", "h.i.j.k"] {
                json.name(name)
                json.value(1)
            }
            json.name("l")
            json.beginArray()
            for _ in 0..<2 {
                json.beginObject()
                json.name("b.c")
                json.value(true)
                json.name("b.d")
                json.beginArray()
                json.endArray()
                json.endObject()
            }
            json.endArray()
            json.name("l2.x")
            json.value("y")
            json.endObject()
        }
        #expect(
            text == #"{"a":1,"b":{"c":1,"d":{"e":1,"f":1},"g":1},"h":{"i":{"j":{"k":1}}},"#
                + #""l":[{"b":{"c":true,"d":[]}},{"b":{"c":true,"d":[]}}],"l2":{"x":"y"}}"#)
    }

    @Test("cuts values in the middle, between characters, within the budget")
    func cuts() {
        var random = Random(seed: 11)
        for _ in 0..<3_000 {
            let bytes = random.nastyBytes(atMost: 200)
            let size = escapedSize(bytes.span)
            let budget = Int.random(in: 4...100, using: &random)
            guard size > budget else { continue }
            let ends = ends(of: bytes.span, size: size, budget: budget)
            #expect(ends.head <= ends.tail)
            let text = written { $0.value(bytes[...], keeping: ends) }
            #expect(text.utf8.count <= budget + 2)
            #expect(text.contains("…"))
        }
        let path = Array("/a/very/long/path/to/some/program".utf8)
        let ends = ends(of: path.span, size: path.count, budget: 19)
        #expect(written { $0.value(path[...], keeping: ends) } == "\"/a/very/…/program\"")
    }

    @Test(
        "writes times with nine digits, also before 1970",
        arguments: [
            (0, "1970-01-01T00:00:00.000000000Z"), (1, "1970-01-01T00:00:00.000000001Z"),
            (-1, "1969-12-31T23:59:59.999999999Z"),
            (1_795_370_400_123_456_789, "2026-11-22T18:00:00.123456789Z"),
            (951_782_400_000_000_000, "2000-02-29T00:00:00.000000000Z"),
            (4_107_542_399_000_000_000, "2100-02-28T23:59:59.000000000Z"),
            (.max, "2262-04-11T23:47:16.854775807Z"), (.min, "1677-09-21T00:12:43.145224192Z"),
        ] as [(Int64, String)])
    func times(nanoseconds: Int64, expected: String) {
        #expect(written { $0.value(time: nanoseconds) } == "\"\(expected)\"")
    }

    @Test("agrees with Foundation about base64 of any length")
    func base64() {
        var random = Random(seed: 3)
        for length in 0..<100 {
            let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(written { $0.value(base64: bytes.span) } == "\"\(Data(bytes).base64EncodedString())\"")
            #expect(Base64.size(length) == Data(bytes).base64EncodedString().utf8.count)
        }
    }

    private func written(_ write: (inout JSONWriter) -> Void) -> String {
        var json = JSONWriter()
        write(&json)
        return String(decoding: json.bytes, as: UTF8.self)
    }
}

/// The same numbers in every run.
struct Random: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
        return word ^ word >> 31
    }

    /// Bytes that make trouble: controls, quotes, broken and whole UTF-8.
    mutating func nastyBytes(atMost limit: Int) -> [UInt8] {
        let pieces: [[UInt8]] = [
            [0x1b, 0x5b], [0], [10], [0x22], [0x5c], [0xff], [0xc3], [0xe2, 0x82], [0xf0, 0x9f, 0x98, 0x80],
            Array("ordinary text".utf8), Array("…".utf8), Array("é".utf8), [0xc2, 0x9b], [0x20], [0x2f],
        ]
        var bytes: [UInt8] = []
        let length = Int.random(in: 0...limit, using: &self)
        while bytes.count < length { bytes += pieces.randomElement(using: &self) ?? [] }
        return bytes
    }
}
