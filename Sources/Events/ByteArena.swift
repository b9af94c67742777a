/// A growing run of bytes that is filled, read and emptied over and over
/// without giving its memory back.
///
/// The bytes are read through `bytes.span`.
public struct ByteArena: ~Copyable, Sendable {
    /// The memory; only the first `count` bytes mean anything. Ranges of slots
    /// index into it.
    public private(set) var bytes: [UInt8]

    /// How many bytes are in use.
    public private(set) var count: Int

    /// No append goes beyond this many bytes.
    public let limit: Int
    private let isReserved: Bool

    /// - Parameters:
    ///   - capacity: bytes allocated at once.
    ///   - limit: bytes after which `append` refuses.
    public init(capacity: Int, limit: Int) {
        bytes = [UInt8](repeating: 0, count: min(capacity, limit))
        count = 0
        self.limit = limit
        isReserved = false
    }

    /// Asks for all memory at once, which the kernel gives only as it is
    /// touched: what grows far leaves no outgrown pieces behind.
    public init(reserving limit: Int) {
        bytes = []
        bytes.reserveCapacity(limit)
        count = 0
        self.limit = limit
        isReserved = true
    }

    /// Forgets everything after the first `length` bytes.
    public mutating func truncate(to length: Int) {
        if length < count { count = max(0, length) }
    }

    /// Makes room for `length` more bytes. Allocates only beyond the largest
    /// size seen so far.
    @inline(__always)
    private mutating func reserve(_ length: Int) -> Bool {
        guard length <= limit - count else { return false }
        if count + length > bytes.count { grow(by: length) }
        return true
    }

    @inline(never)
    private mutating func grow(by length: Int) {
        let wanted = min(limit, max(count + length, isReserved ? 0 : bytes.count * 2))
        bytes.append(contentsOf: repeatElement(0, count: wanted - bytes.count))
    }

    /// Appends bytes whatever they hold; false when the limit is reached.
    public mutating func extend(by length: Int) -> Bool {
        guard reserve(length) else { return false }
        count += length
        return true
    }

    /// Appends a copy and returns its offset; nil when the limit is reached.
    public mutating func append(_ source: borrowing Span<UInt8>) -> Int? {
        let length = source.count
        guard reserve(length) else { return nil }
        let offset = count
        // SAFETY: `reserve` proved that `offset + length` lies within the
        // array; a span's bytes cannot be the array that is being mutated.
        unsafe bytes.withUnsafeMutableBytes { target in
            unsafe source.withUnsafeBytes { origin in
                guard let from = origin.baseAddress, let to = target.baseAddress else { return }
                unsafe (to + offset).copyMemory(from: from, byteCount: length)
            }
        }
        count += length
        return offset
    }

    public mutating func append(_ byte: UInt8) -> Int? {
        guard reserve(1) else { return nil }
        bytes[count] = byte
        count += 1
        return count - 1
    }

    public mutating func append(_ text: StaticString) -> Int? {
        let length = text.utf8CodeUnitCount
        // SAFETY: a static string's bytes live as long as the program, and there
        // are as many as it says; `fill` has room for them.
        return text.withUTF8Buffer { origin in
            append(count: length) { bytes, start in
                for index in 0..<length {
                    unsafe bytes.storeBytes(of: origin[index], toByteOffset: start + index, as: UInt8.self)
                }
            }
        }
    }

    /// Appends an integer of at most 64 bits, its lowest byte first.
    @inlinable @inline(__always)
    public mutating func append<Value: FixedWidthInteger & BitwiseCopyable>(integer: Value) -> Int? {
        appendLow(MemoryLayout<Value>.size, of: UInt64(truncatingIfNeeded: integer))
    }

    /// Appends the low bytes of a word.
    @usableFromInline
    mutating func appendLow(_ length: Int, of word: UInt64) -> Int? {
        guard length <= 8, reserve(length) else { return nil }
        let offset = count
        let word = word.littleEndian
        // SAFETY: `reserve` proved that the bytes lie within the array, and the
        // word has eight.
        unsafe bytes.withUnsafeMutableBytes { target in
            unsafe withUnsafeBytes(of: word) { origin in
                guard let from = origin.baseAddress, let to = target.baseAddress else { return }
                unsafe (to + offset).copyMemory(from: from, byteCount: length)
            }
        }
        count += length
        return offset
    }

    /// Replaces four bytes that were appended before.
    public mutating func patch(_ value: UInt32, at offset: Int) {
        precondition(offset >= 0 && offset + 4 <= count)
        // SAFETY: the precondition proves that the bytes lie within the array.
        unsafe bytes.withUnsafeMutableBytes { target in
            unsafe target.storeBytes(of: value, toByteOffset: offset, as: UInt32.self)
        }
    }

