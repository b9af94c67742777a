internal import CBPF
internal import Events
internal import Glibc

extension Probes {
    /// Lists the running processes, as the kernel has them, and hands each
    /// record to a closure: `RECORD_TASK`, for `RecordDecoder`.
    ///
    /// Attach exec and fork first, so that no process falls between.
    ///
    /// - Returns: how many there were.
    @discardableResult
    public func forEachTask(_ body: (borrowing Span<UInt8>) -> Void) throws(ProbeError) -> Int {
        guard let starts = groups[.starts] else { throw .object(lacks: ProbeProgram.tasks.rawValue) }
        let link: BPFLink
        do throws(Refusal) {
            link = try starts.object.attachIterator(.tasks)
        } catch {
            throw .tasks(code: error.code, log: error.message)
        }
        let descriptor = bpf_iter_create(link.descriptor)
        guard descriptor >= 0 else { throw .tasks(code: -descriptor, log: "") }
        defer { _ = close(descriptor) }

        var count = 0
        var buffer = [UInt8](repeating: 0, count: 256 * 1024)
        var filled = 0
        while true {
            // SAFETY: the kernel writes at most the bytes that are left.
            let length = unsafe buffer.withUnsafeMutableBytes { bytes in
                unsafe read(descriptor, bytes.baseAddress.map { unsafe $0 + filled }, bytes.count - filled)
            }
            if length < 0 {
                // EAGAIN: many tasks were skipped in one go, and more follow
                if errno == EINTR || errno == EAGAIN { continue }
                throw .tasks(code: errno, log: "")
            }
            if length == 0 { return count }
            filled += length
            let used = RecordSequence.forEach(in: buffer.span.extracting(0..<filled)) { record in
                count += 1
                body(record)
            }
            guard let used else { throw .tasks(code: EPROTO, log: "") }
            if used > 0 {
                buffer.replaceSubrange(0..<(filled - used), with: Array(buffer[used..<filled]))
                filled -= used
            }
        }
    }
}

/// Records one behind the other, without anything between.
enum RecordSequence {
    /// Hands every whole record to a closure.
    ///
    /// - Returns: how many bytes they took, or nil if a size cannot be right.
    static func forEach(
        in bytes: borrowing Span<UInt8>, _ body: (borrowing Span<UInt8>) -> Void
    ) -> Int? {
        var start = 0
        while let size: UInt32 = bytes.integer(at: start + 8) {
            guard size >= MemoryLayout<record_header>.size, size <= 64 * 1024 else { return nil }
            guard Int(size) <= bytes.count - start else { break }
            body(bytes.extracting(start..<(start + Int(size))))
            start += Int(size)
        }
        return start
    }
}
