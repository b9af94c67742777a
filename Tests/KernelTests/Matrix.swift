import Foundation

/// Results of scenarios by kernel and hook, one file for each kernel, for the
/// table that `scripts/kernel-table` prints.
enum Matrix {
    static let folder = URL(filePath: Sensor.packageRoot + "/.build/kernel-matrix")

    static var thisKernel: String {
        (try? String(contentsOfFile: "/proc/sys/kernel/osrelease", encoding: .utf8))?
            .trimmingCharacters(in: .whitespacesAndNewlines) ?? "this"
    }

    /// Adds lines of "kernel hook result scenario reason", tabs between.
    static func write(_ run: ScenarioRun, _ table: ScenarioTable, kernel: String, place: String) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let lines = run.verdicts(table, place: place).map { scenario, verdict in
            let (result, reason) =
                switch verdict {
                case .passed: ("ok", "")
                case .failed(let faults): ("FAIL", faults.joined(separator: "; "))
                case .skipped(let reason): ("skip", reason)
                }
            let plain = reason.replacing("\n", with: " ").replacing("\t", with: " ")
            return "\(kernel)\t\(run.hook)\t\(result)\t\(scenario.name)\t\(plain)\n"
        }
        let file = folder.appending(path: "\(kernel)-\(run.hook).tsv")
        try Data(lines.joined().utf8).write(to: file)
    }
}
