internal import EQL
internal import Events

extension RuleSet {
    /// How long after a process was forked or started a program the connections
    /// of its parent's children can still take part in a match: nanoseconds.
    /// Later ones need not be reported. Nil if some rule may need any connection.
    public var connectionWindow: Int64? {
        var window: Int64 = 0
        for rule in rules where rule.query.requirement.kinds.contains(.connect) {
            guard let needed = rule.query.connectionWindow else { return nil }
            window = max(window, needed)
        }
        return window
    }

    /// Whether forks, too, begin matches that a connection completes.
    public var forksBeginMatches: Bool {
        rules.contains { rule in
            rule.query.requirement.kinds.contains(.connect)
                && rule.query.stages.first?.requirement.kinds.contains(.fork) == true
        }
    }

    /// Whether a connection can still take part in a match where the same
    /// process has already made the same one, and its parent's children were
    /// neither forked nor have started a program since.
    public var repeatedConnectionsMatter: Bool {
        rules.contains { rule in
            rule.query.requirement.kinds.contains(.connect) && !rule.query.takesConnectionsOnce
        }
    }
}

extension CompiledQuery {
    /// Every match begins with a start, no longer ago than the span, of the
    /// process that connects or of a sibling.
    fileprivate var connectionWindow: Int64? {
        guard shape == .sequence, let maxspan, let first = stages.first, !first.isMissing,
            first.requirement.kinds.isSubset(of: [.exec, .fork])
        else { return nil }
        let connections = (stages + (until.map { [$0] } ?? [])).filter {
            $0.requirement.kinds.contains(.connect)
        }
        return connections.allSatisfy { first.isOfSameFamily(as: $0) } ? maxspan : nil
    }

    /// A connection only ever completes a match, which the start alone began;
    /// and whether it does hangs on nothing that changes while a process runs.
    fileprivate var takesConnectionsOnce: Bool {
        connectionWindow != nil && stages.count == 2 && !stages[1].isMissing && until == nil
            && stages[1].requirement.fields.isSubset(of: Stage.lasting)
    }
}

extension Stage {
    /// Whether both stages are joined by a process that is its own in both, or
    /// its parent in both.
    fileprivate func isOfSameFamily(as other: Stage) -> Bool {
        zip(keys, other.keys).contains { mine, its in
            Stage.identities.contains { $0.contains(mine.field) && $0.contains(its.field) }
        }
    }

    /// Fields that every connection of a process to the same address and port has alike.
    fileprivate static let lasting = FieldSet([
        .eventKind, .eventCategory, .eventType, .eventAction, .eventModule, .eventDataset,
        .hostID, .hostName, .hostHostname, .hostArchitecture, .hostOSType, .hostOSFamily, .hostOSKernel,
        .hostOSName, .hostOSVersion, .hostBootID, .cloudProvider, .cloudInstanceID,
        .processPID, .processEntityID, .parentPID, .parentEntityID,
        .destinationIP, .destinationAddress, .destinationPort,
        .networkDirection, .networkType, .networkTransport,
    ])

    private static let identities: [Set<Field>] = [
        [.processEntityID, .processPID], [.parentEntityID, .parentPID],
    ]
}
