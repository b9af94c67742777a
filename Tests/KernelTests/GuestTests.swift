import Foundation
import Testing

/// Boots other kernels in an emulator, with the built executable inside.
///
/// `KERNELS` names the versions, `GUEST_HOOKS` the hooks; without them, one
/// kernel and the two hooks that this machine may not have.
@Suite(
    "In guests", .serialized, .timeLimit(.minutes(20)),
    .enabled(if: Sensor.isBuilt, "needs the release executable: make build"))
struct GuestTests {
    private static func words(_ name: String, _ standard: String) -> [String] {
        (ProcessInfo.processInfo.environment[name] ?? standard).split(separator: " ").map(String.init)
    }

    static let kernels = words("KERNELS", "6.1")
    static let hooks = words("GUEST_HOOKS", "fexit kprobe")

    @Test("the scenarios alert as the table says, and a silenced hook is replaced", arguments: kernels)
    func scenarios(kernel: String) throws {
        let table = try ScenarioTable()
        let guest = try Guest(kernel: kernel, hooks: Self.hooks, silences: true)
        for hook in Self.hooks {
            let run = try guest.run(with: hook)
            try Matrix.write(run, table, kernel: kernel, place: "guest")
            if let refusal = run.refusal { Issue.record("\(kernel) \(hook): \(refusal)") }
            for (scenario, verdict) in run.verdicts(table, place: "guest") {
                if case .failed(let faults) = verdict {
                    Issue.record("\(kernel) \(hook) \(scenario.name): \(faults.joined(separator: "\n    "))")
                }
            }
            let losses = run.output.last { $0.string("event.action") == "stopped" }?
                .numbers("imdswatch.counters.lost").filter { $0.value != 0 }
                // one CPU in slow emulation: a program that interrupts itself is skipped, and counted
                .filter { $0.key != "recursion" || $0.value > 2 }
            #expect(losses == [:], "\(kernel) \(hook)")
        }
        // fexit is silenced, the tracepoint takes its place, and fexit comes back
        try expectChanges(
            guest, "ftrace", kernel, hooks: ["tracepoint", "fexit"], alerts: ["fexit", "tracepoint", "fexit"])
        // a forced hook has nothing to take its place, which is told
        try expectChanges(
            guest, "kprobes", kernel, hooks: ["kprobe", "kprobe"], alerts: ["kprobe", "kprobe"])
    }

    private func expectChanges(
        _ guest: borrowing Guest, _ silencer: String, _ kernel: String, hooks: [String],
        alerts wanted: [String]
    ) throws {
        let records = try guest.documents("silence-\(silencer).records")
        let log = (try? guest.text("silence-\(silencer).log")) ?? "no log"
        // 5.10 does not switch ftrace off while a BPF program is attached by it
        let isRefused = log.contains("\nrefused\n")
        let used = records.filter { $0.string("event.action") == "hook_changed" }
            .map { $0.string("imdswatch.hooks.connect4") ?? "none" }
        #expect(used == (isRefused ? [] : hooks), "\(kernel) \(silencer): \(log)")
        let alerts = records.filter(\.isAlert).map { $0.string("imdswatch.hook") ?? "" }
        #expect(alerts == (isRefused ? Array(wanted.prefix(1)) : wanted), "\(kernel) \(silencer): \(log)")
        #expect(!isRefused || (kernel == "5.10" && silencer == "ftrace"), "\(kernel) \(silencer)")
    }
}

/// One boot of a kernel, and what the guest brought back.
private struct Guest: ~Copyable {
    private let folder: URL

    struct Failure: Error { let text: String }

    init(kernel: String, hooks: [String], silences: Bool) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "imdswatch-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let scripts = Sensor.packageRoot + "/Tests/Kernels"
        let pack = Sensor.packageRoot + "/Sources/Rules/pack"
        try Data((hooks.joined(separator: " ") + "\n").utf8).write(to: folder.appending(path: "hooks"))
        var files = [
            "\(Sensor.executable):/imdswatch", "\(try TestProgram.arena.path):/arena",
            "\(try TestProgram.player.path):/usr/lib/x/player", "\(ScenarioTable.path):/table",
            "\(pack)/imds-api-request.toml:/rules/imds-api-request.toml",
            "\(pack)/imds-other-endpoints.toml:/rules/imds-other-endpoints.toml",
            "\(try TestProgram.fixedClient.path):/fixed_client", "\(folder.path())/hooks:/hooks",
        ]
        if let client = try TestProgram.client32 { files.append("\(client):/usr/lib/x/client32") }
        if silences { files.append("\(folder.path())/hooks:/silence") }
        let console = folder.appending(path: "console")
        let status = try Self.run(
            "\"$0\" -m 1024 -t 900 \"$@\" > '\(console.path())' 2>&1",
            ["\(scripts)/boot", kernel, "\(scripts)/scenarios.sh"] + files)
        let unpacked = try Self.run(
            "cd '\(folder.path())' && sed -n '/^BEGIN-ARCHIVE/,/^END-ARCHIVE/{/ARCHIVE$/!p}' console | base64 -d | tar -xz",
            ["sh"])
        guard status == 0, unpacked == 0 else {
            let text = (try? String(contentsOf: console, encoding: .utf8)) ?? ""
            throw Failure(text: "status \(status): \(text.suffix(2000))")
        }
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func text(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: folder.appending(path: name)), as: UTF8.self)
    }

    func documents(_ name: String) throws -> [Document] {
        try Data(contentsOf: folder.appending(path: name)).split(separator: UInt8(ascii: "\n"))
            .compactMap { Document(Array($0)) }
    }

    func run(with hook: String) throws -> ScenarioRun {
        let log = try text("\(hook).log")
        let refusal =
            log.contains("\nready") || log.hasPrefix("ready") ? nil : "not ready: \(log.suffix(300))"
        return ScenarioRun(
            hook: hook, refusal: refusal, output: try documents("\(hook).records"),
            report: try text("\(hook).report").split(separator: "\n").map(String.init))
    }

    private static func run(_ script: String, _ arguments: [String]) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", script] + arguments
        process.standardInput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }
}
