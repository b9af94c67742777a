import Foundation
import Testing

/// A network and a root directory of their own in which one command runs.
struct Arena {
    /// What is put where before the command runs.
    enum Item {
        case program(String, TestProgram)
        case copy(String, of: String)
        case text(String, String)
        case link(String, to: String)
        case directory(String)

        fileprivate var option: [String] {
            get throws {
                switch self {
                case .program(let path, let program): ["-f", "\(path)=\(try program.path)"]
                case .copy(let path, let original): ["-f", "\(path)=\(original)"]
                case .text(let path, let text): ["-t", "\(path)=\(text)"]
                case .link(let path, let target): ["-l", "\(path)=\(target)"]
                case .directory(let path): ["-d", path]
                }
            }
        }
    }

    let process = Process()
    private let lines: Lines
    let command: [String]

    /// Starts the command.
    init(
        _ command: [String], items: [Item] = [], in directory: String? = nil, cpu: Int? = nil,
        executing image: String? = nil, argumentsFile: String? = nil, ownRoot: Bool = true
    ) throws {
        self.command = command
        var options = try items.flatMap { try $0.option }
        if !ownRoot { options.append("-n") }
        if let directory { options += ["-C", directory] }
        if let cpu { options += ["-c", "\(cpu)"] }
        if let image { options += ["-i", image] }
        if let argumentsFile { options += ["-A", argumentsFile] }
        let pipe = Pipe()
        process.executableURL = URL(filePath: try TestProgram.arena.path)
        process.arguments = options + ["--"] + command
        process.environment = [
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C",
            "no_proxy": "*",
        ]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        lines = Lines(reading: pipe.fileHandleForReading)
    }

    /// What came of it: everything that held standard output has ended.
    struct Result {
        let status: Int32
        /// The parent of the command, and so not what a rule joins by inside it.
        let arena: Int
        /// The command's process.
        let child: Int
        let output: [String]

        /// The numbers behind a word that begins a line, line by line.
        func numbers(_ word: String) -> [[Int]] {
            output.filter { $0.hasPrefix(word + " ") }
                .map { $0.split(separator: " ").compactMap { Int($0) } }
        }
    }

    func finish(_ timeout: Duration = .seconds(60)) throws -> Result {
        let ended = lines.waitForEnd(timeout)
        if !ended { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
        #expect(ended, "\(command) did not end")
        let output = lines.all.map(\.text)
        let first = try #require(output.first { $0.hasPrefix("arena ") }, "\(output)")
        let pids = first.split(separator: " ").compactMap { Int($0) }
        try #require(pids.count == 2)
        return Result(status: process.terminationStatus, arena: pids[0], child: pids[1], output: output)
    }
}

/// Runs one command in an arena under a sensor of its own, and returns the
/// alerts that it raised.
///
/// Checks on the way that the sensor lost nothing.
func raisedAlerts(
    _ command: [String], items: [Arena.Item] = [], in directory: String? = nil,
    executing image: String? = nil, argumentsFile: String? = nil, ownRoot: Bool = true,
    status: Int32? = nil, options: [String] = []
) throws -> (alerts: [Document], result: Arena.Result) {
    let sensor = try Sensor(options)
    let arena = try Arena(
        command, items: items, in: directory, executing: image, argumentsFile: argumentsFile,
        ownRoot: ownRoot)
    let result = try arena.finish()
    if let status { #expect(result.status == status, "\(result.output)") }
    let records = try sensor.stop()
    #expect(records.losses.isEmpty, "\(records.losses)")
    return (records.alerts(of: result.arena), result)
}
