internal import Events
internal import Platform

/// Texts that many processes share (executables, directories, control
/// groups), each kept once and counted.
///
/// A text is named by a number; 0 is no text.
struct TextPool: ~Copyable {
    struct Text {
        var block: UInt32
        var length: UInt32
        var hash: UInt32
        var references: UInt32
        /// The next text of the bucket, or of the free list.
        var next: UInt32
    }

    /// The bytes of all texts, and of what else is kept beside them.
    var heap: BlockHeap
    private var texts: Slab<Text>
    private var buckets: Slab<UInt32>
    private var firstFree: UInt32 = 0
    private let hash: SeededHash
    private(set) var count = 0

    init(limit: Int) {
        heap = BlockHeap(limit: limit)
        texts = Slab(capacity: heap.limit / BlockHeap.unit + 1)
        texts.append(Text(block: 0, length: 0, hash: 0, references: 0, next: 0))
        buckets = Slab(zeros: max(16, min(16_384, heap.limit / BlockHeap.unit)))
        var generator = SystemRandomNumberGenerator()
        hash = SeededHash(using: &generator)
    }

    /// The number of a text, with one more reference; nil if there is no room.
    /// The empty text is no text.
    mutating func intern(_ text: borrowing Span<UInt8>) -> UInt32? {
        guard !text.isEmpty else { return 0 }
        let hash = hash(text)
        let bucket = Int(hash) & (buckets.count - 1)
        var number = buckets[bucket]
        while number != 0 {
            if texts[Int(number)].hash == hash, holds(number, text) {
                texts[Int(number)].references += 1
                return number
            }
            number = texts[Int(number)].next
        }
        guard let block = heap.allocate(text.count) else { return nil }
        heap.write(text, to: block)
        if firstFree != 0 {
            number = firstFree
            firstFree = texts[Int(number)].next
        } else {
            number = UInt32(texts.count)
            texts.append(Text(block: 0, length: 0, hash: 0, references: 0, next: 0))
        }
        texts[Int(number)] = Text(
            block: block, length: UInt32(text.count), hash: hash, references: 1, next: buckets[bucket])
        buckets[bucket] = number
        count += 1
        return number
    }

    /// `intern`, after a look at the text that it most likely is.
    mutating func intern(_ text: borrowing Span<UInt8>, likely: UInt32) -> UInt32? {
        if likely != 0, holds(likely, text) {
            texts[Int(likely)].references += 1
            return likely
        }
        return intern(text)
    }

    mutating func retain(_ number: UInt32) {
        if number != 0 { texts[Int(number)].references += 1 }
    }

    mutating func release(_ number: UInt32) {
        guard number != 0 else { return }
        texts[Int(number)].references -= 1
        if texts[Int(number)].references == 0 { remove(number) }
    }

    private mutating func remove(_ number: UInt32) {
        let text = texts[Int(number)]
        let bucket = Int(text.hash) & (buckets.count - 1)
        if buckets[bucket] == number {
            buckets[bucket] = text.next
        } else {
            var before = buckets[bucket]
            while texts[Int(before)].next != number { before = texts[Int(before)].next }
            texts[Int(before)].next = text.next
        }
        heap.release(text.block, length: Int(text.length))
        texts[Int(number)].next = firstFree
        firstFree = number
        count -= 1
    }

    /// Where a text lies in `heap.memory.bytes`.
    @inline(__always)
    func range(_ number: UInt32) -> Range<Int> {
        let text = texts[Int(number)]
        return heap.range(text.block, length: Int(text.length))
    }

    /// Whether text `number` is this one.
    @inline(__always)
    func holds(_ number: UInt32, _ text: borrowing Span<UInt8>) -> Bool {
        guard Int(texts[Int(number)].length) == text.count else { return false }
        return areEqual(heap.memory.bytes.span.extracting(range(number)), text)
    }
}
