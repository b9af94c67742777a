import Events

/// Looks up names, checks types and refuses what cannot be run exactly.
/// Conditions are in `Analyzer+Conditions.swift`.
struct Analyzer {
    let role: Query.Role
    let source: Query.Source
    /// Tests seen so far, all conditions together.
    var tests = 0

    typealias Expression = SyntaxTree.Expression
    typealias Literal = SyntaxTree.Literal
    typealias FieldName = SyntaxTree.FieldName

    init(role: Query.Role, source: Query.Source) {
        self.role = role
        self.source = source
    }

    mutating func analyze(_ query: SyntaxTree.Query) throws(EQLError) -> AnalyzedQuery {
        switch query {
        case .event(let event):
            let stage = AnalyzedStage(condition: try analyze(event), keys: [])
            return AnalyzedQuery(shape: .event, stages: [stage])
        case .sequence(let sequence):
            guard role == .rule else {
                throw EQLError(.unsupported(.sequenceAsException), at: sequence.range)
            }
            return try analyze(sequence)
        }
    }

    private mutating func analyze(_ event: SyntaxTree.EventFilter) throws(EQLError) -> Condition {
        let condition = try analyze(predicate: event.condition)
        guard let category = event.category else { return condition }
        return .all([.category(category), condition])
    }

    // MARK: Sequences

    private mutating func analyze(_ sequence: SyntaxTree.Sequence) throws(EQLError) -> AnalyzedQuery {
        try checkShape(of: sequence)
        var stages: [AnalyzedStage] = []
        let ownKeys = sequence.items[0].keys.count
        var allKeys: [[Key]] = []
        for item in sequence.items + (sequence.until.map { [$0] } ?? []) {
            guard item.keys.count == ownKeys else {
                throw EQLError(.keyCount(expected: ownKeys, found: item.keys.count), at: item.range)
            }
            guard sequence.keys.count + ownKeys <= Limits.keys else {
                throw EQLError(.tooManyKeys(limit: Limits.keys), at: item.range)
            }
            var keys: [Key] = []
            for name in sequence.keys + item.keys { keys.append(try key(name)) }
            allKeys.append(keys)
            stages.append(
                AnalyzedStage(
                    condition: try analyze(item.event), keys: [], isMissing: item.isMissing,
                    runs: item.runs))
        }
        try join(&stages, by: allKeys)
        let until = sequence.until == nil ? nil : stages.removeLast()
        return AnalyzedQuery(
            shape: .sequence, stages: stages, maxspan: sequence.maxspan?.nanoseconds, until: until)
    }

    private func checkShape(of sequence: SyntaxTree.Sequence) throws(EQLError) {
        let count = sequence.items.reduce(0) { $0 + $1.runs }
        guard count >= 2 else { throw EQLError(.tooFewItems, at: sequence.range) }
        guard count <= Limits.stages else {
            throw EQLError(.tooManyStages(limit: Limits.stages), at: sequence.range)
        }
        for item in sequence.items where item.isMissing {
            if let range = item.runsRange { throw EQLError(.missingEventWithRuns, at: range) }
            if sequence.maxspan == nil { throw EQLError(.missingEventWithoutSpan, at: item.range) }
        }
        guard sequence.items.contains(where: { !$0.isMissing }) else {
            throw EQLError(.onlyMissingEvents, at: sequence.range)
        }
    }

    /// A key as one item names it; without a field if it is optional and not
    /// produced, so that it is always missing.
    private struct Key {
        var field: Field?
        var isOptional: Bool
        var range: SourceRange
    }

    private func key(_ name: FieldName) throws(EQLError) -> Key {
        Key(field: try field(name), isOptional: name.isOptional, range: name.range)
    }

