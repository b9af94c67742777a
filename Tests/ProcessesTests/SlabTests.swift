import Platform
import Testing

@Suite("Slab")
struct SlabTests {
    @Test("holds what was added, up to its capacity")
    func adding() {
        var slab = Slab<UInt64>(capacity: 5)
        #expect(slab.count == 0)
        slab.append(7)
        slab.append(.max, times: 4)
        slab[1] = 1
        slab[2] -= 2
        #expect(slab.count == 5)
        let values = (0..<5).map { slab[$0] }
        #expect(values == [7, 1, .max - 2, .max, .max])
        slab.append(0, times: 0)
        #expect(slab.count == 5)
    }

    @Test("begins with zeros where that is asked for")
    func zeros() {
        let slab = Slab<UInt32>(zeros: 300_000)
        #expect(slab.count == 300_000)
        let isZero = (0..<slab.count).allSatisfy { slab[$0] == 0 }
        #expect(isZero)
    }

    @Test("stops at what it does not have")
    func bounds() async {
        await #expect(processExitsWith: .failure) {
            var slab = Slab<UInt8>(capacity: 1)
            slab.append(1, times: 2)
        }
        await #expect(processExitsWith: .failure) {
            let slab = Slab<UInt8>(capacity: 4)
            _ = slab[0]
        }
        await #expect(processExitsWith: .success) {
            var slab = Slab<UInt8>(capacity: 1)
            slab.append(1)
        }
    }
}
