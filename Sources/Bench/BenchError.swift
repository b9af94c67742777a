public import Platform

/// Why nothing could be measured.
public enum BenchError: Error, Equatable, Sendable {
    case socket(SocketError)
    case spawn(SpawnError)
    /// The process that makes the load could not make its own network or files.
    case worker(step: String, errno: Int32)
    /// It ended, or did not answer.
    case workerGone
    /// A program to be measured did not start: its name and what it said.
    case notReady(String, String)
}