    /// Pairs the keys of all items by position. Where one item's key is never
    /// produced, the others must be missing: that becomes a condition.
    private func join(_ stages: inout [AnalyzedStage], by keys: [[Key]]) throws(EQLError) {
        for position in keys[0].indices {
            let column = keys.map { $0[position] }
            let types = column.compactMap { key in key.field.map { $0.info.type.valueType } }
            for key in column {
                guard let field = key.field, let expected = types.first else { continue }
                let found = field.info.type.valueType
                guard found == expected else {
                    throw EQLError(.keyType(expected: expected, found: found), at: key.range)
                }
            }
            let isProduced = column.allSatisfy { $0.field != nil }
            for index in stages.indices {
                guard let field = column[index].field else { continue }
                if isProduced {
                    stages[index].keys.append(JoinKey(field: field, isOptional: column[index].isOptional))
                } else {
                    let isMissing: Condition =
                        column[index].isOptional ? .not(.isPresent(field)) : .constant(false)
                    stages[index].condition = .all([stages[index].condition, isMissing])
                }
            }
        }
    }

    // MARK: Names

    /// The field of a name; nil if it is optional and nobody produces it.
    func field(_ name: FieldName) throws(EQLError) -> Field? {
        guard let field = Field(name: name.name) else {
            guard !name.isOptional else { return nil }
            let suggestion = closest(to: name.name, in: FieldInfo.table.map(\.name))
            throw EQLError(.unknownField(name.name, suggestion: suggestion), at: name.range)
        }
        guard field.info.isLive || name.isOptional || source == .documents else {
            throw EQLError(.notProduced(name.name), at: name.range)
        }
        return field
    }
}

extension FieldType {
    var valueType: EQLError.ValueType {
        switch self {
        case .keyword: .text
        case .identifier: .identifier
        case .long: .number
        case .ip: .address
        case .boolean: .boolean
        case .date: .date
        }
    }
}

/// The name that differs least from one that is not known, if it is close.
func closest(to name: String, in candidates: [String]) -> String? {
    if let usual = otherNames[name.lowercased()], candidates.contains(usual) { return usual }
    let wanted = Array(name.lowercased().utf8)
    guard wanted.count <= 100 else { return nil }
    // `user.group.id`, as an alert has it, is the field `group.id`
    let inner = candidates.filter { $0.contains(".") && name.hasSuffix("." + $0) }
        .max { $0.utf8.count < $1.utf8.count }
    let limit = max(1, min(3, wanted.count / 3))
    var best: (distance: Int, name: String)?
    for candidate in candidates {
        let distance = editDistance(wanted, Array(candidate.lowercased().utf8))
        if distance <= limit, distance < best?.distance ?? .max { best = (distance, candidate) }
    }
    return best?.name ?? inner
}

/// What other sensors and languages call fields that have another name here.
private let otherNames = [
    "process.exe": "process.executable", "process.path": "process.executable",
    "process.image": "process.executable", "process.exec": "process.executable",
    "process.ppid": "process.parent.pid", "process.parent.exe": "process.parent.executable",
    "process.parent.path": "process.parent.executable", "process.comm": "process.thread.name",
    "process.cmdline": "process.command_line", "process.cmd": "process.command_line",
    "process.commandline": "process.command_line", "process.argv": "process.args",
    "process.argc": "process.args_count", "process.cwd": "process.working_directory",
    "process.uid": "process.user.id", "process.gid": "process.group.id", "process.tgid": "process.pid",
    "process.command": "process.command_line", "commandline": "process.command_line",
    "image": "process.executable", "parentimage": "process.parent.executable",
    "process.parent.cmdline": "process.parent.command_line", "process.exit": "process.exit_code",
    "process.env": "process.env_vars", "user.uid": "user.id", "user.gid": "group.id",
    "dst.ip": "destination.ip", "dest.ip": "destination.ip", "dest_ip": "destination.ip",
    "remote_ip": "destination.ip", "remote.ip": "destination.ip", "dst.port": "destination.port",
    "dest.port": "destination.port", "src.ip": "source.ip", "src.port": "source.port",
]

private func editDistance(_ one: [UInt8], _ other: [UInt8]) -> Int {
    var row = Array(0...other.count)
    for (index, byte) in one.enumerated() {
        var diagonal = row[0]
        row[0] = index + 1
        for column in other.indices {
            let substituted = diagonal + (byte == other[column] ? 0 : 1)
            diagonal = row[column + 1]
            row[column + 1] = min(substituted, diagonal + 1, row[column] + 1)
        }
    }
    return row[other.count]
}
