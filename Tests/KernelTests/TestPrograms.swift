import Foundation
import Synchronization

/// The C programs beside this file, compiled on first use into the build folder.
enum TestProgram: String, CaseIterable {
    case arena
    case client
    case exitingParent = "exiting_parent"
    case fixedClient = "fixed_client"
    case odd
    case player
    case steps
    case storm
    case swap

    /// The compiled program.
    var path: String {
        get throws { try Self.compiled.get() + "/" + rawValue }
    }

    private static let sources = URL(filePath: #filePath).deletingLastPathComponent().appending(
        path: "helpers")

    private static let compiled = Result<String, any Error> {
        let root = sources.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let folder = root.appending(path: ".build/kernel-tests")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let compiler = try findCompiler()
        for program in allCases {
            let status = try run([
                compiler, "-O2", "-static", "-Wall", "-Wextra", "-Werror", "-o",
                folder.appending(path: program.rawValue).path(),
                sources.appending(path: program.rawValue + ".c").path(),
            ])
            guard status == 0 else { throw Failure.compile(program.rawValue) }
        }
        // the scenario that needs it says so where this compiler has no 32 bits
        _ = try run([
            compiler, "-m32", "-O1", "-nostdlib", "-static", "-ffreestanding", "-fno-stack-protector",
            "-fno-pic", "-o", folder.appending(path: "client32").path(),
            sources.appending(path: "client32.c").path(),
        ])
        return folder.path()
    }

    /// The 32-bit program, where it could be compiled.
    static var client32: String? {
        get throws {
            let path = try compiled.get() + "/client32"
            return FileManager.default.isExecutableFile(atPath: path) ? path : nil
        }
    }

    enum Failure: Error {
        case noCompiler
        case compile(String)
    }

    private static func findCompiler() throws -> String {
        let environment = ProcessInfo.processInfo.environment
        let beside = environment["SWIFT"].map { URL(filePath: $0).deletingLastPathComponent().path() }
        let folders = (environment["PATH"] ?? "").split(separator: ":").map(String.init) + [beside ?? ""]
        for name in ["cc", "clang", "gcc"] {
            for folder in folders where FileManager.default.isExecutableFile(atPath: "\(folder)/\(name)") {
                return "\(folder)/\(name)"
            }
        }
        throw Failure.noCompiler
    }

    private static func run(_ command: [String]) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(filePath: command[0])
        process.arguments = Array(command.dropFirst())
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }
}
