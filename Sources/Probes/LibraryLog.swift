internal import CBPF

/// What libbpf prints while this lives, for diagnostics.
@safe
struct LibraryLog: ~Copyable {
    /// The log of the verifier can be long; its end says what is wrong.
    private static let capacity = 1 << 20
    private static let kept = 4096

    private let log: UnsafeMutablePointer<bpf_log>

    /// Begins to collect what libbpf prints on this thread.
    init() {
        unsafe log = .allocate(capacity: 1)
        let bytes = UnsafeMutablePointer<CChar>.allocate(capacity: LibraryLog.capacity)
        unsafe log.initialize(to: bpf_log(bytes: bytes, capacity: LibraryLog.capacity, length: 0))
        // SAFETY: the pointer is taken back in `deinit`, before its memory goes.
        unsafe bpf_log_collect(log)
    }

    deinit {
        bpf_log_collect(nil)
        unsafe log.pointee.bytes.deallocate()
        unsafe log.deallocate()
    }

    /// What was printed until now, cut in the middle if it is long.
    var text: String {
        // SAFETY: libbpf has initialized the first `length` bytes.
        let bytes = unsafe UnsafeRawBufferPointer(
            start: log.pointee.bytes, count: log.pointee.length)
        return unsafe LibraryLog.text(Array(bytes))
    }

    /// A log as text, with its middle left out if it is long.
    static func text(_ bytes: [UInt8]) -> String {
        let lines = String(decoding: bytes, as: UTF8.self)
        guard lines.utf8.count > kept else { return String(lines.trimmed) }
        return lines.prefix(kept / 4) + "\n…\n" + lines.suffix(kept * 3 / 4).trimmed
    }

    /// The program that a log of libbpf names last: the one that failed.
    static func program(in log: String) -> ProbeProgram? {
        let marker = "prog '"
        var found: ProbeProgram?
        for line in log.split(separator: "\n") where line.hasPrefix("libbpf: " + marker) {
            let rest = line.dropFirst("libbpf: ".utf8.count + marker.utf8.count)
            let name = rest.prefix { $0 != "'" }
            if let program = ProbeProgram(rawValue: String(name)) { found = program }
        }
        return found
    }
}

extension StringProtocol {
    /// Without white space at the end.
    fileprivate var trimmed: SubSequence {
        var text = self[...]
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return text
    }
}
