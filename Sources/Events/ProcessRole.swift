/// The processes that one event tells about, by their place in ECS.
public enum ProcessRole: UInt8, CaseIterable, Sendable {
    case process, parent, entryLeader, sessionLeader, groupLeader

    public var pid: Field {
        pick(.processPID, .parentPID, .entryLeaderPID, .sessionLeaderPID, .groupLeaderPID)
    }

    public var entityID: Field {
        pick(
            .processEntityID, .parentEntityID, .entryLeaderEntityID, .sessionLeaderEntityID,
            .groupLeaderEntityID)
    }

    public var name: Field {
        pick(.processName, .parentName, .entryLeaderName, .sessionLeaderName, .groupLeaderName)
    }

    public var executable: Field {
        pick(
            .processExecutable, .parentExecutable, .entryLeaderExecutable, .sessionLeaderExecutable,
            .groupLeaderExecutable)
    }

    public var args: Field {
        pick(.processArgs, .parentArgs, .entryLeaderArgs, .sessionLeaderArgs, .groupLeaderArgs)
    }

    public var start: Field {
        pick(.processStart, .parentStart, .entryLeaderStart, .sessionLeaderStart, .groupLeaderStart)
    }

    public var interactive: Field {
        pick(
            .processInteractive, .parentInteractive, .entryLeaderInteractive,
            .sessionLeaderInteractive, .groupLeaderInteractive)
    }

    public var userID: Field {
        pick(.processUserID, .parentUserID, .entryLeaderUserID, .sessionLeaderUserID, .groupLeaderUserID)
    }

    /// All fields that tell whose rights it has.
    public var userFields: [Field] {
        switch self {
        case .process: [.processUserID, .processRealUserID, .processGroupID, .processRealGroupID]
        case .parent:
            [.parentUserID, .parentRealUserID, .parentGroupID, .parentRealGroupID, .parentUserName]
        default: [userID]
        }
    }

    /// Only the process and its parent have the rest; leaders answer nil.
    public var argsCount: Field? { pick(.processArgsCount, .parentArgsCount) }
    public var commandLine: Field? { pick(.processCommandLine, .parentCommandLine) }
    public var workingDirectory: Field? { pick(.processWorkingDirectory, .parentWorkingDirectory) }

    /// Facts of parents and leaders that are as of when their program started: what
    /// changed since is not noticed. User, group and directory of a parent are as of
    /// when it forked the process.
    public static let fieldsOfPrograms: FieldSet = {
        var fields = FieldSet([.parentThreadName])
        for role in allCases where role != .process {
            fields.insert(role.interactive)
            if role != .parent { fields.insert(role.userID) }
        }
        return fields
    }()

    private func pick(
        _ process: Field, _ parent: Field, _ entry: Field, _ session: Field, _ group: Field
    ) -> Field {
        switch self {
        case .process: process
        case .parent: parent
        case .entryLeader: entry
        case .sessionLeader: session
        case .groupLeader: group
        }
    }

    private func pick(_ process: Field, _ parent: Field) -> Field? {
        switch self {
        case .process: process
        case .parent: parent
        default: nil
        }
    }
}
