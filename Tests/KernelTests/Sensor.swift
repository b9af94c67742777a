import Foundation
import Testing

/// A running sensor: the built executable, started by the test.
final class Sensor {
    static let executable =
        ProcessInfo.processInfo.environment["IMDSWATCH_BINARY"] ?? packageRoot + "/.build/release/imdswatch"

    static var isBuilt: Bool { FileManager.default.isExecutableFile(atPath: executable) }

    static let packageRoot = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path()

    let output: Lines
    let diagnostics: Lines
    /// From the start of the process to its line that begins `ready`.
    let readyAfter: Duration
    private let process = Process()
    private let lineLimit: Int

    var pid: Int32 { process.processIdentifier }

    /// Starts `imdswatch run` and waits until it is ready.
    ///
    /// No alert is held back, unless the options say so.
    ///
    /// - Parameters:
    ///   - lineLimit: the most bytes of a line, where that is not the default.
    ///   - launcher: a command that executes the sensor, such as nice(1).
    init(
        _ options: [String] = [], limitAlerts: Bool = false, lineLimit: Int? = nil, launcher: [String] = []
    ) throws {
        let (out, err) = (Pipe(), Pipe())
        var command = launcher + [Self.executable, "run"]
        if !limitAlerts { command += ["--max-alerts", "0"] }
        if let lineLimit { command += ["--max-line", "\(lineLimit)"] }
        command += options
        self.lineLimit = lineLimit ?? 15_000
        process.executableURL = URL(filePath: command[0])
        process.arguments = Array(command.dropFirst())
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = out
        process.standardError = err
        let begin = ContinuousClock.now
        try process.run()
        output = Lines(reading: out.fileHandleForReading)
        diagnostics = Lines(reading: err.fileHandleForReading)
        let ready = diagnostics.wait(.seconds(20)) { $0.text.hasPrefix("ready") }
        readyAfter = ContinuousClock.now - begin
        if ready == nil {
            process.terminate()
            process.waitUntilExit()
            Issue.record("not ready: status \(process.terminationStatus)\n\(diagnostics.text)")
            throw NotReady()
        }
    }

    struct NotReady: Error {}

    deinit { if process.isRunning { kill(pid, SIGKILL) } }

    func send(_ signal: Int32) { kill(pid, signal) }

    /// Waits for an alert of a process or its descendants.
    func waitForAlert(of pid: Int, _ timeout: Duration = .seconds(5)) -> Document? {
        var found: Document?
        _ = output.wait(timeout) { line in
            guard let document = Document(line.bytes), document.isAlert, document.involves(pid) else {
                return false
            }
            found = document
            return true
        }
        return found
    }

    /// Ends the sensor as an administrator would, and returns all it wrote.
    func stop() throws -> Records {
        send(SIGTERM)
        let ended = output.waitForEnd(.seconds(10))
        #expect(ended, "the sensor did not end on SIGTERM")
        if !ended { send(SIGKILL) }
        process.waitUntilExit()
        #expect(
            process.terminationReason == .exit && process.terminationStatus == 0, "\(diagnostics.text)")
        #expect(output.rest.isEmpty, "the last line is not whole")
        return try Records(output.all, lineLimit: lineLimit)
    }
}

extension Document {
    var isAlert: Bool { string("event.kind") == "alert" }
}

/// Everything a sensor wrote to standard output.
struct Records {
    let documents: [Document]
    private let arrivals: [UInt64]

    /// Checks what holds for every line.
    init(_ lines: [Lines.Line], lineLimit: Int) throws {
        var documents: [Document] = []
        for line in lines {
            #expect(line.bytes.count <= lineLimit)
            documents.append(try #require(Document(line.bytes), "not a JSON object: \(line.text)"))
        }
        self.documents = documents
        arrivals = lines.map(\.arrival)
        #expect(started != nil && stopped != nil)
    }

    var alerts: [Document] { documents.filter(\.isAlert) }

    /// Alerts with the time each line came.
    func arrivals(of alert: (Document) -> Bool) -> [(document: Document, time: UInt64)] {
        zip(documents, arrivals).filter { $0.0.isAlert && alert($0.0) }.map { ($0.0, $0.1) }
    }

    func alerts(of pid: Int) -> [Document] { alerts.filter { $0.involves(pid) } }

    var started: Document? { metric("started") }
    var stopped: Document? { metric("stopped") }

    /// What was lost, by what; zeros left out.
    var losses: [String: Int] {
        stopped?.numbers("imdswatch.counters.lost").filter { $0.value != 0 } ?? ["no stopped record": 1]
    }

    private func metric(_ action: String) -> Document? {
        documents.first { $0.string("event.kind") == "metric" && $0.string("event.action") == action }
    }
}

/// Runs another command of the sensor to its end.
struct Invocation {
    let status: Int32
    let output: String
    let diagnostics: String

    init(
        _ arguments: [String], executable: String = Sensor.executable, patience: Duration = .seconds(60)
    ) throws {
        let process = Process()
        let (out, err) = (Pipe(), Pipe())
        process.executableURL = URL(filePath: executable)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = out
        process.standardError = err
        try process.run()
        let (output, diagnostics) = (
            Lines(reading: out.fileHandleForReading), Lines(reading: err.fileHandleForReading)
        )
        let ended = output.waitForEnd(patience) && diagnostics.waitForEnd(.seconds(5))
        if !ended { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
        #expect(ended, "\(arguments) did not end")
        status =
            process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
        self.output = output.text
        self.diagnostics = diagnostics.text
    }
}
