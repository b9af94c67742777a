internal import Glibc

/// A system call that failed, and why.
public struct SystemCallError: Error, Hashable, Sendable {
    /// Name of the call.
    public let call: StaticString
    /// The positive error number.
    public let code: Int32

    public init(_ call: StaticString, code: Int32) {
        self.call = call
        self.code = code
    }

    /// There is nothing of that name.
    public static let notFound = ENOENT

    /// The failure that the calling thread saw last.
    static func last(_ call: StaticString) -> SystemCallError {
        SystemCallError(call, code: errno)
    }

    /// The text of an error number, as the C library has it.
    public static func text(of code: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 128)
        // SAFETY: the buffer outlives both calls; on success it holds text that
        // ends with a NUL.
        return unsafe buffer.withUnsafeMutableBufferPointer { bytes in
            guard let start = bytes.baseAddress, unsafe strerror_r(code, start, bytes.count) == 0 else {
                return "error \(code)"
            }
            return unsafe String(cString: start)
        }
    }

    public static func == (one: SystemCallError, other: SystemCallError) -> Bool {
        one.code == other.code && one.call.description == other.call.description
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(code)
        hasher.combine(call.description)
    }
}
