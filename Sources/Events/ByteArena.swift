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

    /// - Parameters:
    ///   - capacity: bytes allocated at once.
    ///   - limit: bytes after which `append` refuses.
    public init(capacity: Int, limit: Int) {
        bytes = [UInt8](repeating: 0, count: min(capacity, limit))
        count = 0
        self.limit = limit
    }

    /// As many bytes as that, whatever they hold. The kernel gives the memory only as
    /// it is touched.
    public init(untouched count: Int) {
        // SAFETY: any byte is a valid `UInt8`, and there are as many.
        bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { _, initialized in initialized = count }
        self.count = count
        limit = count
    }

    /// Has a closure give memory back to the kernel. The bytes in the range mean nothing
    /// from then on, until they are written again.
    public mutating func giveBack(
        _ range: Range<Int>, by giveBack: (Range<Int>, inout MutableSpan<UInt8>) -> Void
    ) {
        var all = bytes.mutableSpan
        giveBack(range, &all)
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
        let wanted = min(limit, max(count + length, bytes.count * 2))
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

    /// Appends up to sixteen bytes, which are the low ones of two words.
    @inline(__always)
    mutating func append(_ length: Int, of low: UInt64, _ high: UInt64) -> Int? {
        guard length <= 16, reserve(16) else { return nil }
        let offset = count
        // SAFETY: `reserve` proved that sixteen bytes lie within the array; those
        // beyond the length are in nobody's use.
        unsafe bytes.withUnsafeMutableBytes { target in
            unsafe target.storeBytes(of: low.littleEndian, toByteOffset: offset, as: UInt64.self)
            unsafe target.storeBytes(of: high.littleEndian, toByteOffset: offset + 8, as: UInt64.self)
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
    ///
    /// - Returns: where the copy is, and how many bytes were replaced; nil when
    ///   the limit is reached.
    public mutating func appendCopy(
        of range: Range<Int>, replacing old: UInt8, with new: UInt8
    ) -> (offset: Int, replaced: Int)? {
        guard range.lowerBound >= 0, range.upperBound <= count, reserve(range.count) else { return nil }
        let offset = count
        let start = range.lowerBound
        let length = range.count
        let change = UInt64(old ^ new)
        var replaced: UInt64 = 0
        var done = 0
        // SAFETY: the range lies within the array, and `reserve` proved that the
        // copy behind it does; what is read and written sixteen or eight bytes at a
        // time lies within them.
        unsafe bytes.withUnsafeMutableBytes { memory in
            guard let base = memory.baseAddress else { return }
            let from = unsafe UnsafeRawPointer(base + start)
            let to = unsafe base + offset
            let (wanted, changes) = (SIMD16(repeating: old), SIMD16(repeating: old ^ new))
            while done + 16 <= length {
                // sixteen counts of a byte each, before one can overflow
                var counts = SIMD16<UInt8>.zero
                let stop = min(length & ~15, done + 16 * 255)
                while done < stop {
                    let part = unsafe (from + done).loadUnaligned(as: SIMD16<UInt8>.self)
                    let isOld = part .== wanted
                    unsafe (to + done).storeBytes(
                        of: part ^ .zero.replacing(with: changes, where: isOld), as: SIMD16<UInt8>.self)
                    counts &+= .zero.replacing(with: 1, where: isOld)
                    done += 16
                }
                replaced &+= sum(counts)
            }
            if done + 8 <= length {
                replaced &+= unsafe copyWord(from + done, to + done, old, change, counting: .max)
                done += 8
            }
            if done < length, length >= 8 {
                // the last eight bytes overlap those before, which are counted
                let index = length - 8
                replaced &+= unsafe copyWord(
                    from + index, to + index, old, change, counting: ~headMask(done - index))
                done = length
            }
            while done < length {
                let byte = unsafe (from + done).load(as: UInt8.self)
                unsafe (to + done).storeBytes(of: byte == old ? new : byte, as: UInt8.self)
                replaced &+= byte == old ? 1 : 0
                done += 1
            }
        }
        count += length
        return (offset, Int(replaced))
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
                var counts = SIMD16<UInt8>.zero
                let stop = min(range.count & ~15, index + 16 * 255)
                while index < stop {
                    let part = unsafe UnsafeRawPointer(from + index).loadUnaligned(as: SIMD16<UInt8>.self)
                    counts &+= .zero.replacing(with: 1, where: part .== wanted)
                    index += 16
                }
                found &+= Int(sum(counts))
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

/// A byte in all eight places of a word.
@inlinable @inline(__always)
public func repeated(_ byte: UInt8) -> UInt64 { UInt64(byte) &* 0x0101_0101_0101_0101 }

/// The sum of sixteen bytes, which may each be as large as they can.
@inline(__always)
private func sum(_ counts: SIMD16<UInt8>) -> UInt64 {
    // SAFETY: both are sixteen bytes of integers.
    let words = unsafe unsafeBitCast(counts, to: SIMD2<UInt64>.self)
    let even: UInt64 = 0x00ff_00ff_00ff_00ff
    let pairs = words & even &+ (words &>> 8) & even
    return ((pairs[0] &+ pairs[1]) &* 0x0001_0001_0001_0001) >> 48
}

/// Copies eight bytes, changes those that are `old`, and counts those of them
/// that a mask has.
@inline(__always)
private func copyWord(
    _ from: UnsafeRawPointer, _ to: UnsafeMutableRawPointer, _ old: UInt8, _ change: UInt64,
    counting mask: UInt64
) -> UInt64 {
    // SAFETY: the caller has eight bytes at both.
    let word = unsafe UInt64(littleEndian: from.loadUnaligned(as: UInt64.self))
    let difference = word ^ repeated(old)
    let hasLowBits = (difference & repeated(0x7f)) &+ repeated(0x7f)
    let ones = ~(hasLowBits | difference | repeated(0x7f)) >> 7
    unsafe to.storeBytes(of: (word ^ ones &* change).littleEndian, as: UInt64.self)
    return ((ones & mask) &* repeated(1)) >> 56
}

/// Ones in the first `count` bytes of a word whose lowest byte is the first.
@inlinable @inline(__always)
public func headMask(_ count: Int) -> UInt64 {
    count >= 8 ? .max : (1 << UInt64(8 * count)) &- 1
}

/// Up to eight bytes from `start`; bytes beyond `end` are zero.
@inlinable @inline(__always)
public func headWord(_ text: borrowing Span<UInt8>, _ start: Int, _ end: Int) -> UInt64 {
    if let word = text.integer(UInt64.self, at: start) {
        return UInt64(littleEndian: word) & headMask(end - start)
    }
    var word: UInt64 = 0
    var index = Swift.min(end, start + 8)
    while index > start {
        index -= 1
        word = word << 8 | UInt64(text[index])
    }
    return word
}

/// How many of the low bytes of a word come before one that is zero: 8 if none is.
@inlinable @inline(__always)
public func bytesBeforeZero(_ word: UInt64) -> Int {
    // the lowest bit that is found is right; higher ones may be wrong
    let zeros = (word &- repeated(1)) & ~word & repeated(0x80)
    return zeros.trailingZeroBitCount >> 3
}

extension Span<UInt8> {
    /// Where the first NUL from `start` on is, or `end`, or the end of all.
    @inlinable
    public func firstNUL(from start: Int = 0, to end: Int = .max) -> Int {
        let end = Swift.min(end, count)
        var position = start
        while position < end {
            if let word: UInt64 = integer(at: position) {
                let before = bytesBeforeZero(UInt64(littleEndian: word))
                guard before < 8 else {
                    position += 8
                    continue
                }
                return Swift.min(end, position + before)
            }
            if self[position] == 0 { return position }
            position += 1
        }
        return end
    }

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
