internal import Glibc

/// A file, pipe or terminal that is read once, or in pieces from anywhere.
@safe
public struct InputFile: ~Copyable {
    public let metadata: FileMetadata
    private let number: Int32
    private let isOwned: Bool

    /// Opens a file by its path.
    public init(_ path: String) throws(SystemCallError) {
        // SAFETY: the string is passed as text that ends with a NUL.
        let opened = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
        guard opened >= 0 else { throw .last("open") }
        try self.init(opened, owned: true)
    }

    /// Standard input, which stays open.
    public static func standard() throws(SystemCallError) -> InputFile {
        try InputFile(0, owned: false)
    }

    /// An empty file without a name in a directory, to be written and read. It
    /// is gone when this value is.
    public static func temporary(in directory: String) throws(SystemCallError) -> InputFile {
        // O_TMPFILE is a union of flags, which Swift does not import
        let flags: Int32 = 0o20_000_000 | O_DIRECTORY | O_RDWR | O_CLOEXEC
        // SAFETY: the string is passed as text that ends with a NUL.
        let opened = unsafe open(directory, flags, 0o600)
        guard opened >= 0 else { throw .last("open") }
        return try InputFile(opened, owned: true)
    }

    private init(_ number: Int32, owned: Bool) throws(SystemCallError) {
        var status = stat()
        // SAFETY: the pointer is to a local that outlives the call.
        guard unsafe fstat(number, &status) == 0 else {
            let error = SystemCallError.last("fstat")
            if owned { close(number) }
            throw error
        }
        self.number = number
        isOwned = owned
        metadata = FileMetadata(status)
    }

    deinit { if isOwned { _ = close(number) } }

    /// Reads on from where the last call ended; 0 at the end, nil if there is
    /// nothing yet.
    public func read(into bytes: inout [UInt8], _ range: Range<Int>) throws(SystemCallError) -> Int? {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count)
        // SAFETY: the precondition proves that the range lies within the array.
        let got = unsafe bytes.withUnsafeMutableBytes { buffer in
            guard let start = buffer.baseAddress else { return 0 }
            return unsafe Glibc.read(number, start + range.lowerBound, range.count)
        }
        if got >= 0 { return got }
        if errno == EAGAIN || errno == EINTR { return nil }
        throw .last("read")
    }

    /// Reads from a place; less than is asked for only at the end.
    public func read(
        into bytes: inout [UInt8], _ range: Range<Int>, at offset: Int
    ) throws(SystemCallError) -> Int {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count)
        var done = 0
        while done < range.count {
            // SAFETY: the precondition proves that the range lies within the array.
            let got = unsafe bytes.withUnsafeMutableBytes { buffer in
                guard let start = buffer.baseAddress else { return 0 }
                return unsafe pread(
                    number, start + range.lowerBound + done, range.count - done, off_t(offset + done))
            }
            if got == 0 { break }
            if got > 0 {
                done += got
            } else if errno != EINTR {
                throw .last("pread")
            }
        }
        return done
    }

    /// Appends to a temporary file.
    public func write(_ bytes: [UInt8], _ range: Range<Int>) throws(SystemCallError) {
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count)
        var done = range.lowerBound
        while done < range.upperBound {
            // SAFETY: the precondition proves that the range lies within the array.
            let put = unsafe bytes.withUnsafeBytes { buffer in
                guard let start = buffer.baseAddress else { return 0 }
                return unsafe Glibc.write(number, start + done, range.upperBound - done)
            }
            if put >= 0 {
                done += put
            } else if errno != EINTR {
                throw .last("write")
            }
        }
    }

    /// Sleeps until there is something to read here or from another descriptor.
    public func waitUntilReadable(or other: Int32) {
        var entries = [number, other].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        // SAFETY: the pointer and the count are those of the array.
        _ = unsafe entries.withUnsafeMutableBufferPointer { unsafe poll($0.baseAddress, 2, -1) }
    }
}
