internal import Events

/// How one field is written in one place of a record. An object, made once: to hand
/// it on is cheaper than to copy what it holds.
final class FieldOutput: Sendable {
    let field: Field
    let name: String
    /// The same as bytes, which are cheaper to go through.
    let path: [UInt8]
    let kind: TextClass
    let type: FieldType
    let isList: Bool

    /// - Parameter name: where it stands; its own name if nil.
    init(_ field: Field, as name: String? = nil, _ kind: TextClass) {
        self.field = field
        self.name = name ?? field.name
        path = Array(self.name.utf8)
        self.kind = kind
        type = field.info.type
        isList = field.info.isList
    }
}

/// Which fields are written in one place of a record, by how much of the
/// record is written at all.
struct FieldOutputs: Sendable {
    private let byShape: [[FieldOutput]]

    init(
        _ whole: [FieldOutput], fewEvents: [FieldOutput]? = nil, brief: [FieldOutput]? = nil,
        skeleton: [FieldOutput]
    ) {
        byShape = [whole, fewEvents ?? whole, brief ?? whole, skeleton]
    }

    subscript(shape: RecordShape) -> [FieldOutput] { byShape[shape.rawValue] }
}

extension FieldOutput {
    /// The order of keys. Names that share a beginning follow each other.
    private static let who: [Field] = [
        .userID, .userName, .userEffectiveID, .userEffectiveName, .userExtRealID,
    ]
    private static let groups: [Field] = [.groupID, .groupName, .groupExtRealID]
    private static let process: [Field] = [
        .processPID, .processEntityID, .processName, .processExecutable, .processArgs,
        .processArgsCount, .processCommandLine, .processWorkingDirectory, .processStart,
        .processInteractive, .processEnvVars, .processExitCode, .processPreviousExecutable,
        .processThreadID, .processThreadName, .processCapabilitiesEffective,
        .processCapabilitiesPermitted, .processTTYMajor, .processTTYMinor, .processUserID,
        .processUserName, .processRealUserID, .processRealUserName, .processSavedUserID,
        .processGroupID, .processGroupName, .processRealGroupID, .processSavedGroupID,
    ]
    private static let parent: [Field] = [
        .parentPID, .parentEntityID, .parentName, .parentExecutable, .parentArgs, .parentArgsCount,
        .parentCommandLine, .parentWorkingDirectory, .parentStart, .parentInteractive, .parentUserID,
        .parentUserName, .parentRealUserID, .parentGroupID, .parentRealGroupID, .parentThreadName,
    ]
    private static let leaders: [Field] = [
        .entryLeaderPID, .entryLeaderEntityID, .entryLeaderName, .entryLeaderExecutable,
        .entryLeaderArgs, .entryLeaderStart, .entryLeaderInteractive, .entryLeaderUserID,
        .entryLeaderMetaType, .sessionLeaderPID, .sessionLeaderEntityID, .sessionLeaderName,
        .sessionLeaderExecutable, .sessionLeaderArgs, .sessionLeaderStart, .sessionLeaderInteractive,
        .sessionLeaderUserID, .groupLeaderPID, .groupLeaderEntityID, .groupLeaderName,
        .groupLeaderExecutable, .groupLeaderArgs, .groupLeaderStart, .groupLeaderInteractive,
        .groupLeaderUserID,
    ]
    private static let place: [Field] = [
        .containerID, .serviceName, .sourceIP, .sourcePort, .destinationIP, .destinationAddress,
        .destinationPort, .networkType, .networkTransport, .networkDirection, .errorCode,
    ]
    private static let own: [Field] = [
        .invokedAs, .cgroup, .cgroupID, .loginUID, .auditSession, .mountNamespace, .pidNamespace,
        .networkNamespace, .userNamespace, .namespacedPID, .executableDeleted, .executableMemory,
        .executableScript,
    ]
    private static let described: [Field] = [
        .eventID, .eventKind, .eventCategory, .eventType, .eventAction, .eventOutcome, .eventModule,
        .eventDataset, .hostID, .hostName, .hostHostname, .hostArchitecture, .hostOSType,
        .hostOSFamily, .hostOSKernel, .hostOSName, .hostOSVersion, .hostBootID, .cloudProvider,
        .cloudInstanceID,
    ]
    private static let main: [Field] = [
        .userID, .userName, .processPID, .processEntityID, .processName, .processExecutable, .processArgs,
        .processArgsCount, .processCommandLine, .processWorkingDirectory, .processStart, .parentPID,
        .parentEntityID, .parentName, .parentExecutable, .parentArgs, .parentCommandLine,
    ]
    private static let identity: [Field] = [
        .processPID, .processEntityID, .processName, .processExecutable, .processArgs,
        .processCommandLine, .parentPID, .parentEntityID, .parentExecutable,
    ]

