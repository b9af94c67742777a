/// Rows of text in aligned columns, for people.
struct TextTable {
    private var rows: [[String]]

    init(_ header: [String]) { rows = [header] }

    mutating func add(_ row: [String]) { rows.append(row) }

    var text: String {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            row.enumerated().map { column, cell in
                column == row.count - 1
                    ? cell : cell + String(repeating: " ", count: widths[column] - cell.count)
            }.joined(separator: "  ") + "\n"
        }.joined()
    }
}

/// A small JSON object, made of texts, numbers and lists.
struct JSONText {
    private var members: [String] = []

    mutating func member(_ name: String, _ value: String) { members.append("\(quote(name)):\(quote(value))") }
    mutating func member(_ name: String, _ value: Bool) { members.append("\(quote(name)):\(value)") }
    mutating func member(_ name: String, _ value: Int) { members.append("\(quote(name)):\(value)") }
    mutating func member(_ name: String, json: String) { members.append("\(quote(name)):\(json)") }
    mutating func member(_ name: String, _ values: [String]) {
        members.append("\(quote(name)):[\(values.map(quote).joined(separator: ","))]")
    }

    var object: String { "{\(members.joined(separator: ","))}" }

    private func quote(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
