import Foundation
import PackagePlugin

/// Compiles the BPF programs, and embeds them and the built-in rule files as
/// hex in string literals: a byte-array literal of that size takes the
/// compiler a minute.
@main
struct EmbedPlugin: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        let root = context.package.directoryURL
        let work = context.pluginWorkDirectoryURL
        switch target.name {
        case "Probes":
            return [try bpfObject(context, root: root, output: work.appending(path: "EmbeddedObject.swift"))]
        case "Rules":
            return [
                ruleFiles(
                    try files(in: root.appending(path: "Sources/Rules/pack"), endings: ["toml"]),
                    output: work.appending(path: "EmbeddedFiles.swift"))
            ]
        default:
            Diagnostics.error("nothing to embed for \(target.name)")
            return []
        }
    }

    private func bpfObject(_ context: PluginContext, root: URL, output: URL) throws -> Command {
        #if arch(arm64)
            let architecture = "arm64"
        #else
            let architecture = "x86"
        #endif
        let clang = try context.tool(named: "clang").url.path()
        let source = root.appending(path: "BPF/imdswatch.bpf.c")
        let shared = root.appending(path: "Sources/CBPF/include")
        let object = context.pluginWorkDirectoryURL.appending(path: "imdswatch.bpf.o")
        let script = """
            set -e
            '\(clang)' -target bpf -mcpu=v3 -O2 -fno-strict-aliasing -g -Wall -Wextra -Werror \
              -D__TARGET_ARCH_\(architecture) -I'\(shared.path())' \
              -c '\(source.path())' -o '\(object.path()).full'
            bpftool gen object '\(object.path())' '\(object.path()).full'
            {
              printf '/// The compiled BPF programs, as hex.\\nlet embeddedObject: StaticString = "'
              od -An -v -tx1 '\(object.path())' | tr -d ' \\n'
              printf '"\\n'
            } > '\(output.path())'
            """
        return .buildCommand(
            displayName: "Compiling BPF programs", executable: URL(filePath: "/bin/sh"),
            arguments: ["-c", script],
            inputFiles: try files(in: root.appending(path: "BPF"), endings: ["c", "h"])
                + files(in: shared, endings: ["h"]),
            outputFiles: [output])
    }

    private func ruleFiles(_ files: [URL], output: URL) -> Command {
        let entries = files.map { file in
            """
              printf '    ("\(file.lastPathComponent)", "'
              od -An -v -tx1 '\(file.path())' | tr -d ' \\n'
              printf '"),\\n'
            """
        }
        let script = """
            set -e
            {
              printf '/// The built-in rule files: name and content as hex.\\n'
              printf 'let embeddedFiles: [(name: StaticString, hex: StaticString)] = [\\n'
            \(entries.joined(separator: "\n"))
              printf ']\\n'
            } > '\(output.path())'
            """
        return .buildCommand(
            displayName: "Embedding rule files", executable: URL(filePath: "/bin/sh"),
            arguments: ["-c", script], inputFiles: files, outputFiles: [output])
    }

    private func files(in directory: URL, endings: Set<String>) throws -> [URL] {
        try FileManager.default
            .contentsOfDirectory(at: directory, includingPropertiesForKeys: nil)
            .filter { endings.contains($0.pathExtension) }
            .sorted { $0.path() < $1.path() }
    }
}
