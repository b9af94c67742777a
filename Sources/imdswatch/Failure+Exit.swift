internal import ArgumentParser
internal import Platform
internal import Probes
internal import Sensor

extension Failure {
    /// Does the work of a command; what fails is told on standard error and
    /// becomes the exit code.
    static func exiting(_ body: () throws -> Void) throws {
        do {
            try body()
            let code = StandardOutput.flush()
            if code != 0 { throw Failure(outputError: code) }
        } catch let failure as Failure {
            StandardError.write("imdswatch: \(failure.text)\n")
            throw failure.status.code
        }
    }

    /// Puts a text on standard output; that nobody reads it is an error.
    static func show(_ text: String) throws {
        let code = StandardOutput.write(text)
        guard code == 0 else { throw Failure(outputError: code) }
    }

    private init(outputError code: Int32) {
        self.init(.ioError, "standard output: \(SystemCallError.text(of: code))")
    }

    /// Says what a person can do about it.
    init(_ error: SensorError) {
        switch error {
        case .probes(.noTypeInformation):
            self.init(
                .unavailable,
                """
                this kernel does not describe its types: /sys/kernel/btf/vmlinux is missing. imdswatch needs \
                Linux 5.10 or newer with CONFIG_DEBUG_INFO_BTF=y, as the distributions' cloud kernels have it.
                """)
        case .probes(.noConnectHook(let family)):
            self.init(
                .unavailable,
                """
                none of the connect hooks works for IP\(family.rawValue == 0 ? "v4" : "v6") on this kernel. \
                `imdswatch check` shows what was tried and what the kernel said.
                """)
        case .probes(let error):
            self.init(.unavailable, "the kernel refused: \(error). `imdswatch check` shows more.")
        case .silent(let facts):
            self.init(
                .unavailable,
                """
                attached, but nothing came through: \(facts.map(\.name).joined(separator: ", ")). \
                `imdswatch check` shows what was tried.
                """)
        case .canary(let error):
            self.init(.unavailable, "the process that proves the hooks failed: \(error)")
        case .system(let error):
            self.init(.unavailable, "\(error)")
        case .thread(let error):
            self.init(.unavailable, "\(error)")
        }
    }
}
