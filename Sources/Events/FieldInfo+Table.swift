extension FieldInfo {
    /// The row of one field.
    static func describe(_ field: Field) -> FieldInfo {
        func row(
            _ name: String, _ type: FieldType, _ source: FieldSource, many: Bool = false,
            _ summary: String
        ) -> FieldInfo {
            FieldInfo(
                field: field, name: name, type: type, isMany: many, source: source, summary: summary)
        }
        return switch field {
        case .timestamp:
            row(
                "@timestamp", .date, .kernel,
                "When the event happened, in UTC with nanoseconds.")
        case .eventID:
            row(
                "event.id", .keyword, .derived,
                "Unique id of the event.")
        case .eventKind:
            row(
                "event.kind", .keyword, .derived,
                "`event` for what was observed.")
        case .eventCategory:
            row(
                "event.category", .keyword, .derived, many: true,
                "`process` or `network`.")
        case .eventType:
            row(
                "event.type", .keyword, .derived, many: true,
                "`start` or `end`.")
        case .eventAction:
            row(
                "event.action", .keyword, .derived,
                "`exec`, `fork`, `end` or `connection_attempted`.")
        case .eventOutcome:
            row(
                "event.outcome", .keyword, .kernel,
                "`success`, `failure` or `unknown`: how a connect returned. In progress is `unknown`.")
        case .eventModule:
            row(
                "event.module", .keyword, .derived,
                "`imdswatch`.")
        case .eventDataset:
            row(
                "event.dataset", .keyword, .derived,
                "`imdswatch.event`.")
        case .dataStreamDataset:
            row(
                "data_stream.dataset", .keyword, .replayOnly,
                "The data stream that a document came from.")
        case .errorCode:
            row(
                "error.code", .keyword, .kernel,
                "Name of the error of a failed connect, such as `ECONNREFUSED`.")
        case .hostID:
            row(
                "host.id", .keyword, .host,
                "The machine id; else the DMI product UUID; else a hash of the boot id.")
        case .hostName:
            row(
                "host.name", .keyword, .host,
                "The host name.")
        case .hostHostname:
            row(
                "host.hostname", .keyword, .host,
                "The host name as the kernel has it.")
        case .hostArchitecture:
            row(
                "host.architecture", .keyword, .host,
                "`x86_64` or `aarch64`.")
        case .hostOSType:
            row(
                "host.os.type", .keyword, .host,
                "`linux`.")
        case .hostOSFamily:
            row(
                "host.os.family", .keyword, .host,
                "The distribution family, from os-release.")
        case .hostOSKernel:
            row(
                "host.os.kernel", .keyword, .host,
                "The kernel release.")
        case .hostOSName:
            row(
                "host.os.name", .keyword, .host,
                "The distribution, from os-release.")
        case .hostOSVersion:
            row(
                "host.os.version", .keyword, .host,
                "The version of the distribution, from os-release.")
        case .hostBootID:
            row(
                "host.boot.id", .keyword, .host,
                "The kernel's random id of this boot.")
        case .cloudProvider:
            row(
                "cloud.provider", .keyword, .host,
                "`aws`, `gcp` and so on, from DMI and cloud-init's files; absent where they do not say.")
        case .cloudInstanceID:
            row(
                "cloud.instance.id", .keyword, .host,
                "The instance's id, from DMI and cloud-init's files; absent where they do not say.")
        case .processPID:
            row(
                "process.pid", .long, .kernel,
                "Number of the process, in the initial pid namespace.")
        case .processEntityID:
            row(
                "process.entity_id", .keyword, .derived,
                "Identity of the process: host, boot, pid and start time as text; stable across exec.")
        case .processName:
            row(
                "process.name", .keyword, .derived, many: true,
                "Last path component of the executable of the process; further values from the path as invoked."
            )
        case .processExecutable:
            row(
                "process.executable", .keyword, .kernel, many: true,
                "Resolved absolute path of the executable of the process; further values: the path as invoked, and the absolute path of a script."
            )
        case .processArgs:
            row(
                "process.args", .keyword, .kernel, many: true,
                "Arguments of the process, the first included.")
        case .processArgsCount:
            row(
                "process.args_count", .long, .derived,
                "Number of arguments of the process.")
        case .processCommandLine:
            row(
                "process.command_line", .keyword, .derived,
                "Arguments of the process joined by single spaces.")
        case .processWorkingDirectory:
            row(
                "process.working_directory", .keyword, .kernel,
                "Current directory of the process.")
        case .processStart:
            row(
                "process.start", .date, .kernel,
                "Start of the process, in UTC.")
        case .processInteractive:
            row(
                "process.interactive", .boolean, .kernel,
                "Whether the process has a controlling terminal.")
        case .processEnvVars:
            row(
                "process.env_vars", .keyword, .kernel, many: true,
                "Environment of the process as NAME=value, of its first and last 2 KiB; only what rules name, where each names its variables."
            )
        case .processExitCode:
            row(
                "process.exit_code", .long, .kernel,
                "Exit code of an ended process.")
        case .processPreviousExecutable:
            row(
                "process.previous.executable", .keyword, .processTable,
                "Executable of the process before this exec.")
        case .processThreadID:
            row(
                "process.thread.id", .long, .kernel,
                "Number of the thread that caused the event.")
        case .processThreadName:
            row(
                "process.thread.name", .keyword, .kernel,
                "The short name (comm) of the thread that acted.")
        case .processCapabilitiesEffective:
            row(
                "process.thread.capabilities.effective", .keyword, .kernel, many: true,
                "Effective capabilities, as `CAP_…` names.")
        case .processCapabilitiesPermitted:
            row(
                "process.thread.capabilities.permitted", .keyword, .kernel, many: true,
                "Permitted capabilities, as `CAP_…` names.")
        case .processTTYMajor:
            row(
                "process.tty.char_device.major", .long, .kernel,
                "Major number of the controlling terminal.")
        case .processTTYMinor:
            row(
                "process.tty.char_device.minor", .long, .kernel,
                "Minor number of the controlling terminal.")
        case .processUserID:
            row(
                "process.user.id", .identifier, .kernel,
                "Effective user id of the process.")
        case .processUserName:
            row(
                "process.user.name", .keyword, .host,
                "Name of the effective user of the process, from /etc/passwd.")
        case .processRealUserID:
            row(
                "process.real_user.id", .identifier, .kernel,
                "Real user id of the process.")
        case .processRealUserName:
            row(
                "process.real_user.name", .keyword, .host,
                "Name of the real user of the process, from /etc/passwd.")
        case .processSavedUserID:
            row(
                "process.saved_user.id", .identifier, .kernel,
                "Saved user id of the process.")
        case .processGroupID:
            row(
                "process.group.id", .identifier, .kernel,
                "Effective group id of the process.")
        case .processGroupName:
            row(
                "process.group.name", .keyword, .host,
                "Name of the effective group of the process, from /etc/group.")
        case .processRealGroupID:
            row(
                "process.real_group.id", .identifier, .kernel,
                "Real group id of the process.")
        case .processSavedGroupID:
            row(
                "process.saved_group.id", .identifier, .kernel,
                "Saved group id of the process.")
        case .parentPID:
            row(
                "process.parent.pid", .long, .processTable,
                "Number of the parent, in the initial pid namespace.")
        case .parentEntityID:
            row(
                "process.parent.entity_id", .keyword, .processTable,
                "Identity of the parent: host, boot, pid and start time as text; stable across exec.")
        case .parentName:
            row(
                "process.parent.name", .keyword, .processTable, many: true,
                "Last path component of the executable of the parent; further values from the path as invoked."
            )
        case .parentExecutable:
            row(
                "process.parent.executable", .keyword, .processTable, many: true,
                "Resolved absolute path of the executable of the parent; further values: the path as invoked, and the absolute path of a script."
            )
        case .parentArgs:
            row(
                "process.parent.args", .keyword, .processTable, many: true,
                "Arguments of the parent, the first included.")
        case .parentArgsCount:
            row(
                "process.parent.args_count", .long, .processTable,
                "Number of arguments of the parent.")
        case .parentCommandLine:
            row(
                "process.parent.command_line", .keyword, .processTable,
                "Arguments of the parent joined by single spaces.")
        case .parentWorkingDirectory:
            row(
                "process.parent.working_directory", .keyword, .processTable,
                "Current directory of the parent when it forked the process.")
        case .parentStart:
            row(
                "process.parent.start", .date, .processTable,
                "Start of the parent, in UTC.")
        case .parentInteractive:
            row(
                "process.parent.interactive", .boolean, .processTable,
                "Whether the parent had a controlling terminal when its program started.")
        case .parentUserID:
            row(
                "process.parent.user.id", .identifier, .processTable,
                "Effective user id of the parent when it forked the process.")
        case .parentUserName:
            row(
                "process.parent.user.name", .keyword, .processTable,
                "Name of the effective user of the parent when it forked the process, from /etc/passwd.")
        case .parentRealUserID:
            row(
                "process.parent.real_user.id", .identifier, .processTable,
                "Real user id of the parent when it forked the process.")
        case .parentGroupID:
            row(
                "process.parent.group.id", .identifier, .processTable,
                "Effective group id of the parent when it forked the process.")
        case .parentRealGroupID:
            row(
                "process.parent.real_group.id", .identifier, .processTable,
                "Real group id of the parent when it forked the process.")
        case .parentThreadName:
            row(
                "process.parent.thread.name", .keyword, .processTable,
                "The short name (comm) of the parent when its program started.")
        case .entryLeaderPID:
            row(
                "process.entry_leader.pid", .long, .processTable,
                "Number of the entry leader, in the initial pid namespace.")
        case .entryLeaderEntityID:
            row(
                "process.entry_leader.entity_id", .keyword, .processTable,
                "Identity of the entry leader: host, boot, pid and start time as text; stable across exec.")
        case .entryLeaderName:
            row(
                "process.entry_leader.name", .keyword, .processTable, many: true,
                "Last path component of the executable of the entry leader; further values from the path as invoked."
            )
        case .entryLeaderExecutable:
            row(
                "process.entry_leader.executable", .keyword, .processTable, many: true,
                "Resolved absolute path of the executable of the entry leader; further values: the path as invoked, and the absolute path of a script."
            )
        case .entryLeaderArgs:
            row(
                "process.entry_leader.args", .keyword, .processTable, many: true,
                "Arguments of the entry leader, the first included.")
        case .entryLeaderStart:
            row(
                "process.entry_leader.start", .date, .processTable,
                "Start of the entry leader, in UTC.")
        case .entryLeaderInteractive:
            row(
                "process.entry_leader.interactive", .boolean, .processTable,
                "Whether the entry leader had a controlling terminal when its program started.")
        case .entryLeaderUserID:
            row(
                "process.entry_leader.user.id", .identifier, .processTable,
                "Effective user id of the entry leader when its program started.")
        case .entryLeaderMetaType:
            row(
                "process.entry_leader.entry_meta.type", .keyword, .processTable,
                "How the session was entered: `init`, `sshd`, `ssm`, `kubelet`, `teleport`, `terminal`, `console`, `container` or `unknown`."
            )
        case .sessionLeaderPID:
            row(
                "process.session_leader.pid", .long, .processTable,
                "Number of the session leader, in the initial pid namespace.")
        case .sessionLeaderEntityID:
            row(
                "process.session_leader.entity_id", .keyword, .processTable,
                "Identity of the session leader: host, boot, pid and start time as text; stable across exec.")
        case .sessionLeaderName:
            row(
                "process.session_leader.name", .keyword, .processTable, many: true,
                "Last path component of the executable of the session leader; further values from the path as invoked."
            )
        case .sessionLeaderExecutable:
            row(
                "process.session_leader.executable", .keyword, .processTable, many: true,
                "Resolved absolute path of the executable of the session leader; further values: the path as invoked, and the absolute path of a script."
            )
        case .sessionLeaderArgs:
            row(
                "process.session_leader.args", .keyword, .processTable, many: true,
                "Arguments of the session leader, the first included.")
        case .sessionLeaderStart:
            row(
                "process.session_leader.start", .date, .processTable,
                "Start of the session leader, in UTC.")
        case .sessionLeaderInteractive:
            row(
                "process.session_leader.interactive", .boolean, .processTable,
                "Whether the session leader had a controlling terminal when its program started.")
        case .sessionLeaderUserID:
            row(
                "process.session_leader.user.id", .identifier, .processTable,
                "Effective user id of the session leader when its program started.")
        case .groupLeaderPID:
            row(
                "process.group_leader.pid", .long, .processTable,
                "Number of the process group leader, in the initial pid namespace.")
        case .groupLeaderEntityID:
            row(
                "process.group_leader.entity_id", .keyword, .processTable,
                "Identity of the process group leader: host, boot, pid and start time as text; stable across exec."
            )
        case .groupLeaderName:
            row(
                "process.group_leader.name", .keyword, .processTable, many: true,
                "Last path component of the executable of the process group leader; further values from the path as invoked."
            )
        case .groupLeaderExecutable:
            row(
                "process.group_leader.executable", .keyword, .processTable, many: true,
                "Resolved absolute path of the executable of the process group leader; further values: the path as invoked, and the absolute path of a script."
            )
        case .groupLeaderArgs:
            row(
                "process.group_leader.args", .keyword, .processTable, many: true,
                "Arguments of the process group leader, the first included.")
        case .groupLeaderStart:
            row(
                "process.group_leader.start", .date, .processTable,
                "Start of the process group leader, in UTC.")
        case .groupLeaderInteractive:
            row(
                "process.group_leader.interactive", .boolean, .processTable,
                "Whether the process group leader had a controlling terminal when its program started.")
        case .groupLeaderUserID:
            row(
                "process.group_leader.user.id", .identifier, .processTable,
                "Effective user id of the process group leader when its program started.")
        case .userID:
            row(
                "user.id", .identifier, .kernel,
                "Effective user id of the process.")
        case .userName:
            row(
                "user.name", .keyword, .host,
                "Name of the effective user, from /etc/passwd.")
        case .userEffectiveID:
            row(
                "user.effective.id", .identifier, .kernel,
                "Effective user id, where it differs from the real one.")
        case .userEffectiveName:
            row(
                "user.effective.name", .keyword, .host,
                "Name of the effective user, where it differs from the real one.")
        case .userExtRealID:
            row(
                "user.Ext.real.id", .identifier, .kernel,
                "Real user id of the process.")
        case .groupID:
            row(
                "group.id", .identifier, .kernel,
                "Effective group id of the process.")
        case .groupName:
            row(
                "group.name", .keyword, .host,
                "Name of the effective group, from /etc/group.")
        case .groupExtRealID:
            row(
                "group.Ext.real.id", .identifier, .kernel,
                "Real group id of the process.")
        case .sourceIP:
            row(
                "source.ip", .ip, .kernel,
                "Own address of the connection, where the kernel had chosen it.")
        case .sourcePort:
            row(
                "source.port", .long, .kernel,
                "Own port of the connection. The tracepoint hook cannot know it.")
        case .destinationIP:
            row(
                "destination.ip", .ip, .kernel,
                "Address that the process connects to.")
        case .destinationAddress:
            row(
                "destination.address", .keyword, .kernel,
                "The destination address as text.")
        case .destinationPort:
            row(
                "destination.port", .long, .kernel,
                "Port that the process connects to.")
        case .networkDirection:
            row(
                "network.direction", .keyword, .derived,
                "`egress`.")
        case .networkType:
            row(
                "network.type", .keyword, .kernel,
                "`ipv4` or `ipv6`.")
        case .networkTransport:
            row(
                "network.transport", .keyword, .derived,
                "`tcp`.")
        case .containerID:
            row(
                "container.id", .keyword, .kernel,
                "Container id, from the name of the control group.")
        case .serviceName:
            row(
                "service.name", .keyword, .kernel,
                "systemd unit, from the name of the control group.")
        case .invokedAs:
            row(
                "imdswatch.process.invoked_as", .keyword, .kernel,
                "The path given to exec: for a script, the script.")
        case .cgroup:
            row(
                "imdswatch.process.cgroup.name", .keyword, .kernel,
                "Last component of the control group: v2, or where that is the root, of v1's pids or memory; empty for a root."
            )
        case .cgroupID:
            row(
                "imdswatch.process.cgroup.id", .long, .kernel,
                "Number of the control group.")
        case .loginUID:
            row(
                "imdswatch.process.login_user.id", .identifier, .kernel,
                "Login user id of the audit session; absent if unset.")
        case .auditSession:
            row(
                "imdswatch.process.audit_session", .long, .kernel,
                "Number of the audit session; absent if unset.")
        case .hostMountNamespace:
            row(
                "imdswatch.host_mount_namespace", .boolean, .kernel,
                "Whether the process sees the file system of the host.")
        case .mountNamespace:
            row(
                "imdswatch.process.namespaces.mnt", .long, .kernel,
                "Number of the mount namespace.")
        case .pidNamespace:
            row(
                "imdswatch.process.namespaces.pid", .long, .kernel,
                "Number of the pid namespace.")
        case .networkNamespace:
            row(
                "imdswatch.process.namespaces.net", .long, .kernel,
                "Number of the network namespace; of a connect, the socket's.")
        case .userNamespace:
            row(
                "imdswatch.process.namespaces.user", .long, .kernel,
                "Number of the user namespace.")
        case .namespacedPID:
            row(
                "imdswatch.process.vpid", .long, .kernel,
                "Number of the process in its own pid namespace.")
        case .executableDeleted:
            row(
                "imdswatch.process.deleted", .boolean, .kernel,
                "Whether the executable had no name left in the file system.")
        case .executableMemory:
            row(
                "imdswatch.process.memfd", .boolean, .kernel,
                "Whether the executable is a memfd: it never had a file.")
        case .executableScript:
            row(
                "imdswatch.process.script", .boolean, .kernel,
                "Whether a script was started, through its interpreter.")
        }
    }
}
