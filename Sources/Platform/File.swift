internal import Glibc

/// Why a file could not be used.
public enum FileError: Error, Sendable, Equatable {
    /// The kernel refused: the positive error number.
    case refused(errno: Int32)
    /// It holds more than the caller takes.
    case tooLarge(limit: Int)

    /// No such file, or no such process behind it.
    public var isMissing: Bool {
        self == .refused(errno: ENOENT) || self == .refused(errno: ESRCH) || self == .refused(errno: ENOTDIR)
    }
}

extension FileError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .refused(let code): SystemCallError.text(of: code)
        case .tooLarge(let limit): "longer than \(limit) bytes"
        }
    }
}

/// Who owns a file, who may write it, and when that was done.
public struct FileMetadata: Sendable, Equatable {
    public var owner: UInt32
    public var group: UInt32
    /// Permission bits: the lower twelve.
    public var permissions: UInt32
    public var isDirectory: Bool
    public var isRegular: Bool
    public var size: Int64
    /// Last change of the content, in nanoseconds since 1970.
    public var modified: Int64
    /// Tells one file from another that took its name.
    public var inode: UInt64

    init(_ status: stat) {
        owner = status.st_uid
        group = status.st_gid
        permissions = UInt32(status.st_mode) & 0o7777
        isDirectory = UInt32(status.st_mode) & UInt32(S_IFMT) == UInt32(S_IFDIR)
        isRegular = UInt32(status.st_mode) & UInt32(S_IFMT) == UInt32(S_IFREG)
        size = Int64(status.st_size)
        modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
        inode = UInt64(status.st_ino)
    }
}

/// O_PATH, which the C library shows to GNU programs alone: the same on all machines that we run on.
private let pathOnly: Int32 = 0o1000_0000

/// Whole small files, links and directories, into buffers of the caller.
public enum File {
    /// Reads a file from its start.
    ///
    /// - Parameters:
    ///   - bytes: replaced by the content; its memory is used again.
    ///   - limit: a file that holds more is refused.
    /// - Returns: facts about the very file that was read.
    @discardableResult
    public static func read(
        _ path: String, into bytes: inout [UInt8], limit: Int = 1 << 20
    ) throws(FileError) -> FileMetadata {
        let (metadata, isWhole) = try readStart(path, into: &bytes, limit: limit)
        guard isWhole else { throw .tooLarge(limit: limit) }
        return metadata
    }

