import Foundation
import Testing

@Suite("Hostile input")
struct CorpusTests {
    private func files(_ target: FuzzTarget) throws -> [URL] {
        let folder = try #require(Bundle.module.resourceURL).appending(path: "Corpus/\(target.rawValue)")
        return try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
    }

    @Test("that fuzzing started from or found is survived", arguments: FuzzTarget.allCases)
    func survives(target: FuzzTarget) throws {
        let files = try files(target)
        #expect(files.count >= 3)
        for file in files { target.run(Array(try Data(contentsOf: file))) }
    }

    @Test("cut anywhere is survived", arguments: FuzzTarget.allCases)
    func cut(target: FuzzTarget) throws {
        for file in try files(target) {
            let bytes = Array(try Data(contentsOf: file))
            for end in stride(from: 0, to: bytes.count, by: 7) { target.run(Array(bytes[..<end])) }
        }
    }
}
