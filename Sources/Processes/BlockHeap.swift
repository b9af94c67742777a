internal import Events
internal import Platform

/// Room for texts of every length in one bounded run of bytes: a buddy
/// allocator, so that freed neighbours become one block again.
///
/// A block is named by the number of its first unit. Memory is asked for once
/// and touched only as it is needed, some more at a time. A few freed blocks of each size are kept
/// as they are, so that the next text does not have to split what was just
/// joined.
struct BlockHeap: ~Copyable {
    /// Bytes of the smallest block.
    static let unit = 64
    private static let free: UInt8 = 0x80
    private static let nobody = UInt32.max
    private static let orders = 24
    /// Bytes at first, and how many are added at most; powers of two.
    private static let firstSize = 64 * 1024
    private static let growth = 256 * 1024
    /// Freed blocks of one size that are kept apart.
    private static let keptLimit: UInt32 = 32

    /// The bytes of all blocks: `memory.bytes`.
    private(set) var memory: ByteArena
    /// Bytes in blocks that are in use.
    private(set) var used = 0
    let limit: Int

    /// At the first unit of each block its order, with `free` if it is.
    private var states: Slab<UInt8>
    /// The neighbours of a free block in the list of its order.
    private var next: Slab<UInt32>
    private var previous: Slab<UInt32>
    private var heads: InlineArray<24, UInt32>
    /// Freed blocks that were not joined with their neighbours, by order; and
    /// how many. They look like blocks in use.
    private var kept: InlineArray<24, UInt32>
    private var keptCounts: InlineArray<24, UInt32>
    /// One bit for each order that has a free block.
    private var available: UInt32 = 0

    /// - Parameter limit: bytes; rounded down to a power of two.
    init(limit: Int) {
        let limit = max(Self.unit, min(limit, Self.unit << (Self.orders - 1)))
        self.limit = 1 << (Int.bitWidth - 1 - limit.leadingZeroBitCount)
        memory = ByteArena(reserving: self.limit)
        let units = self.limit / Self.unit
        states = Slab(capacity: units)
        next = Slab(capacity: units)
        previous = Slab(capacity: units)
        heads = InlineArray(repeating: Self.nobody)
        kept = InlineArray(repeating: Self.nobody)
        keptCounts = InlineArray(repeating: 0)
        grow(to: min(self.limit, Self.firstSize))
    }

    static func order(for length: Int) -> Int {
        let units = max(1, (length + unit - 1) / unit)
        return Int.bitWidth - (units - 1).leadingZeroBitCount
    }

    /// Takes a block of at least `length` bytes; nil if there is none.
    mutating func allocate(_ length: Int) -> UInt32? {
        let order = Self.order(for: length)
        guard order < Self.orders else { return nil }
        if keptCounts[order] > 0 {
            keptCounts[order] -= 1
            let block = kept[order]
            kept[order] = next[Int(block)]
            used += Self.unit << order
            return block
        }
        while true {
            let candidates = available >> UInt32(order)
            if candidates != 0 {
                return take(from: order + candidates.trailingZeroBitCount, order: order)
            }
            if memory.count < limit {
                grow(to: memory.count + min(memory.count, Self.growth))
            } else if !joinKept() {
                return nil
            }
        }
    }

    /// Joins the blocks that were kept apart. Returns whether there were any.
    private mutating func joinKept() -> Bool {
        var found = false
        for order in 0..<Self.orders {
            while keptCounts[order] > 0 {
                keptCounts[order] -= 1
                let block = kept[order]
                kept[order] = next[Int(block)]
                join(block, order: order)
                found = true
            }
        }
        return found
    }

    private mutating func take(from larger: Int, order: Int) -> UInt32 {
        let block = heads[larger]
        unlink(block, order: larger)
        var current = larger
        while current > order {
            current -= 1
            link(block + (1 << UInt32(current)), order: current)
        }
        states[Int(block)] = UInt8(order)
        used += Self.unit << order
        return block
    }

    /// Gives back a block that was taken for `length` bytes.
    mutating func release(_ block: UInt32, length: Int) {
        let order = Self.order(for: length)
        used -= Self.unit << order
        if keptCounts[order] < Self.keptLimit {
            keptCounts[order] += 1
            next[Int(block)] = kept[order]
            kept[order] = block
        } else {
            join(block, order: order)
        }
    }

    private mutating func join(_ block: UInt32, order: Int) {
        var order = order
        var block = block
        while order < Self.orders - 1 {
            let buddy = block ^ (1 << UInt32(order))
            guard Int(buddy) < states.count, states[Int(buddy)] == UInt8(order) | Self.free else { break }
            unlink(buddy, order: order)
            block = min(block, buddy)
            order += 1
        }
        link(block, order: order)
    }

    /// Copies bytes into a block.
    mutating func write(_ source: borrowing Span<UInt8>, to block: UInt32, at offset: Int = 0) {
        memory.replace(at: Int(block) * Self.unit + offset, with: source)
    }

    mutating func write(_ byte: UInt8, to block: UInt32, at offset: Int) {
        let byte: InlineArray<1, UInt8> = [byte]
        memory.replace(at: Int(block) * Self.unit + offset, with: byte.span)
    }

    /// Where the first `length` bytes of a block are.
    @inline(__always)
    func range(_ block: UInt32, length: Int) -> Range<Int> {
        let start = Int(block) * Self.unit
        return start..<(start + length)
    }

    /// What is added is a power of two, at a multiple of it: one block.
    private mutating func grow(to size: Int) {
        let first = UInt32(states.count)
        let units = size / Self.unit - states.count
        precondition(memory.extend(by: size - memory.count))
        states.append(0, times: units)
        next.append(Self.nobody, times: units)
        previous.append(Self.nobody, times: units)
        join(first, order: Self.order(for: units * Self.unit))
    }

    private mutating func link(_ block: UInt32, order: Int) {
        let head = heads[order]
        next[Int(block)] = head
        previous[Int(block)] = Self.nobody
        if head != Self.nobody { previous[Int(head)] = block }
        heads[order] = block
        available |= 1 << UInt32(order)
        states[Int(block)] = UInt8(order) | Self.free
    }

    private mutating func unlink(_ block: UInt32, order: Int) {
        let after = next[Int(block)]
        let before = previous[Int(block)]
        if before == Self.nobody {
            heads[order] = after
            if after == Self.nobody { available &= ~(1 << UInt32(order)) }
        } else {
            next[Int(before)] = after
        }
        if after != Self.nobody { previous[Int(after)] = before }
        states[Int(block)] = 0
    }
}
