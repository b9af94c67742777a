import Foundation
import Testing

extension KernelTests {
    /// Runs the executable on real files: what only a file system can do.
    @Suite("Commands on rule files", .serialized)
    struct RuleCommands {
        /// A directory that is removed at the end.
        private final class Folder {
            let path: String

            init() throws {
                path = FileManager.default.temporaryDirectory.path() + "/imdswatch-rules-\(getpid())"
                try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            }

            deinit { try? FileManager.default.removeItem(atPath: path) }

            func write(_ name: String, _ text: String) throws { try write(name, Data(text.utf8)) }

            func write(_ name: String, _ data: Data) throws {
                try data.write(to: URL(filePath: "\(path)/\(name)"))
                try FileManager.default.setAttributes(
                    [.posixPermissions: 0o644], ofItemAtPath: "\(path)/\(name)")
            }
        }

        private static let query = #"process where process.name == "a""#
        private static let event =
            #"{"@timestamp":"2026-01-01T00:00:00Z","event.category":"process","process.name":"a"}"#

        @Test("check says of every file of a directory what became of it, and crashes on none")
        func hostileFiles() throws {
            let folder = try Folder()
            try folder.write("good.toml", "[rule]\nid = 'g'\nname = 'G'\nquery = '\(Self.query)'\n")
            try folder.write("same.toml", "[rule]\nid = 'g'\nname = 'S'\nquery = '\(Self.query)'\n")
            try folder.write("field.toml", "[rule]\nname = 'F'\nquery = '''\nprocess where\n  x.y == 1'''\n")
            try folder.write("kql.toml", "[rule]\nname = 'K'\nlanguage = 'kuery'\nquery = 'a:b'\n")
            try folder.write("open.eql", #"process where process.name == "a"#)
            try folder.write("deep.eql", "process where " + String(repeating: "(", count: 10_000))
            try folder.write("long.eql", "process where " + String(repeating: "x", count: 1 << 20))
            try folder.write("binary.toml", Data([0x7f, 0x45, 0x4c, 0x46, 0, 0xff, 0xfe]))
            try folder.write("huge.toml", Data(repeating: 0x23, count: 8 << 20))
            try folder.write("empty.eql", "")
            try folder.write("writable.eql", Self.query)
            let manager = FileManager.default
            try manager.setAttributes(
                [.posixPermissions: 0o666], ofItemAtPath: "\(folder.path)/writable.eql")
            try manager.createSymbolicLink(
                atPath: "\(folder.path)/circle.eql", withDestinationPath: "circle.eql")
            try manager.createSymbolicLink(atPath: "\(folder.path)/up.toml", withDestinationPath: "..")
            try manager.createSymbolicLink(atPath: "\(folder.path)/gone.eql", withDestinationPath: "nowhere")
            try manager.createSymbolicLink(
                atPath: "\(folder.path)/zero.eql", withDestinationPath: "/dev/zero")
            let pipe = try Invocation(["\(folder.path)/pipe.eql"], executable: "/usr/bin/mkfifo")
            #expect(pipe.status == 0)

            let check = try Invocation(["rules", "check", "--json", folder.path])
            #expect(check.status == 65, "\(check.diagnostics)")
            var found: [String: Document] = [:]
            for line in check.output.split(separator: "\n") {
                let document = try #require(Document(Array(line.utf8)), "\(line)")
                let name = try #require(document.string("file")).split(separator: "/").last
                found[String(name ?? "")] = document
                let isLoaded = document.string("status") == "loaded"
                #expect(isLoaded || document.string("reason")?.isEmpty == false, "\(line)")
            }
            #expect(found.count == 16)
            #expect(found.filter { $0.value.string("status") == "loaded" }.keys.sorted() == ["good.toml"])
            let causes = found.compactMapValues { $0.string("cause") }
            #expect(
                causes == [
                    "same.toml": "duplicate", "field.toml": "field", "kql.toml": "language",
                    "open.eql": "query",
                    "deep.eql": "query", "long.eql": "query", "binary.toml": "syntax", "huge.toml": "file",
                    "empty.eql": "query", "writable.eql": "file", "circle.eql": "file", "up.toml": "file",
                    "gone.eql": "file", "zero.eql": "file", "pipe.eql": "file",
                ])
            for (name, line, column) in [
                ("field.toml", 5, 3), ("same.toml", 2, 1), ("open.eql", 1, 31), ("deep.eql", 1, 115),
                ("kql.toml", 3, 1),
                ("binary.toml", 1, 1),
            ] {
                #expect(found[name]?.int("line") == line, "\(name)")
                #expect(found[name]?.int("column") == column, "\(name)")
            }
            for command in ["list", "explain", "test"] {
                let other = try Invocation(["rules", command, folder.path])
                #expect(other.status == 65, "\(command): \(other.diagnostics)")
            }
        }

