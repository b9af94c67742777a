internal import Events
internal import Lab
internal import Logging
internal import Platform
internal import Recording
internal import Sensor

/// The sensor in a process of its own, whose records are read here as a
/// collector would.
struct Watcher: ~Copyable {
    /// One alert as it came over the wire.
    struct Alert {
        let line: String
        let event: EventSnapshot

        /// Who connected where.
        var summary: String {
            let name = text(.processName)
            let pid = event.integers(.processPID).first ?? 0
            let address = event.addresses(.destinationIP).first.map(\.description) ?? "?"
            let port = event.integers(.destinationPort).first ?? 0
            return "\(name) (\(pid)) tried to connect to \(address):\(port)"
        }

        /// The evidence, for people.
        var details: [(String, String)] {
            [
                ("program  ", text(.processExecutable)), ("arguments", text(.processCommandLine)),
                ("directory", text(.processWorkingDirectory)),
                ("parent   ", "\(text(.parentExecutable)) (\(event.integers(.parentPID).first ?? 0))"),
                ("user     ", "\(text(.userName))"),
            ].filter { !$0.1.isEmpty }
        }

        private func text(_ field: Field) -> String {
            let bytes = event.firstText(field) ?? []
            let text = String(decoding: bytes, as: UTF8.self)
            // what an attacker wrote must not steer the terminal
            return String(
                text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7f ? " " : Character($0) })
        }
    }

    private let child: Child
    private let socket: Socket

    /// Starts the sensor and waits until its hooks have fired.
    static func start(_ options: SensorOptions, log: Logger) throws -> Watcher {
        let parent = CurrentProcess.pid
        let pair = try makePair()
        let output = pair.far.descriptor
        let child: Child
        do throws(SpawnError) {
            child = try Child { Watcher.watch(options, parent: parent, output: output, log: log) }
        } catch {
            throw Failure(.unavailable, "the sensor could not be started: \(error)")
        }
        let watcher = Watcher(child, pair.takeNear())
        let first = (try? watcher.socket.receive(atMost: longestLine, timeout: .seconds(10))) ?? nil
        guard first?.isEmpty == false else {
            throw Failure(.unavailable, "the sensor did not start; `imdswatch check` shows why")
        }
        return watcher
    }

    private static func makePair() throws -> Socket.Pair {
        do throws(SocketError) {
            return try Socket.Pair()
        } catch {
            throw Failure(.unavailable, "no socket: \(error)")
        }
    }

    private init(_ child: Child, _ socket: consuming Socket) {
        self.child = child
        self.socket = socket
    }

    deinit {
        // killed at once, it would leave its own child to init
        child.terminate()
        let ended = (try? child.wait(timeout: .seconds(5))) ?? nil
        if ended == nil {
            child.kill()
            _ = try? child.wait()
        }
    }

    private static let longestLine = 1 << 16

    private static func watch(
        _ options: SensorOptions, parent: Int32, output: Int32, log: Logger
    ) -> Int32 {
        guard CurrentProcess.dieWithParent(parent) else { return 1 }
        var options = options
        options.outputDescriptor = output
        do throws(SensorError) {
            var sensor = try Sensor(options, log: log)
            _ = try sensor.run(announce: { _ in }, reload: { .refused("") })
            return 0
        } catch {
            StandardError.write("imdswatch: \(Failure(error).text)\n")
            return 1
        }
    }

    /// The alerts of processes whose session a process leads.
    ///
    /// - Parameter enough: waits no longer when there are so many.
    func alerts(ofSession leader: Int32, atLeast enough: Int, _ patience: Duration) -> [Alert] {
        let deadline = Clock.monotonic() + Int64(patience / .nanoseconds(1))
        var alerts: [Alert] = []
        var reader = DocumentReader()
        var event = Event()
        while alerts.count < enough {
            let left = deadline - Clock.monotonic()
            guard left > 0,
                let line = (try? socket.receive(atMost: Watcher.longestLine, timeout: .nanoseconds(left)))
                    ?? nil,
                !line.isEmpty
            else { break }
            guard (try? reader.read(line.span, into: &event)) != nil, let alert = event.snapshot(),
                alert.firstText(.eventKind) == ArraySlice("alert".utf8),
                alert.integers(.sessionLeaderPID).first == Int64(leader)
            else { continue }
            alerts.append(Alert(line: String(decoding: line, as: UTF8.self).trimmed, event: alert))
        }
        return alerts
    }
}

extension String {
    fileprivate var trimmed: String { last == "\n" ? String(dropLast()) : self }
}
