internal import Glibc

/// A row of values in memory that is asked for once, for as many as there may be;
/// the kernel gives it as it is touched. Changing a value is a store, where an array
/// first asks whether it is anybody else's.
@safe
public struct Slab<Element: BitwiseCopyable>: ~Copyable {
    @usableFromInline let memory: UnsafeMutablePointer<Element>
    private let capacity: Int
    public private(set) var count: Int

    /// An empty row, with room for some.
    public init(capacity: Int) { self.init(capacity: capacity, count: 0) }

    /// As many zeros as there is room for.
    public init(zeros count: Int) where Element: FixedWidthInteger {
        self.init(capacity: count, count: count)
    }

    private init(capacity: Int, count: Int) {
        precondition(MemoryLayout<Element>.alignment <= 16)
        guard let memory = unsafe calloc(max(1, capacity), MemoryLayout<Element>.stride) else {
            preconditionFailure("no memory for \(capacity) values")
        }
        // SAFETY: the block is as large as that, aligned to sixteen bytes, and all
        // zeros, which are valid integers.
        unsafe self.memory = memory.bindMemory(to: Element.self, capacity: capacity)
        self.capacity = capacity
        self.count = count
    }

    deinit { unsafe free(memory) }

    /// One of the first `count` values.
    @inlinable
    public subscript(index: Int) -> Element {
        @inline(__always) get {
            precondition(index >= 0 && index < count)
            // SAFETY: the precondition proves that there is such a value.
            return unsafe memory[index]
        }
        @inline(__always) _modify {
            precondition(index >= 0 && index < count)
            // SAFETY: as above.
            yield unsafe &memory[index]
        }
    }

    /// Adds a value; there must be room for it.
    public mutating func append(_ element: Element) { append(element, times: 1) }

    /// Adds a value some times; there must be room for all.
    public mutating func append(_ element: Element, times: Int) {
        precondition(times >= 0 && times <= capacity - count)
        // SAFETY: the precondition proves that there is room.
        unsafe (memory + count).initialize(repeating: element, count: times)
        count += times
    }
}