    /// Appends bytes that a closure writes from the offset that it is given,
    /// which is returned; nil when the limit is reached. Cheaper than many
    /// small appends.
    mutating func append(count length: Int, fill: (inout MutableRawSpan, Int) -> Void) -> Int? {
        guard reserve(length) else { return nil }
        let offset = count
        var all = bytes.mutableSpan
        // SAFETY: whatever is stored, any byte is a valid `UInt8`.
        var raw = unsafe all.mutableBytes
        fill(&raw, offset)
        count += length
        return offset
    }

    /// Replaces bytes that were appended before.
    public mutating func replace(at offset: Int, with source: borrowing Span<UInt8>) {
        let length = source.count
        precondition(offset >= 0 && length <= count - offset)
        // SAFETY: the precondition proves that the bytes lie within the
        // array; a span's bytes cannot be the array that is being mutated.
        unsafe bytes.withUnsafeMutableBytes { target in
            unsafe source.withUnsafeBytes { origin in
                guard let from = origin.baseAddress, let to = target.baseAddress else { return }
                unsafe (to + offset).copyMemory(from: from, byteCount: length)
            }
        }
    }

    /// Appends a copy of bytes that are already here, with every `old` byte
    /// replaced by `new`.
    public mutating func appendCopy(of range: Range<Int>, replacing old: UInt8, with new: UInt8) -> Int? {
        guard range.upperBound <= count, reserve(range.count) else { return nil }
        let offset = count
        let start = range.lowerBound
        let length = range.count
        // SAFETY: the range lies within the array, and `reserve` proved that the
        // copy behind it does; plain pointers let the loop use wide registers.
        unsafe bytes.withUnsafeMutableBytes { memory in
            guard let base = unsafe memory.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
            let from = unsafe UnsafePointer(base + start)
            let to = unsafe base + offset
            for index in 0..<length {
                let byte = unsafe from[index]
                unsafe to[index] = byte == old ? new : byte
            }
        }
        count += length
        return offset
    }

    /// How often a byte occurs in a range.
    public func occurrences(of byte: UInt8, in range: Range<Int>) -> Int {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        // SAFETY: the precondition proves that the range lies within the array.
        return unsafe bytes.withUnsafeBytes { memory in
            guard let base = memory.baseAddress else { return 0 }
            let from = unsafe (base + range.lowerBound).assumingMemoryBound(to: UInt8.self)
            var found = 0
            var index = 0
            let wanted = SIMD16<UInt8>(repeating: byte)
            while index + 16 <= range.count {
                // sixteen counts of a byte each, before one can overflow
                var counts = SIMD16<UInt8>(repeating: 0)
                let stop = min(range.count & ~15, index + 16 * 255)
                while index < stop {
                    let part = unsafe UnsafeRawPointer(from + index).loadUnaligned(as: SIMD16<UInt8>.self)
                    counts &+= SIMD16<UInt8>(repeating: 0).replacing(with: 1, where: part .== wanted)
                    index += 16
                }
                found &+= Int(SIMD16<UInt16>(truncatingIfNeeded: counts).wrappedSum())
            }
            while index < range.count {
                if unsafe from[index] == byte { found &+= 1 }
                index += 1
            }
            return found
        }
    }
}

/// Whether two runs of bytes are the same, eight at a time.
@inlinable @inline(__always)
public func areEqual(_ one: borrowing Span<UInt8>, _ other: borrowing Span<UInt8>) -> Bool {
    let count = one.count
    guard count == other.count else { return false }
    guard count >= 8 else {
        for index in 0..<count where one[index] != other[index] { return false }
        return true
    }
    var offset = 0
    while offset < count - 8 {
        let word: UInt64? = one.integer(at: offset)
        guard word == other.integer(at: offset) else { return false }
        offset += 8
    }
    let last: UInt64? = one.integer(at: count - 8)
    return last == other.integer(at: count - 8)
}

extension Span<UInt8> {
    /// Reads an integer in native byte order, or nil beyond the end.
    @inlinable @inline(__always)
    public func integer<Value: FixedWidthInteger & BitwiseCopyable>(
        _: Value.Type = Value.self, at offset: Int
    ) -> Value? {
        guard offset >= 0, offset <= count - MemoryLayout<Value>.size else { return nil }
        // SAFETY: the guard proves the bytes are in bounds, and every bit
        // pattern is a valid integer.
        return unsafe withUnsafeBytes { bytes in
            unsafe bytes.loadUnaligned(fromByteOffset: offset, as: Value.self)
        }
    }
}

extension [UInt8] {
    /// A copy of borrowed bytes.
    public init(copying source: borrowing Span<UInt8>) {
        // SAFETY: the bytes are only read, and not beyond the closure.
        self = unsafe source.withUnsafeBufferPointer { unsafe Array($0) }
    }

    /// Appends a copy of borrowed bytes.
    public mutating func append(copying source: borrowing Span<UInt8>) {
        // SAFETY: the bytes are only read, and not beyond the closure; a span's
        // bytes cannot be the array that is being mutated.
        unsafe source.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }
}
