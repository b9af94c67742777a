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

    func read(_ path: String, limit: Int) throws(FileProblem) -> (attributes: FileAttributes, bytes: [UInt8]) {
        do throws(FileError) {
            let (metadata, bytes) = try File.contents(of: path, limit: limit)
            guard metadata.isRegular else { throw FileError.refused(code: 0) }
            return (attributes(metadata), bytes)
        } catch {
            throw problem(error)
        }
    }

    func names(in directory: String) throws(FileProblem) -> [String] {
        do throws(FileError) {
            return try File.names(in: directory)
        } catch {
            throw problem(error)
        }
    }

    private func attributes(_ metadata: FileMetadata) -> FileAttributes {
        FileAttributes(
            owner: metadata.owner, group: metadata.group, permissions: metadata.permissions,
            isDirectory: metadata.isDirectory)
    }

    private func problem(_ error: FileError) -> FileProblem {
        error.isMissing ? .missing : .refused(errno: 0)
    }
}
