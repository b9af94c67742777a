/// Why the kernel side could not be set up or asked.
///
/// Codes are positive error numbers; a log is what libbpf and the verifier said.
public enum ProbeError: Error, Sendable, Equatable {
    /// The embedded object is not what this build expects: a defect of ours.
    case object(lacks: String)
    case objectUnreadable(code: Int32, log: String)
    /// Not a power of two, or smaller than a page.
    case ringSize(Int)
    /// The kernel does not describe its types: no `/sys/kernel/btf/vmlinux`.
    case noTypeInformation
    /// A program without which nothing works, or what all of them need.
    case load(program: ProbeProgram?, code: Int32, log: String)
    case attach(ProbeProgram, code: Int32, log: String)
    /// No connect hook of that family could be attached.
    case noConnectHook(AddressFamily)
    case map(name: String, code: Int32)
    /// Memory of a map could not be mapped.
    case mapping(name: String, code: Int32)
    /// The running processes could not be listed.
    case tasks(code: Int32, log: String)
    /// Run times of programs could not be measured, or what the measuring takes.
    case statistics(code: Int32)
}

/// Why a record is not what it claims to be.
public enum RecordError: Error, Sendable, Equatable {
    case truncated(need: Int, have: Int)
    case unknownKind(UInt16)
    /// Text lies outside of the record.
    case text(index: Int)
}
