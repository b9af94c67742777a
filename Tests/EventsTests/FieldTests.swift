import Events
import Testing

@Suite("Fields")
struct FieldTests {
    @Test("every field has a row of its own, and is found by its name", arguments: Field.allCases)
    func table(field: Field) {
        #expect(field.info.field == field)
        #expect(Field(name: field.name) == field)
        #expect(field.info.summary.hasSuffix("."))
        #expect(Int(field.rawValue) < FieldSet.capacity)
    }

    @Test("names are unique")
    func unique() {
        #expect(Set(Field.allCases.map(\.name)).count == Field.allCases.count)
    }

    @Test("sets of fields hold what was put in, in order")
    func sets() {
        var set = FieldSet([.executableScript, .timestamp, .userID])
        #expect(set.fields == [.timestamp, .userID, .executableScript])
        set.remove(.userID)
        #expect(!set.contains(.userID) && set.contains(.timestamp) && set.count == 2)
    }
}
