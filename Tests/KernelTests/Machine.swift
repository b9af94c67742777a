import Foundation
import Testing

/// What else goes on on this machine, for tests that measure time.
enum Machine {
    /// Waits for a moment in which hardly anything else runs, and gives the
    /// test up, saying so, where there is none.
    static func requireQuiet() throws {
        for _ in 0..<20 {
            let running = try (0..<20).map { _ in
                usleep(25_000)
                return try number("procs_running")
            }
            // This process is one of them.
            if running.reduce(0, +) <= 30 { return }
        }
        try Test.cancel("other programs keep this machine busy")
    }

    /// Processes and threads started so far.
    static func starts() throws -> Int { try number("processes") }

    /// How long the threads of a process stood ready and had no CPU.
    static func waitingForCPU(_ pid: Int32) throws -> Duration {
        try threads(of: pid).reduce(.zero) { sum, thread in
            let fields = try String(contentsOfFile: "\(thread)/schedstat", encoding: .utf8).split(
                separator: " ")
            return sum + .nanoseconds(fields.count > 1 ? Int(fields[1]) ?? 0 : 0)
        }
    }

    /// How often the threads of a process went to sleep so far.
    static func sleeps(of pid: Int32) throws -> Int {
        try threads(of: pid).reduce(0) { sum, thread in
            let status = try String(contentsOfFile: "\(thread)/status", encoding: .utf8)
            let line = status.split(separator: "\n").first { $0.hasPrefix("voluntary_ctxt_switches") }
            return sum + (line?.split(separator: "\t").last.flatMap { Int($0) } ?? 0)
        }
    }

    /// Kilobytes of a process that no file backs.
    static func anonymousMemory(_ pid: Int32) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("RssAnon:") })
        return try #require(line.split { !$0.isNumber }.first.flatMap { Int($0) })
    }

    /// The scheduling policies of the threads of a process, in rising order: 0
    /// for ordinary ones, 2 for `SCHED_RR` (sched(7)).
    static func policies(of pid: Int32) throws -> [Int] {
        try threads(of: pid).map { thread in
            let stat = try String(contentsOfFile: "\(thread)/stat", encoding: .utf8)
            // the second field, a name in parentheses, can hold anything
            let end = try #require(stat.lastIndex(of: ")"))
            let fields = stat[end...].split(separator: " ")
            return try #require(Int(fields[39]))
        }.sorted()
    }

    private static func threads(of pid: Int32) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task").map {
            "/proc/\(pid)/task/\($0)"
        }
    }

    private static func number(_ name: String) throws -> Int {
        let lines = try String(contentsOfFile: "/proc/stat", encoding: .utf8).split(separator: "\n")
        let line = lines.first { $0.hasPrefix(name + " ") }
        return try #require(line.flatMap { Int($0.dropFirst(name.count + 1)) })
    }
}
