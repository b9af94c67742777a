public import Lab
public import Platform
public import Probes

/// Why the sensor could not start, or had to end.
public enum SensorError: Error, Sendable {
    /// The kernel side could not be set up.
    case probes(ProbeError)
    /// A hook is attached, and nothing came through it.
    case silent([ProbeFact])
    /// The process that proves the hooks could not be started or asked.
    case canary(LabError)
    case system(SystemCallError)
    case thread(ThreadError)
}

/// How a run ended.
public struct SensorOutcome: Sendable {
    /// The error number that broke the output; 0 if it did not break.
    public var outputError: Int32
    /// Records that were never written.
    public var unwritten: UInt64
    public var alerts: UInt64
    public var lost: UInt64
}
