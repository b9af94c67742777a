import Events
import Fixtures
import Foundation
import Testing

@Suite("Documentation")
struct FieldReferenceTests {
    /// The top of the repository, found from this file.
    private let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    @Test("the reference page of fields is the table that the program uses")
    func fields() throws {
        let page = try String(contentsOf: root.appending(path: "docs/fields.md"), encoding: .utf8)
        #expect(page == FieldInfo.reference, "run: imdswatch fields --markdown > docs/fields.md")
    }
}
