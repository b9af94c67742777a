internal import Platform

/// A program whose cost is measured: the sensor, or an alternative to it.
struct MeasuredProcess: ~Copyable {
    /// How to start it, and how to see that it has begun to watch.
    struct Command: Sendable {
        var name: String
        var path: String
        var arguments: [String]
        /// A line on standard error that begins so, or nil: after `patience`.
        var readyLine: String?
        var patience: Duration
    }

    /// What becomes of its standard output.
    enum Output {
        case dropped, kept
        /// Kept, with the time of each write.
        case stamped
    }

    /// A line of its output, and when it was written and read: nanoseconds since
    /// 1970. Where writes are not stamped, the first is the second.
    struct Line {
        let bytes: [UInt8]
        let written: Int64
        let arrival: Int64
    }

    let pid: Int32
    private let child: Child
    private var output: BytePipe
    private let isStamped: Bool
    private var diagnostics: BytePipe
    private var rest: [UInt8] = []
    private(set) var lines: [Line] = []

    /// Starts it and waits until it watches.
    static func start(_ command: Command, output: Output) throws(BenchError) -> MeasuredProcess {
        var process = try launch(command, output)
        try process.waitUntilReady(command)
        return process
    }

    private static func launch(_ command: Command, _ kind: Output) throws(BenchError) -> MeasuredProcess {
        do {
            let output = kind == .stamped ? try BytePipe(stamped: ()) : try BytePipe()
            let diagnostics = try BytePipe()
            let parent = CurrentProcess.pid
            let ends = (output.writeEnd, diagnostics.writeEnd)
            let child = try Child {
                guard CurrentProcess.dieWithParent(parent) else { return 1 }
                CurrentProcess.keepOnly([nil, kind == .dropped ? nil : ends.0, ends.1])
                CurrentProcess.resetSignals()
                _ = CurrentProcess.exec(
                    command.path, [command.path] + command.arguments,
                    environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"])
                return 127
            }
            return MeasuredProcess(child, output, isStamped: kind == .stamped, diagnostics)
        } catch let error as SocketError {
            throw .socket(error)
        } catch let error as SpawnError {
            throw .spawn(error)
        } catch {
            throw .workerGone
        }
    }

    private init(
        _ child: Child, _ output: consuming BytePipe, isStamped: Bool, _ diagnostics: consuming BytePipe
    ) {
        output.closeWriteEnd()
        diagnostics.closeWriteEnd()
        self.child = child
        self.output = output
        self.isStamped = isStamped
        self.diagnostics = diagnostics
        pid = child.pid
    }

    deinit {
        child.kill()
        _ = try? child.wait()
    }

    private mutating func waitUntilReady(_ command: Command) throws(BenchError) {
        let end = Clock.monotonic() + Int64(command.patience / .nanoseconds(1))
        var said: [UInt8] = []
        while Clock.monotonic() < end {
            let left = Duration.nanoseconds(end - Clock.monotonic())
            guard Readiness.wait(diagnostics.readEnd, timeout: left) else { break }
            guard let bytes = try? diagnostics.read(atMost: 4096), !bytes.isEmpty else {
                throw .notReady(command.name, String(decoding: said, as: UTF8.self))
            }
            said += bytes
            guard let readyLine = command.readyLine else { continue }
            let text = String(decoding: said, as: UTF8.self)
            if text.split(separator: "\n").contains(where: { $0.hasPrefix(readyLine) }) { return }
        }
        guard command.readyLine == nil, CurrentProcess.startTicks(of: pid) != nil else {
            throw .notReady(command.name, String(decoding: said, as: UTF8.self))
        }
    }

    var outputDescriptor: Int32 { output.readEnd }

    /// Reads what is there, for no longer than this.
    mutating func read(for time: Duration) {
        let end = Clock.monotonic() + Int64(time / .nanoseconds(1))
        repeat {
            let left = Duration.nanoseconds(max(0, end - Clock.monotonic()))
            guard Readiness.wait(output.readEnd, timeout: left) else { return }
            guard readOnce() else { return }
        } while Clock.monotonic() < end
    }

    /// False at the end of the output.
    private mutating func readOnce() -> Bool {
        let part: (bytes: [UInt8], written: Int64)?
        if isStamped {
            part = try? output.readStamped(atMost: 1 << 16)
        } else {
            part = (try? output.read(atMost: 1 << 16)).map { ($0, 0) }
        }
        guard let part, !part.bytes.isEmpty else { return false }
        let arrival = Clock.realtime()
        let written = part.written == 0 ? arrival : part.written
        rest += part.bytes
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            lines.append(Line(bytes: Array(rest[..<end]), written: written, arrival: arrival))
            rest.removeSubrange(...end)
        }
        return true
    }

    /// Asks it to end and takes what it still says.
    mutating func stop() {
        child.terminate()
        while readOnce() {}
        _ = try? child.wait(timeout: .seconds(10))
    }

    // MARK: What it takes

    /// Nanoseconds on a processor, all its threads together.
    var processorTime: Int64 {
        guard let threads = try? File.names(in: "/proc/\(pid)/task") else { return 0 }
        return threads.reduce(0) { sum, thread in
            var bytes: [UInt8] = []
            guard (try? File.read("/proc/\(pid)/task/\(thread)/schedstat", into: &bytes)) != nil else {
                return sum
            }
            let first = String(decoding: bytes, as: UTF8.self).split(separator: " ").first
            return sum + (first.flatMap { Int64($0) } ?? 0)
        }
    }

    /// Bytes resident: anonymous, and of files and shared maps.
    var memory: (anonymous: Int, mapped: Int) {
        var bytes: [UInt8] = []
        guard (try? File.read("/proc/\(pid)/status", into: &bytes)) != nil else { return (0, 0) }
        func size(_ name: String) -> Int {
            for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n")
            where line.hasPrefix(name) {
                let digits = line.filter { $0.isNumber }
                return (Int(digits) ?? 0) * 1024
            }
            return 0
        }
        return (size("RssAnon:"), size("RssFile:") + size("RssShmem:"))
    }
}

extension MeasuredProcess.Line {
    /// The number behind the last `"name":`, where there is one.
    func number(_ name: String) -> Int64? {
        let key = Array("\"\(name)\":".utf8)
        var found: Int64?
        var index = 0
        while index + key.count <= bytes.count {
            guard bytes[index...].starts(with: key) else {
                index += 1
                continue
            }
            index += key.count
            var digits = ""
            while index < bytes.count, (48...57).contains(bytes[index]) {
                digits.append(Character(UnicodeScalar(bytes[index])))
                index += 1
            }
            found = Int64(digits) ?? found
        }
        return found
    }

    func holds(_ text: String) -> Bool {
        let text = Array(text.utf8)
        return bytes.indices.contains { bytes[$0...].starts(with: text) }
    }

    /// The text behind the first `"name":"`.
    func text(_ name: String) -> [UInt8]? {
        let key = Array("\"\(name)\":\"".utf8)
        var index = 0
        while index + key.count <= bytes.count {
            if bytes[index...].starts(with: key) {
                let start = index + key.count
                let end = bytes[start...].firstIndex(of: UInt8(ascii: "\"")) ?? bytes.count
                return Array(bytes[start..<end])
            }
            index += 1
        }
        return nil
    }
}
