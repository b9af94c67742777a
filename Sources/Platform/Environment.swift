internal import Glibc

/// The environment of this process.
public enum Environment {
    /// The value of a variable, or nil if it is not set.
    public static func value(_ name: String) -> String? {
        // SAFETY: nobody changes the environment; the text is copied at once.
        guard let text = unsafe getenv(name) else { return nil }
        return unsafe String(cString: text)
    }
}

/// What is told to people and to service managers.
public enum StandardError {
    /// Writes a text with one call; a failure is nobody's to be told of.
    public static func write(_ text: String) {
        let bytes = Array(text.utf8)
        _ = OutputDescriptor(2).write(bytes.span)
    }

    public static var isTerminal: Bool { isatty(2) == 1 }
}

/// Where records go.
public enum StandardOutput {
    public static var isTerminal: Bool { isatty(1) == 1 }
}
