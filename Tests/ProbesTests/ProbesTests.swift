import Events
import Testing

@testable import Probes

@Suite("Pieces of the loader")
struct LoaderTests {
    @Test("hex becomes bytes, or is refused")
    func hex() {
        #expect(decodeHex("00ff7f10") == [0, 255, 127, 16])
        #expect(decodeHex("") == [])
        #expect(decodeHex("0") == nil)
        #expect(decodeHex("0g") == nil)
        #expect(decodeHex("FF") == nil)
    }

    @Test("the embedded object is an ELF file for BPF")
    func embedded() throws {
        let bytes = try #require(decodeHex(embeddedObject))
        #expect(bytes.prefix(4) == [0x7f, 0x45, 0x4c, 0x46])
        #expect(bytes[18] == 247)
    }

    @Test("a log names the program that failed")
    func culprit() {
        let log = """
            libbpf: prog 'exec': relo #3: no matching targets found
            libbpf: prog 'connect4_fexit': BPF program load failed: Permission denied
            libbpf: prog 'connect4_fexit': -- BEGIN PROG LOAD LOG --
            prog 'fork': not one of ours
            libbpf: failed to load object 'imdswatch'
            """
        #expect(LibraryLog.program(in: log) == .connect4Fexit)
        #expect(LibraryLog.program(in: "libbpf: nothing") == nil)
    }

    @Test("a long log keeps its ends")
    func longLog() {
        let log = LibraryLog.text(Array(("first" + String(repeating: "x", count: 100_000) + "last\n").utf8))
        #expect(log.hasPrefix("first") && log.hasSuffix("last") && log.utf8.count < 5000)
    }

    @Test("a block says at least what the blocks around it say")
    func effective() throws {
        func prefix(_ text: String) throws -> IPPrefix { try #require(IPPrefix(text)) }
        let effective = Probes.effective([
            (try prefix("169.254.169.254"), .record), (try prefix("169.254.0.0/16"), .wanted),
            (try prefix("::/0"), .record), (try prefix("fd00:ec2::254"), .wanted),
            (try prefix("::/0"), .record),
        ])
        #expect(effective.count == 4)
        #expect(effective[try prefix("169.254.169.254")] == .wanted)
        #expect(effective[try prefix("169.254.0.0/16")] == .wanted)
        #expect(effective[try prefix("::/0")] == .record)
        #expect(effective[try prefix("fd00:ec2::254")] == .wanted)
    }

    @Test(
        "knows with which bytes no destination begins",
        arguments: [
            (["169.254.169.254"], [169], 255), (["10.0.0.0/8", "fd00:ec2::254"], [10, 0xfd], 254),
            (["128.0.0.0/1"], [128, 255], 128), (["::/0"], [0, 169, 255], 0),
            (["fc00::/7"], [0xfc, 0xfd], 254),
            (["::ffff:1.2.3.4"], [1], 255), (["::/64"], [0, 7, 255], 0), ([], [], 256),
        ] as [([String], [UInt8], Int)])
    func unwanted(destinations: [String], wanted: [UInt8], count: Int) throws {
        let prefixes = try destinations.map { try #require(IPPrefix($0)) }
        let unwanted = Probes.unwanted(prefixes)
        #expect((0...255).count { unwanted.contains(UInt8($0)) } == count)
        #expect(wanted.allSatisfy { !unwanted.contains($0) })
    }

    @Test("names each program once, and a ladder for each preference")
    func programs() {
        #expect(Set(ProbeProgram.allCases.map(\.rawValue)).count == 11)
        #expect(ProbeProgram.allCases.map(\.ordinal) == Array(0..<11))
        #expect(HookPreference.auto.ladder == [.fexit, .kprobe, .tracepoint])
        #expect(HookPreference.kprobe.ladder == [.kprobe])
    }

    @Test("walks type information, and stops at what it does not know")
    func types() throws {
        // one integer, one function type, two functions
        var types: [UInt8] = []
        func word(_ value: UInt32) {
            types += (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * $0)) }
        }
        for value in [1, 1 << 24, 4, 32] as [UInt32] { word(value) }
        for value in [0, 13 << 24, 1] as [UInt32] { word(value) }
        for value in [5, 12 << 24, 2] as [UInt32] { word(value) }
        for value in [11, 12 << 24, 2] as [UInt32] { word(value) }
        let names = Array("\0int\0first\0second\0".utf8)
        func file(_ types: [UInt8]) -> [UInt8] {
            let header: [UInt32] = [24, 0, UInt32(types.count), UInt32(types.count), UInt32(names.count)]
            return [0x9f, 0xeb, 1, 0]
                + header.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(8 * $0)) }
                }
                + types + names
        }
        let information = try #require(TypeInformation(bytes: file(types)))
        #expect(information.function("first") == 3)
        #expect(information.function("second") == 4)
        #expect(information.function("secon") == nil)
        #expect(information.function("int") == nil)
        #expect(TypeInformation(bytes: [1, 2, 3]) == nil)
        types[7] = 31
        #expect(TypeInformation(bytes: file(types))?.function("first") == nil)
    }

    @Test("records one behind the other are told apart")
    func sequence() {
        let one =
            Array(repeating: UInt8(0), count: 8) + [24, 0, 0, 0] + Array(repeating: UInt8(7), count: 12)
        var sizes: [Int] = []
        let bytes = one + one + one.prefix(20)
        let used = RecordSequence.forEach(in: bytes.span) { sizes.append($0.count) }
        #expect(used == 48 && sizes == [24, 24])
        let broken = Array(repeating: UInt8(0), count: 24)
        #expect(RecordSequence.forEach(in: broken.span) { _ in } == nil)
    }
}
