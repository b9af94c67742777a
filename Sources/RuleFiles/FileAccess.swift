/// Who owns a file and who may write it.
public struct FileAttributes: Sendable, Equatable {
    public var owner: UInt32
    public var group: UInt32
    /// Permission bits, such as 0o644 or 0o1777.
    public var permissions: UInt32
    public var isDirectory: Bool

    public init(owner: UInt32, group: UInt32, permissions: UInt32, isDirectory: Bool = false) {
        self.owner = owner
        self.group = group
        self.permissions = permissions
        self.isDirectory = isDirectory
    }

    /// Why what the file says must not be believed, or nil if it may be.
    ///
    /// Rules, exceptions and configuration steer a process of root's: nobody
    /// else may be able to write them.
    ///
    /// - Parameter caller: effective user id of this process.
    public func distrust(caller: UInt32) -> FileProblem? {
        // in a sticky directory nobody else can put a file in the place of ours
        if isDirectory, permissions & 0o1000 != 0, owner == 0 || owner == caller { return nil }
        if owner != 0, owner != caller { return .foreignOwner(owner) }
        if permissions & 0o002 != 0 { return .writableByOthers }
        if permissions & 0o020 != 0, group != 0 { return .writableByGroup(group) }
        return nil
    }
}

/// Why a file could not be used.
public enum FileProblem: Error, Sendable, Equatable {
    case missing
    /// The kernel refused with this error number.
    case refused(errno: Int32)
    case tooLarge(limit: Int)
    case notAFile
    /// The file belongs to neither root nor the caller.
    case foreignOwner(UInt32)
    case writableByOthers
    case writableByGroup(UInt32)
}

/// How this module reads files: the host's, or a test's.
public protocol FileAccess {
    /// Facts about a path; of a symbolic link, about what it points to.
    func attributes(of path: String) throws(FileProblem) -> FileAttributes

    /// The content of a file, with facts about the very file that was read.
    func read(_ path: String, limit: Int) throws(FileProblem) -> (attributes: FileAttributes, bytes: [UInt8])

    /// The names in a directory, in any order.
    func names(in directory: String) throws(FileProblem) -> [String]

    /// Effective user id of the caller.
    var caller: UInt32 { get }
}

extension FileAccess {
    /// The content of a file that can be trusted.
    ///
    /// Whoever can write the directory can put another file in its place, so that
    /// is looked at, too; not what is above it.
    func readTrusted(_ path: String, limit: Int = TOMLDocument.byteLimit) throws(RuleFileError) -> [UInt8] {
        let directory =
            path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        if let problem = (try? attributes(of: directory))?.distrust(caller: caller) {
            throw RuleFileError(file: directory, reason: .file(problem))
        }
        do throws(FileProblem) {
            let (attributes, bytes) = try read(path, limit: limit)
            if let problem = attributes.distrust(caller: caller) { throw problem }
            // editors of Windows begin UTF-8 so
            return bytes.starts(with: [0xef, 0xbb, 0xbf]) ? Array(bytes.dropFirst(3)) : bytes
        } catch {
            throw RuleFileError(file: path, reason: .file(error))
        }
    }
}