    /// The path without links, `.` and `..`; nil where there is no such file.
    public static func resolved(_ path: String) -> String? {
        // SAFETY: the string is passed as text that ends with a NUL; the result is such a
        // text, which the caller is to free, or nil.
        guard let target = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(target) }
        return unsafe String(cString: target)
    }

    /// What can be run, or what that lies in.
    public enum Kind: Sendable {
        case directory
        /// A file that begins with `#!`.
        case script
        case other
    }

    /// What a file is; nil if it is neither a file nor a directory, or cannot be read. Devices
    /// and pipes are not opened, which can have effects.
    public static func kind(of path: String) -> Kind? {
        // SAFETY: the string is passed as text that ends with a NUL.
        let place = unsafe open(path, pathOnly | O_CLOEXEC)
        guard place >= 0 else { return nil }
        defer { close(place) }
        var status = stat()
        // SAFETY: the pointer is to a local that outlives the call.
        guard unsafe fstat(place, &status) == 0 else { return nil }
        let metadata = FileMetadata(status)
        if metadata.isDirectory { return .directory }
        var start: [UInt8] = []
        guard metadata.isRegular, (try? readStart("/proc/self/fd/\(place)", into: &start, limit: 2)) != nil
        else { return nil }
        return start.elementsEqual("#!".utf8) ? .script : .other
    }

    /// Reads at most `limit` bytes from the start of a file, and says whether
    /// that was all of it.
    public static func readStart(
        _ path: String, into bytes: inout [UInt8], limit: Int
    ) throws(FileError) -> (metadata: FileMetadata, isWhole: Bool) {
        bytes.removeAll(keepingCapacity: true)
        // SAFETY: the string is passed as text that ends with a NUL.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
        guard descriptor >= 0 else { throw .refused(errno: errno) }
        defer { close(descriptor) }
        var status = stat()
        // SAFETY: the pointer is to a local that outlives the call.
        guard unsafe fstat(descriptor, &status) == 0 else { throw .refused(errno: errno) }

        var count = 0
        while true {
            // one byte more than is wanted tells a whole file from a longer one
            let room = min(limit + 1 - count, max(4096, count))
            if bytes.count < count + room {
                bytes.append(contentsOf: repeatElement(0, count: count + room - bytes.count))
            }
            // SAFETY: the array has been made at least `count + room` long.
            let got = unsafe bytes.withUnsafeMutableBytes { buffer in
                guard let start = buffer.baseAddress else { return 0 }
                return unsafe Glibc.read(descriptor, start + count, room)
            }
            if got < 0 {
                if errno == EINTR { continue }
                let code = errno
                bytes.removeAll(keepingCapacity: true)
                throw .refused(errno: code)
            }
            count += got
            if got == 0 || count > limit { break }
        }
        bytes.removeLast(bytes.count - min(count, limit))
        return (FileMetadata(status), count <= limit)
    }

    /// Puts a file with this content in the place of one of that name: a reader
    /// finds the old or the new one, never a part. Everybody may read it, whatever
    /// the umask.
    public static func replace(_ path: String, with bytes: borrowing Span<UInt8>) throws(FileError) {
        let new = path + ".new"
        // SAFETY: here and below strings are passed as texts that end with a NUL.
        _ = unsafe unlink(new)
        let descriptor = unsafe open(new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .refused(errno: errno) }
        let written = fchmod(descriptor, 0o644) == 0 && write(bytes, to: descriptor)
        close(descriptor)
        guard written, unsafe rename(new, path) == 0 else {
            let code = errno
            _ = unsafe unlink(new)
            throw .refused(errno: code)
        }
    }

    private static func write(_ bytes: borrowing Span<UInt8>, to descriptor: Int32) -> Bool {
        unsafe bytes.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count, let start = buffer.baseAddress {
                // SAFETY: the rest of the buffer begins at `done`, which is less than its length.
                let count = unsafe Glibc.write(descriptor, start + done, buffer.count - done)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return false }
                done += count
            }
            return true
        }
    }

    /// Reads where a symbolic link points to; replaces `bytes`.
    public static func readLink(_ path: String, into bytes: inout [UInt8]) throws(FileError) {
        bytes.removeAll(keepingCapacity: true)
        bytes.append(contentsOf: repeatElement(0, count: Int(PATH_MAX)))
        // SAFETY: the pointer and the length are those of the array.
        let length = unsafe bytes.withUnsafeMutableBytes { buffer in
            guard let start = buffer.baseAddress else { return 0 }
            return unsafe readlink(path, start.assumingMemoryBound(to: CChar.self), buffer.count)
        }
        let code = errno
        bytes.removeLast(bytes.count - max(0, length))
        guard length >= 0 else { throw .refused(errno: code) }
    }

    /// The names in a directory, without `.` and `..`, in no order.
    public static func names(in directory: String) throws(FileError) -> [String] {
        // SAFETY: the stream is used and closed in this function only; an entry
        // and its name, which ends with a NUL, live until the next `readdir`.
        guard let stream = unsafe opendir(directory) else { throw .refused(errno: errno) }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
                unsafe name.withMemoryRebound(to: CChar.self, capacity: 256) { text in
                    unsafe String(cString: text)
                }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Facts about a file; of a symbolic link, about what it points to.
    public static func metadata(of path: String) throws(FileError) -> FileMetadata {
        var status = stat()
        // SAFETY: the pointer is to a local that outlives the call.
        guard unsafe stat(path, &status) == 0 else { throw .refused(errno: errno) }
        return FileMetadata(status)
    }
}

/// Whether a process number is in use, by a zombie too.
public func isProcessAlive(_ pid: UInt32) -> Bool {
    guard let number = Int32(exactly: pid), number > 0 else { return false }
    return kill(number, 0) == 0 || errno == EPERM
}
