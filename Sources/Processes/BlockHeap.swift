internal import Events
internal import Platform

/// Room for texts of every length in one bounded run of bytes: a buddy
/// allocator, so that freed neighbours become one block again.
///
/// A block is named by the number of its first unit. Memory is asked for once,
/// touched only as it is needed, and what was freed in large pieces can be given back
/// to the kernel. A few freed blocks of each size are kept as they are, so that the
/// next text does not have to split what was just joined.
struct BlockHeap: ~Copyable {
    /// Bytes of the smallest block.
    static let unit = 64
    private static let free: UInt8 = 0x80
    /// Of a free block: the kernel has not given its memory yet, or has it back.
    private static let untouched: UInt8 = 0x40
    private static let nobody = UInt32.max
    private static let orders = 24
    /// The smallest free block that is given back: 64 KiB.
    private static let orderGivenBack = 10
    /// Freed blocks of one size that are kept apart.
    private static let keptLimit: UInt32 = 32

    /// The bytes of all blocks: `memory.bytes`.
    private(set) var memory: ByteArena
    /// Bytes in blocks that are in use.
    private(set) var used = 0
    /// Bytes in blocks that may be in memory: in use, or free and not given back since.
    private(set) var touched = 0
    let limit: Int

    /// At the first unit of each block its order, with `free` and `untouched`.
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
        memory = ByteArena(untouched: self.limit)
        let units = self.limit / Self.unit
        states = Slab(zeros: units)
        next = Slab(zeros: units)
        previous = Slab(zeros: units)
        heads = InlineArray(repeating: Self.nobody)
        kept = InlineArray(repeating: Self.nobody)
        keptCounts = InlineArray(repeating: 0)
        link(0, order: Self.order(for: self.limit), Self.untouched)
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
            guard joinKept() else { return nil }
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
        let untouched = states[Int(block)] & Self.untouched
        unlink(block, order: larger)
        var current = larger
        while current > order {
            current -= 1
            link(block + (1 << UInt32(current)), order: current, untouched)
        }
        states[Int(block)] = UInt8(order)
        used += Self.unit << order
        if untouched != 0 { touched += Self.unit << order }
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

    /// Joins a block that was in use with free neighbours.
    private mutating func join(_ block: UInt32, order: Int) {
        var order = order
        var block = block
        while order < Self.orders - 1 {
            let buddy = block ^ (1 << UInt32(order))
            guard Int(buddy) < states.count else { break }
            let state = states[Int(buddy)]
            guard state & ~Self.untouched == UInt8(order) | Self.free else { break }
            if state & Self.untouched != 0 { touched += Self.unit << order }
            unlink(buddy, order: order)
            block = min(block, buddy)
            order += 1
        }
        link(block, order: order, 0)
    }

    /// Gives the memory of large free blocks back to the kernel.
    mutating func giveBack() {
        _ = joinKept()
        for order in Self.orderGivenBack..<Self.orders {
            var block = heads[order]
            while block != Self.nobody {
                if states[Int(block)] & Self.untouched == 0 {
                    memory.giveBack(range(block, length: Self.unit << order)) { Memory.giveBack($0, of: &$1) }
                    states[Int(block)] |= Self.untouched
                    touched -= Self.unit << order
                }
                block = next[Int(block)]
            }
        }
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

    private mutating func link(_ block: UInt32, order: Int, _ untouched: UInt8) {
        let head = heads[order]
        next[Int(block)] = head
        previous[Int(block)] = Self.nobody
        if head != Self.nobody { previous[Int(head)] = block }
        heads[order] = block
        available |= 1 << UInt32(order)
        states[Int(block)] = UInt8(order) | Self.free | untouched
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
