import Foundation
import Testing

extension KernelTests {
    @Suite("What cannot be done", .serialized)
    struct Refusals {
        private let folder = FileManager.default.temporaryDirectory
            .appending(path: "imdswatch-refusals-\(getpid())")

        init() throws {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        }

        private func withFolder<Result>(_ body: () throws -> Result) rethrows -> Result {
            defer { try? FileManager.default.removeItem(at: folder) }
            return try body()
        }

        @Test("an unknown option is a usage error", arguments: ["run", "check", "demo"])
        func unknownOption(command: String) throws {
            try withFolder {
                let invocation = try Invocation([command, "--no-such-option"])
                #expect(invocation.status == 64)
                #expect(invocation.output.isEmpty)
                #expect(invocation.diagnostics.contains("--no-such-option"))
            }
        }

        @Test(
            "an output that takes nothing is an I/O error",
            arguments: ["check", "fields", "demo", "rules list", "--version", "run --help"])
        func deadOutput(command: String) throws {
            try withFolder {
                let full = try Invocation(
                    ["-c", "exec \(Sensor.executable) \(command) > /dev/full"], executable: "/bin/sh")
                #expect(full.status == 74 && full.diagnostics.contains("standard output"))
                let unread = try Invocation(
                    ["-c", "{ sleep 0.2; \(Sensor.executable) \(command); echo status $? >&2; } | true"],
                    executable: "/bin/sh")
                #expect(unread.diagnostics.contains("status 74"), "\(unread.diagnostics)")
            }
        }

        @Test("an unknown command is a usage error")
        func unknownCommand() throws {
            try withFolder {
                let invocation = try Invocation(["frobnicate"])
                #expect(invocation.status == 64)
            }
        }

        @Test("without privileges the missing capabilities are named")
        func unprivileged() throws {
            try withFolder {
                let copy = folder.appending(path: "imdswatch").path()
                try FileManager.default.copyItem(atPath: Sensor.executable, toPath: copy)
                let invocation = try Invocation(
                    ["--reuid=65534", "--regid=65534", "--clear-groups", copy, "run"],
                    executable: "/usr/bin/setpriv")
                #expect(invocation.status == 77, "\(invocation.diagnostics)")
                #expect(invocation.output.isEmpty)
                #expect(invocation.diagnostics.contains("CAP_BPF"))
            }
        }

        @Test("a rule with an error is refused with its place and a caret")
        func badRule() throws {
            try withFolder {
                let file = folder.appending(path: "bad.eql")
                try "process where\n  process.nam == \"curl\"\n".write(
                    to: file, atomically: true, encoding: .utf8)
                let invocation = try Invocation(["run", "--rules", file.path()])
                #expect(invocation.status == 65, "\(invocation.diagnostics)")
                #expect(invocation.output.isEmpty)
                #expect(invocation.diagnostics.contains("\(file.path()):2:3"))
                #expect(invocation.diagnostics.contains("^"))
            }
        }

        @Test("a rule file that is no TOML is refused with its place")
        func badRuleFile() throws {
            try withFolder {
                let file = folder.appending(path: "bad.toml")
                try "[rule\n".write(to: file, atomically: true, encoding: .utf8)
                let invocation = try Invocation(["run", "--rules", file.path()])
                #expect(invocation.status == 65, "\(invocation.diagnostics)")
                #expect(invocation.diagnostics.contains("\(file.path()):"))
            }
        }

        @Test("a rule file that others may write is not trusted")
        func writableRule() throws {
            try withFolder {
                let file = folder.appending(path: "rule.eql")
                try "process where true\n".write(to: file, atomically: true, encoding: .utf8)
                try FileManager.default.setAttributes([.posixPermissions: 0o666], ofItemAtPath: file.path())
                let invocation = try Invocation(["run", "--rules", file.path()])
                #expect(invocation.status != 0 && invocation.status < 128, "\(invocation.diagnostics)")
                #expect(invocation.diagnostics.contains("written by others"))
            }
        }

        @Test("a rule file that is not there is missing input")
        func missingRule() throws {
            try withFolder {
                let invocation = try Invocation(["run", "--rules", "/nowhere/rule.toml"])
                #expect([65, 66].contains(invocation.status))
                #expect(invocation.diagnostics.contains("/nowhere/rule.toml"))
            }
        }
    }
}
