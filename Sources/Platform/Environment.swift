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
    /// Writes a text at once, also into a pipe.
    public static func write(_ text: String) {
        let bytes = Array(text.utf8)
        _ = OutputDescriptor(1).write(bytes.span)
    }

    public static var isTerminal: Bool { isatty(1) == 1 }
}

/// The three descriptors that every program expects.
public enum StandardStreams {
    /// Occupies those that the caller closed, so that no file or socket opened
    /// later is taken for one of them. Writing to them then fails, as it should.
    public static func occupyMissing() {
        // the lowest free number is given out: missing ones fill up in order
        for number in Int32(0)...2 where fcntl(number, F_GETFD) == -1 {
            // SAFETY: the path is a literal that ends with a NUL.
            _ = unsafe open("/dev/null", O_RDONLY)
        }
    }
}
