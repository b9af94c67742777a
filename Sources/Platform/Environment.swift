internal import CPlatform
internal import Glibc

/// The environment of this process.
public enum Environment {
    /// The value of a variable, or nil if it is not set.
    public static func value(_ name: String) -> String? {
        // SAFETY: nobody changes the environment; the text is copied at once.
        guard let text = unsafe getenv(name) else { return nil }
        return unsafe String(cString: text)
    }

    /// The names of all variables that are set.
    public static var names: [String] {
        var names: [String] = []
        // SAFETY: nobody changes the environment; the list ends with a null pointer.
        var place = unsafe environ
        while let text = unsafe place.pointee {
            names.append(String(unsafe String(cString: text).prefix { $0 != "=" }))
            unsafe place += 1
        }
        return names
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
    ///
    /// - Returns: 0, or the error that ended it: EPIPE if nobody reads any more
    ///   (and `ignoreBrokenPipes` was called).
    public static func write(_ text: String) -> Int32 {
        let bytes = Array(text.utf8)
        let output = OutputDescriptor(1)
        var done = 0
        while done < bytes.count {
            switch output.write(bytes.span.extracting(done..<bytes.count)) {
            case .wrote(let count): done += count
            case .notNow: output.waitUntilWritable()
            case .failed(let errno): return errno
            }
        }
        return 0
    }

    /// Writes what `print` has kept.
    ///
    /// - Returns: 0, or the error of this or an earlier write.
    public static func flush() -> Int32 { -platform_flush_output() }

    public static var isTerminal: Bool { isatty(1) == 1 }
}

/// The three descriptors that every program expects.
public enum StandardStreams {
    /// Makes writing to a pipe that nobody reads an error, not the end.
    public static func ignoreBrokenPipes() { _ = platform_ignore_signal(SIGPIPE) }

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
