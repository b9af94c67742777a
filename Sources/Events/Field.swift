/// Every field that rules can test and records can carry. The raw value is the
/// field's number in programs, slots and images; names are in `FieldInfo.table`.
public enum Field: UInt8, CaseIterable, Sendable {
    case timestamp
    case eventID, eventKind, eventCategory, eventType, eventAction, eventOutcome
    case eventModule, eventDataset, dataStreamDataset
    case errorCode

    case hostID, hostName, hostHostname, hostArchitecture, hostOSType
    case hostOSFamily, hostOSKernel, hostOSName, hostOSVersion
    case hostBootID, cloudProvider, cloudInstanceID

    case processPID, processEntityID, processName, processExecutable
    case processArgs, processArgsCount, processCommandLine, processWorkingDirectory
    case processStart, processInteractive, processEnvVars, processExitCode
    case processPreviousExecutable, processThreadID, processThreadName
    case processCapabilitiesEffective, processCapabilitiesPermitted
    case processTTYMajor, processTTYMinor
    case processUserID, processUserName, processRealUserID, processRealUserName
    case processSavedUserID, processGroupID, processGroupName, processRealGroupID
    case processSavedGroupID

    case parentPID, parentEntityID, parentName, parentExecutable, parentArgs, parentArgsCount
    case parentCommandLine, parentWorkingDirectory, parentStart, parentInteractive
    case parentUserID, parentUserName, parentRealUserID, parentGroupID, parentRealGroupID
    case parentThreadName

    case entryLeaderPID, entryLeaderEntityID, entryLeaderName, entryLeaderExecutable
    case entryLeaderArgs, entryLeaderStart, entryLeaderInteractive, entryLeaderUserID
    case entryLeaderMetaType

    case sessionLeaderPID, sessionLeaderEntityID, sessionLeaderName, sessionLeaderExecutable
    case sessionLeaderArgs, sessionLeaderStart, sessionLeaderInteractive, sessionLeaderUserID

    case groupLeaderPID, groupLeaderEntityID, groupLeaderName, groupLeaderExecutable
    case groupLeaderArgs, groupLeaderStart, groupLeaderInteractive, groupLeaderUserID

    case userID, userName, userEffectiveID, userEffectiveName, userExtRealID
    case groupID, groupName, groupExtRealID

    case sourceIP, sourcePort, destinationIP, destinationAddress, destinationPort
    case networkDirection, networkType, networkTransport

    case containerID, serviceName

    case invokedAs, cgroup, cgroupID, loginUID, auditSession, hostMountNamespace
    case mountNamespace, pidNamespace, networkNamespace, userNamespace, namespacedPID
    case executableDeleted, executableMemory, executableScript
}

/// The type of a field's values, as the analyzer checks them.
public enum FieldType: String, Sendable {
    case keyword
    /// A keyword that usually is a decimal number: user and group ids. Compares
    /// equal to the number and to its text.
    case identifier
    case long, ip, boolean, date
}

/// Where a live value of a field comes from.
public enum FieldSource: String, Sendable {
    /// The kernel, at the moment of the event.
    case kernel
    /// The process table, or /proc where the table does not know it.
    case processTable = "process table"
    /// The host, read once at start.
    case host
    /// Follows from other fields of the same event.
    case derived
    /// Only documents of `replay` have it.
    case replayOnly = "replay"
}

/// What there is to say about a field. One table drives the analyzer, the
/// encoder, `imdswatch fields` and the reference page.
public struct FieldInfo: Sendable {
    public let field: Field
    /// The ECS name, dotted.
    public let name: String
    public let type: FieldType
    /// Whether one event can have several values of it.
    public let isMany: Bool
    public let source: FieldSource
    /// One sentence for the reference page.
    public let summary: String

    /// Whether the sensor produces the field live.
    public var isLive: Bool { source != .replayOnly }
}

extension Field {
    public var info: FieldInfo { FieldInfo.table[Int(rawValue)] }

    public var name: String { info.name }

    /// The field of that exact ECS name, or nil.
    public init?(name: String) {
        guard let field = FieldInfo.byName[name] else { return nil }
        self = field
    }
}

extension FieldInfo {
    static let byName = Dictionary(uniqueKeysWithValues: table.map { ($0.name, $0.field) })

    /// All fields, in the order of their numbers.
    public static let table: [FieldInfo] = {
        let rows = Field.allCases.map(describe)
        precondition(rows.indices.allSatisfy { Int(rows[$0].field.rawValue) == $0 })
        return rows
    }()
}
