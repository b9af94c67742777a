import Events
import Fixtures
import Testing

@testable import Processes

@Suite("The heap of texts")
struct BlockHeapTests {
    /// A block that was taken: its bytes are all the same.
    private struct Taken {
        var block: UInt32
        var length: Int
        var fill: UInt8
    }

    @Test(
        "holds what was written, whatever is freed and given back", arguments: [64, 5000, 1 << 20, 3_000_000])
    func contents(limit: Int) {
        var heap = BlockHeap(limit: limit)
        var random = SplitMixer(state: UInt64(limit))
        var taken: [Taken] = []
        func holds(_ one: Taken, _ heap: borrowing BlockHeap) -> Bool {
            let bytes = heap.memory.bytes.span.extracting(heap.range(one.block, length: one.length))
            return bytes.indices.allSatisfy { bytes[$0] == one.fill }
        }
        for step in 0..<20_000 {
            // phases in which more is taken, and more is freed
            let takes = random.next() % 8 < (step / 1000 % 2 == 0 ? 5 : 3)
            if takes {
                let length = 1 + Int(random.next() % UInt64(1 << (random.next() % 18)))
                let fill = UInt8(truncatingIfNeeded: random.next())
                guard let block = heap.allocate(length) else { continue }
                let one = Taken(block: block, length: length, fill: fill)
                heap.write([UInt8](repeating: fill, count: length).span, to: block)
                taken.append(one)
            } else if !taken.isEmpty {
                let one = taken.swapRemove(at: Int(random.next() % UInt64(taken.count)))
                let isWhole = holds(one, heap)
                #expect(isWhole)
                heap.release(one.block, length: one.length)
            }
            if random.next() % 500 == 0 { heap.giveBack() }
            let (used, touched) = (heap.used, heap.touched)
            #expect(used == taken.reduce(0) { $0 + BlockHeap.unit << BlockHeap.order(for: $1.length) })
            #expect(used <= touched && touched <= heap.limit)
        }
        for one in taken {
            let isWhole = holds(one, heap)
            #expect(isWhole)
            heap.release(one.block, length: one.length)
        }
        // all is one block again
        heap.giveBack()
        let (used, touched) = (heap.used, heap.touched)
        #expect(used == 0 && (touched == 0 || heap.limit < 65_536))
        let whole = heap.allocate(heap.limit)
        #expect(whole == 0)
    }

    @Test("what is given back are pages of the kernel's again")
    func givenBack() throws {
        var heap = BlockHeap(limit: 8 << 20)
        let blocks = (heap.allocate(100), heap.allocate(4 << 20))
        let (small, large) = (try #require(blocks.0), try #require(blocks.1))
        heap.write([UInt8](repeating: 7, count: 100).span, to: small)
        heap.write([UInt8](repeating: 7, count: 4 << 20).span, to: large)
        heap.release(large, length: 4 << 20)
        heap.giveBack()
        let touched = heap.touched
        #expect(touched < 65_536)
        // zeros, as the kernel gives them, but for the edges of the block
        let bytes = heap.memory.bytes.span
        let rest = heap.range(large, length: 4 << 20).dropFirst(65_536).dropLast(65_536)
        let isEmpty = rest.allSatisfy { bytes[$0] == 0 }
        let isThere = heap.range(small, length: 100).allSatisfy { bytes[$0] == 7 }
        #expect(isEmpty && isThere)
    }
}

extension Array {
    /// Takes an element out, in whose place the last one comes.
    fileprivate mutating func swapRemove(at index: Int) -> Element {
        swapAt(index, count - 1)
        return removeLast()
    }
}