        @Test("a file that cannot be read is refused, and says so")
        func unreadable() throws {
            let folder = try Folder()
            try folder.write("a.eql", Self.query)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path)
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o600], ofItemAtPath: "\(folder.path)/a.eql")
            let copy = "\(folder.path)/imdswatch"
            try FileManager.default.copyItem(atPath: Sensor.executable, toPath: copy)
            let check = try Invocation(
                [
                    "--reuid=65534", "--regid=65534", "--clear-groups", copy, "rules", "check",
                    "\(folder.path)/a.eql",
                ], executable: "/usr/bin/setpriv")
            #expect(check.status == 65)
            #expect(check.output.contains("a.eql: cannot be read: permission denied"))
        }

        @Test("a directory that is missing or has no rule is named", arguments: ["missing", "empty"])
        func nothing(name: String) throws {
            let folder = try Folder()
            try FileManager.default.createDirectory(
                atPath: "\(folder.path)/empty", withIntermediateDirectories: false)
            for command in [["rules", "check"], ["rules", "test"], ["run"]] {
                let invocation = try Invocation(command + ["--rules", "\(folder.path)/\(name)"])
                #expect(invocation.status == 66, "\(command)")
                let told = invocation.output + invocation.diagnostics
                #expect(told.contains("\(folder.path)/\(name)"), "\(command): \(told)")
            }
        }

        @Test("test runs what stands beside a rule, and shows what differs")
        func tests() throws {
            let folder = try Folder()
            try folder.write("a.eql", Self.query)
            try folder.write("b.eql", Self.query)
            try folder.write(
                "a.tests.toml", "[[test]]\nname = 'right'\nevents = '''\n\(Self.event)\n'''\nalerts = [[1]]\n"
            )
            let right = try Invocation(["rules", "test", folder.path])
            #expect(right.status == 0, "\(right.output)\(right.diagnostics)")
            #expect(right.output.contains("b.eql: no tests"))
            #expect(right.output.contains("1 passed, 0 failed, 1 rule without tests"))

            try folder.write(
                "b.tests.toml", "[[test]]\nname = 'wrong'\nevents = '''\n\(Self.event)\n'''\nalerts = []\n")
            let wrong = try Invocation(["rules", "test", folder.path])
            #expect(wrong.status == 65)
            #expect(wrong.output.contains("FAIL \(folder.path)/b.eql: wrong"))
            #expect(wrong.output.contains("+ an alert on lines [1]"))
            #expect(wrong.output.contains("1 passed, 1 failed"))
            let json = try Invocation(["rules", "test", "--json", "\(folder.path)/b.eql"])
            #expect(Document(Array(json.output.utf8))?.bool("passed") == false)

            let none = try Invocation(["rules", "test", "--rules", "builtin:all"])
            #expect(none.status == 0, "\(none.output)")
        }

        @Test("check warns of exceptions that do not do what they are written for")
        func exceptions() throws {
            let folder = try Folder()
            try folder.write("a.eql", Self.query)
            try folder.write(
                "e.toml",
                """
                [[exception]]
                name = "old"
                reason = "r"
                expires = 2020-02-29
                rules = ["nope"]
                condition = "any where true"
                [[exception]]
                name = "files"
                reason = "r"
                condition = "file where true"
                """)
            let path = "\(folder.path)/e.toml"
            let arguments = ["rules", "check", "--exceptions", path, "\(folder.path)/a.eql"]
            let check = try Invocation(arguments)
            #expect(check.status == 0, "\(check.diagnostics)")
            #expect(check.output.contains("\(path): ok: 2 exceptions, 4 warnings"))
            for warning in [
                #"exception "old" expired on 2020-02-29: "#,
                #"exception "old" is for a rule that is not loaded: nope"#,
                #"exception "old" holds for programs that nobody has heard of: "#,
                #"exception "files" cannot hold on a host: "#,
            ] {
                #expect(check.diagnostics.contains("imdswatch: warning: \(path): \(warning)"), "\(warning)")
            }
            let json = try Invocation(arguments + ["--json"])
            #expect(json.output.contains(#""warnings":["exception \"files\" cannot hold"#))
        }

        @Test("fields says so if there is no field of that name")
        func noField() throws {
            let fields = try Invocation(["fields", "nosuch"])
            #expect(fields.status == 64 && fields.output.isEmpty)
            #expect(fields.diagnostics.contains("no field whose name contains \"nosuch\""))
        }

        @Test("list tells which rules run, and built-in rules go by their names")
        func list() throws {
            let all = try Invocation(["rules", "list", "--json"])
            let documents = all.output.split(separator: "\n").compactMap { Document(Array($0.utf8)) }
            let runs = documents.filter { $0.bool("runs") == true }.compactMap { $0.string("file") }
            #expect(runs.first == "builtin:imds-api-request")
            let others = documents.filter { $0.bool("runs") == false }.compactMap { $0.string("file") }
            #expect(others.contains("builtin:imds-other-endpoints"))
            for name in others {
                #expect(try Invocation(["rules", "check", name]).status == 0)
                #expect(try Invocation(["rules", "explain", name]).output.contains(name))
            }
            let hooks = try Invocation(["rules", "explain", "builtin:imds-api-request"]).output
            #expect(
                hooks.contains("program starts (event 1); forks (the process table); connections (event 2)"))
            #expect(hooks.contains("only the first ones within 1 s of a start beside it"))
            let unknown = try Invocation(["rules", "check", "builtin:nonsense"])
            #expect(unknown.status == 65)
            #expect(unknown.output.contains("imds-other-endpoints"))
        }
    }
}
