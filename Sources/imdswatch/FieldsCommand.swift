internal import ArgumentParser
internal import ECS
internal import Events

struct FieldsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fields",
        abstract: "List every field that rules can test and records carry.",
        discussion: "A name with * after it can have several values in one event.")

    @Flag(help: "Print one JSON object per field.")
    var json = false

    @Flag(help: "Print the reference page.")
    var markdown = false

    @Argument(help: "Only fields whose name contains this.")
    var filter: String?

    func validate() throws {
        guard !markdown || !json && filter == nil else {
            throw ValidationError("--markdown prints the whole page: no filter, and no --json")
        }
    }

    func run() throws {
        try Failure.exiting {
            if markdown { return try Failure.show(FieldInfo.reference) }
            let rows = FieldInfo.table.filter { filter.map($0.name.contains) ?? true }
            if rows.isEmpty, let filter {
                throw Failure(.usage, "there is no field whose name contains \"\(filter.printable)\"")
            }
            try Failure.show(text(rows))
        }
    }

    private func text(_ rows: [FieldInfo]) -> String {
        if json { return rows.map { jsonLine($0) + "\n" }.joined() }
        var table = TextTable(["FIELD", "TYPE", "LIVE", "FROM"])
        for row in rows {
            table.add([
                row.name + (row.isMany ? "*" : ""), row.type.rawValue, row.isLive ? "yes" : "no",
                row.source.rawValue,
            ])
        }
        return table.text
    }

    private func jsonLine(_ info: FieldInfo) -> String {
        JSONWriter.object { writer in
            writer.member("name", info.name)
            writer.member("type", info.type.rawValue)
            writer.member("many", info.isMany)
            writer.member("live", info.isLive)
            writer.member("source", info.source.rawValue)
            writer.member("summary", info.summary)
        }
    }
}
