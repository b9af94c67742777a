public import Events

/// An error of the kernel, and what it said.
public struct Refusal: Error, Sendable, Equatable {
    /// The positive error number.
    public let code: Int32
    /// What libbpf and the verifier printed; can be empty.
    public let message: String

    public init(code: Int32, message: String) {
        self.code = code
        self.message = message
    }
}

/// What was tried for one fact, and what is in use.
public struct AttachReport: Sendable, Equatable {
    public enum Outcome: Sendable, Equatable {
        case attached
        case refusedAtLoad(Refusal)
        case refusedAtAttach(Refusal)
    }

    public struct Attempt: Sendable, Equatable {
        public let hook: Hook
        /// The program that decided the outcome.
        public let program: ProbeProgram
        public let outcome: Outcome
    }

    public let fact: ProbeFact
    /// In the order of the attempts. Hooks after the chosen one were not tried.
    public internal(set) var attempts: [Attempt]
    /// What is in use, or nil if nothing is attached.
    public internal(set) var chosen: Hook?
}