    /// At the top of an alert or event where not everything fits, and where
    /// hardly anything does.
    private static let brief: [FieldOutput] = (main + place + [.dataStreamDataset]).map(top)
    private static let skeleton: [FieldOutput] =
        ([.userID] + identity + [.containerID, .destinationIP, .destinationPort]).map(top)

    /// What stands at the top of an alert, from user to error.
    static let alert = FieldOutputs(
        [
            FieldOutput(.userID, .identifier), FieldOutput(.userName, .text),
            FieldOutput(.groupID, as: "user.group.id", .identifier),
            FieldOutput(.groupName, as: "user.group.name", .text),
        ] + who.dropFirst(2).map(top) + (process + parent + leaders + place).map(top),
        brief: brief, skeleton: skeleton)

    private static let everything: [FieldOutput] =
        (who + groups + process + parent + leaders + place + [.dataStreamDataset]).map(top)

    /// A plain event: everything.
    static let event = FieldOutputs(everything, brief: brief, skeleton: skeleton)

    /// Under `imdswatch`, in alerts and events.
    static let imdswatch = FieldOutputs(own.map(top), skeleton: [])

    /// The fields whose exact bytes are kept where they are not UTF-8.
    static let rawOfAlert = everything + own.map(top)
    static let rawOfEvent = described.map(top) + rawOfAlert

    /// One element of `imdswatch.matched`.
    static let matched = FieldOutputs(
        ([.userID, .userName]
            + process.filter { $0 != .processCapabilitiesPermitted && $0 != .processCapabilitiesEffective }
            + parent + place + [.invokedAs, .executableScript, .executableDeleted, .executableMemory])
            .map(inMatch),
        fewEvents: (main.filter { ![.parentArgs, .parentCommandLine, .processArgsCount].contains($0) } + place
            + [.invokedAs]).map(inMatch),
        brief: few, skeleton: few)

    private static let few: [FieldOutput] =
        ([.processPID, .processEntityID, .processExecutable, .processArgs, .destinationIP]).map(inMatch)

    private static func top(_ field: Field) -> FieldOutput {
        FieldOutput(field, TextClass(of: field))
    }

    private static func inMatch(_ field: Field) -> FieldOutput {
        let kind: TextClass =
            switch TextClass(of: field) {
            case .args, .otherArgs: .matchedArgs
            case .commandLine, .otherCommandLine: .matchedCommandLine
            case .identifier: .identifier
            case .executable, .parentExecutable, .leaderExecutable: .matchedExecutable
            default: .matchedText
            }
        return FieldOutput(field, kind)
    }
}

extension TextClass {
    /// The class of a field at the top of a record.
    init(of field: Field) {
        self =
            switch field {
            case .processArgs, .processEnvVars: .args
            case .parentArgs, .entryLeaderArgs, .sessionLeaderArgs, .groupLeaderArgs: .otherArgs
            case .processCommandLine: .commandLine
            case .parentCommandLine: .otherCommandLine
            case .processExecutable: .executable
            case .parentExecutable: .parentExecutable
            case .entryLeaderExecutable, .sessionLeaderExecutable, .groupLeaderExecutable,
                .processPreviousExecutable:
                .leaderExecutable
            case .processEntityID, .parentEntityID, .entryLeaderEntityID, .sessionLeaderEntityID,
                .groupLeaderEntityID, .eventID, .hostID, .hostBootID, .cloudInstanceID, .containerID, .userID,
                .destinationAddress:
                .identifier
            default: .text
            }
    }
}
