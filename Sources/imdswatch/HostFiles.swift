internal import Platform
internal import RuleFiles

/// The files of this host, as rule files are read from.
struct HostFiles: FileAccess {
    var caller: UInt32 { CurrentProcess.effectiveUser }

    func exists(_ path: String) -> Bool {
        (try? File.metadata(of: path)) != nil
    }

    func attributes(of path: String) throws(FileProblem) -> FileAttributes {
        do throws(FileError) {
            return attributes(try File.metadata(of: path))
        } catch {
            throw problem(error)
        }
    }

    func read(_ path: String, limit: Int) throws(FileProblem) -> (attributes: FileAttributes, bytes: [UInt8])
    {
        var bytes: [UInt8] = []
        let metadata: FileMetadata
        do throws(FileError) {
            metadata = try File.read(path, into: &bytes, limit: limit)
        } catch {
            throw problem(error)
        }
        guard metadata.isRegular else { throw .notAFile }
        return (attributes(metadata), bytes)
    }

    func names(in directory: String) throws(FileProblem) -> [String] {
        do throws(FileError) {
            return try File.names(in: directory)
        } catch {
            throw problem(error)
        }
    }

    /// The path of the program or directory that an absolute path leads to, if that is another.
    /// A script can be known by the link that it was started by.
    func target(of path: String) -> String? {
        guard path.hasPrefix("/"), let target = File.resolved(path), target != path,
            let kind = File.kind(of: target), kind != .script
        else { return nil }
        return target
    }

    private func attributes(_ metadata: FileMetadata) -> FileAttributes {
        FileAttributes(
            owner: metadata.owner, group: metadata.group, permissions: metadata.permissions,
            isDirectory: metadata.isDirectory)
    }

    private func problem(_ error: FileError) -> FileProblem {
        switch error {
        case .refused(let code): error.isMissing ? .missing : .refused(errno: code)
        case .tooLarge(let limit): .tooLarge(limit: limit)
        }
    }
}
