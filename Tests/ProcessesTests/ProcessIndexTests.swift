import Fixtures
import Testing

@testable import Processes

@Suite("Process index")
struct ProcessIndexTests {
    /// Numbers in a row, far apart, and such that share a home.
    @Test("finds what was added and not removed", arguments: [1, 7, 64, 128])
    func model(stride: UInt32) {
        var random = SplitMixer(state: UInt64(stride))
        var index = ProcessIndex(limit: 64)
        var model: [UInt32: UInt32] = [:]
        for _ in 0..<20_000 {
            let pid = 1 + UInt32(random.next() % 96) * stride
            if let place = model[pid], random.next() % 2 == 0 {
                index.remove(at: place)
                model[pid] = nil
            } else if model[pid] == nil {
                let place = index.insert(ProcessEntry(start: 1, pid: pid, ancestor: 0, seen: 0))
                #expect((place == 0) == (model.count == 64))
                if place != 0 { model[pid] = place }
            }
            let wanted = 1 + UInt32(random.next() % 96) * stride
            #expect(index.find(wanted) == model[wanted] ?? 0)
            #expect(index.count == model.count)
        }
        for (pid, place) in model { #expect(index.find(pid) == place) }
    }
}
