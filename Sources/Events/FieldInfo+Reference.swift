extension FieldInfo {
    /// The reference page of all fields, as Markdown. `docs/fields.md` is this
    /// text; a test compares them.
    public static var reference: String {
        var page = """
            # Fields

            Names are those of the Elastic Common Schema (ECS), and a few of our own under `imdswatch.`. Rules \
            test them, events and alerts carry them. This page is made from the table that the rule analyzer and \
            the encoder use: `imdswatch fields --markdown` prints it, a test compares it.

            - **Type**: `keyword` is text, `identifier` a user or group id, which equals a number or its decimal \
            text. A field marked * can have several values in one event: a positive test holds if one of them \
            satisfies it.
            - **From**: the kernel at the moment of the event; the sensor's own process table, or /proc where it \
            does not know; the host, read at start; derived from other fields of the event; or only from the \
            documents that `replay` reads.

            | field | type | from | meaning |
            |---|---|---|---|

            """
        for row in table {
            let star = row.isMany ? " *" : ""
            page +=
                "| `\(row.name)`\(star) | \(row.type.rawValue) | \(row.source.rawValue) | \(row.summary) |\n"
        }
        return page
    }
}
