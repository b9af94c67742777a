internal import Events

/// Memory of fixed size for what pending matches keep: blocks of one size,
/// chained by index.
struct BlockPool: ~Copyable {
    static let blockSize = 512
    static let none: Int32 = -1

    /// A run of bytes spread over blocks.
    struct Chain {
        var first = BlockPool.none
        var last = BlockPool.none
        var length = 0

        var blocks: Int { (length + BlockPool.blockSize - 1) / BlockPool.blockSize }

        /// How many more blocks the chain takes to hold `count` more bytes.
        func blocks(adding count: Int) -> Int {
            (length + count + BlockPool.blockSize - 1) / BlockPool.blockSize - blocks
        }
    }

    private var arena: ByteArena
    /// The block after each block, in its chain or in the free list.
    private var next: [Int32] = []
    private var firstFree = BlockPool.none
    private var freed = 0
    private let limit: Int

    init(blocks: Int) {
        limit = min(max(blocks, 1), Int(Int32.max))
        arena = ByteArena(capacity: 0, limit: limit * BlockPool.blockSize)
    }

    /// Blocks that can still be taken.
    var available: Int { limit - next.count + freed }

    var used: Int { next.count - freed }

    private mutating func takeBlock() -> Int32 {
        if firstFree != BlockPool.none {
            let block = firstFree
            firstFree = next[Int(block)]
            freed -= 1
            next[Int(block)] = BlockPool.none
            return block
        }
        // memory grows until the largest use so far, then never again
        guard next.count < limit, arena.append(BlockPool.emptyBlock.span) != nil else {
            return BlockPool.none
        }
        next.append(BlockPool.none)
        return Int32(next.count - 1)
    }

    private static let emptyBlock = [UInt8](repeating: 0, count: BlockPool.blockSize)

    /// Appends a copy of all bytes in use; false, and nothing changed, if there
    /// is no room.
    mutating func append(_ source: borrowing ByteArena, to chain: inout Chain) -> Bool {
        let bytes = source.bytes.span.extracting(first: source.count)
        guard chain.blocks(adding: bytes.count) <= available else { return false }
        var done = 0
        while done < bytes.count {
            let used = chain.length % BlockPool.blockSize
            if used == 0 {
                let block = takeBlock()
                guard block != BlockPool.none else { return false }
                if chain.last == BlockPool.none {
                    chain.first = block
                } else {
                    next[Int(chain.last)] = block
                }
                chain.last = block
            }
            let count = min(BlockPool.blockSize - used, bytes.count - done)
            arena.replace(
                at: Int(chain.last) * BlockPool.blockSize + used,
                with: bytes.extracting(done..<(done + count)))
            chain.length += count
            done += count
        }
        return true
    }

    /// Gives all blocks of a chain back.
    mutating func free(_ chain: inout Chain) {
        if chain.last != BlockPool.none {
            freed += chain.blocks
            next[Int(chain.last)] = firstFree
            firstFree = chain.first
        }
        chain = Chain()
    }

    /// Whether a chain begins with these bytes.
    func starts(_ chain: Chain, with source: borrowing ByteArena) -> Bool {
        let bytes = source.bytes.span.extracting(first: source.count)
        guard chain.length >= bytes.count else { return false }
        var block = chain.first
        var done = 0
        while done < bytes.count {
            let count = min(BlockPool.blockSize, bytes.count - done)
            let start = Int(block) * BlockPool.blockSize
            guard
                areEqual(
                    arena.bytes.span.extracting(start..<(start + count)),
                    bytes.extracting(done..<(done + count)))
            else { return false }
            done += count
            block = next[Int(block)]
        }
        return true
    }

    /// Copies what lies behind the first `offset` bytes of a chain.
    func copy(_ chain: Chain, from offset: Int, to match: inout Match) -> Bool {
        var block = chain.first
        var start = 0
        while start < chain.length {
            let end = min(start + BlockPool.blockSize, chain.length)
            if end > offset {
                let base = Int(block) * BlockPool.blockSize
                let range = (base + max(0, offset - start))..<(base + end - start)
                guard match.append(images: arena.bytes.span.extracting(range)) else { return false }
            }
            start = end
            block = next[Int(block)]
        }
        return true
    }
}
