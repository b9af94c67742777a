internal import Platform
internal import Recording

/// Where lines of `replay` come from, by their number among all inputs.
struct ReplaySource: Sendable {
    /// As the command line has it; `-` is standard input.
    let path: String
    let size: Int64

    var isStandardInput: Bool { path == "-" }

    /// As messages name it.
    var name: String { isStandardInput ? "standard input" : path }

    /// Looks at an input without reading it.
    init(_ path: String) throws(ReplayError) {
        self.path = path
        guard path != "-" else {
            size = 0
            return
        }
        let metadata: FileMetadata
        do throws(FileError) {
            metadata = try File.metadata(of: path)
        } catch {
            guard case .refused(let code) = error else { throw .unreadable(path, errno: 0) }
            throw .missing(path, errno: code)
        }
        guard !metadata.isDirectory else { throw .isDirectory(path) }
        size = metadata.isRegular ? metadata.size : 0
    }

    func open() throws(ReplayError) -> InputFile {
        do throws(SystemCallError) {
            return try isStandardInput ? .standard() : InputFile(path)
        } catch {
            throw .missing(name, errno: error.code)
        }
    }
}

/// One line in the order of time: what `--sort` keeps of it.
struct SortedLine: Comparable, Sendable {
    var time: Int64
    /// Number of the input (16 bits) and offset in it (48 bits): file order.
    var place: UInt64
    var count: UInt32

    /// Each input is open, with a window of it in memory.
    static let mostInputs = 256

    init?(time: Int64, input: Int, offset: Int, count: Int) {
        guard offset < 1 << 48, let count = UInt32(exactly: count) else { return nil }
        self.time = time
        self.count = count
        place = UInt64(input) << 48 | UInt64(offset)
    }

    var input: Int { Int(place >> 48) }
    var offset: Int { Int(place & (1 << 48 - 1)) }

    static func < (one: SortedLine, other: SortedLine) -> Bool {
        (one.time, one.place) < (other.time, other.place)
    }
}

/// Reads lines again, from anywhere in a file. Neighbours cost one read.
final class LineWindow {
    private let file: InputFile
    private(set) var bytes: [UInt8]
    private var start = 0
    private var end = 0

    init(_ file: consuming InputFile) {
        self.file = file
        bytes = [UInt8](repeating: 0, count: LineWindow.size)
    }

    private static let size = 64 << 10

    /// Where in `bytes` the line lies; nil if the file is shorter now.
    func range(of line: SortedLine) throws(SystemCallError) -> Range<Int>? {
        let count = Int(line.count)
        if line.offset < start || line.offset + count > end {
            if bytes.count < count {
                bytes.append(contentsOf: repeatElement(0, count: count - bytes.count))
            }
            start = line.offset
            end = start
            end += try file.read(into: &bytes, 0..<bytes.count, at: start)
        }
        guard line.offset + count <= end else { return nil }
        return (line.offset - start)..<(line.offset - start + count)
    }
}
