internal import CBPF
internal import Glibc

/// The memory of a ring buffer: two positions and the data, which is mapped
/// twice in a row so that every record lies in one piece.
@safe
struct RingMemory: ~Copyable {
    private let consumer: UnsafeMutableRawPointer
    private let producer: UnsafeRawPointer
    private let data: UnsafeRawPointer
    private let mask: UInt64
    private let page: Int
    private let isMapped: Bool
    /// To be watched for reading; -1 in tests.
    let descriptor: Int32
    /// Bytes of data, a power of two.
    let size: Int

    /// Maps the ring of a loaded object. Only the consumer's page can be written.
    init(_ map: SharedMaps.Map, size: Int) throws(ProbeError) {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let own = dup(map.descriptor)
        guard own >= 0 else { throw .mapping(name: map.name, code: errno) }
        let consumer = unsafe mmap(nil, page, PROT_READ | PROT_WRITE, MAP_SHARED, own, 0)
        guard let consumer = unsafe consumer, unsafe consumer != MAP_FAILED else {
            let code = errno
            _ = close(own)
            throw .mapping(name: map.name, code: code)
        }
        let rest = unsafe mmap(nil, page + 2 * size, PROT_READ, MAP_SHARED, own, page)
        guard let rest = unsafe rest, unsafe rest != MAP_FAILED else {
            let code = errno
            _ = unsafe munmap(consumer, page)
            _ = close(own)
            throw .mapping(name: map.name, code: code)
        }
        unsafe self.consumer = consumer
        unsafe producer = UnsafeRawPointer(rest)
        unsafe data = UnsafeRawPointer(rest + page)
        mask = UInt64(size - 1)
        descriptor = own
        isMapped = true
        self.size = size
        self.page = page
    }

    /// Uses memory of a test, which must outlive this: eight bytes for each
    /// position, and the data twice.
    @unsafe
    init(
        borrowingConsumer consumer: UnsafeMutableRawPointer, producer: UnsafeRawPointer,
        data: UnsafeRawPointer, size: Int
    ) {
        precondition(size.nonzeroBitCount == 1)
        unsafe self.consumer = consumer
        unsafe self.producer = producer
        unsafe self.data = data
        mask = UInt64(size - 1)
        descriptor = -1
        isMapped = false
        page = 0
        self.size = size
    }

    deinit {
        guard isMapped else { return }
        _ = unsafe munmap(consumer, page)
        _ = unsafe munmap(UnsafeMutableRawPointer(mutating: producer), page + 2 * size)
        _ = close(descriptor)
    }

    // SAFETY of all below: the positions are valid until `deinit`, and the mask
    // keeps every offset within the first copy of the data.

    var producerPosition: UInt64 { unsafe ring_load_position(producer) }

    var consumerPosition: UInt64 {
        get { unsafe ring_load_position(consumer) }
        nonmutating set { unsafe ring_store_position(consumer, newValue) }
    }

    /// The length word of the record at a position: two flags and the length.
    func lengthWord(at position: UInt64) -> UInt32 {
        unsafe ring_load_length(data + Int(position & mask))
    }

    /// Hands out the bytes of a committed record.
    ///
    /// - Parameters:
    ///   - position: of its length word.
    ///   - length: at most `size - 8`.
    @inline(__always)
    func withRecord<Result>(
        at position: UInt64, length: Int, _ body: (borrowing Span<UInt8>) -> Result
    ) -> Result {
        precondition(length >= 0 && length <= size - 8)
        // SAFETY: begins in the first copy and ends, by the precondition, before
        // the end of the second. The kernel does not touch a committed record
        // until the consumer's position has passed it, and the borrowed span
        // does not outlive this call.
        let start = unsafe data + Int(position & mask) + 8
        let bytes = unsafe UnsafeBufferPointer(
            start: start.assumingMemoryBound(to: UInt8.self), count: length)
        return unsafe body(Span(_unsafeElements: bytes))
    }
}
