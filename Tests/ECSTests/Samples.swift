import Detection
import ECS
import EQL
import Events
import Fixtures
import Foundation
import Testing

/// What the tests of this target tell alerts about.
enum Sample {
    static let host = HostInfo(
        id: "ec2abcdef", hostname: "web-1", name: "web-1", architecture: "x86_64",
        bootID: "3f1c0000-1111-2222-3333-444455556666", kernel: "6.1.0-28-amd64",
        osName: "Debian GNU/Linux", osVersion: "12", osFamily: "debian", cloudProvider: "aws",
        cloudInstanceID: "i-0abc")

    static let context = RecordContext(host: host, version: "0.1.0")

    /// 2026-11-22T18:00:00.123456789Z
    static let time: Int64 = 1_795_370_400_123_456_789
    static let boot: Int64 = 1_000_000_000_000

    static let rule = Rule(
        id: "11112222-3333-4444-5555-666677778888",
        name: "Unusual Instance Metadata Service (IMDS) API Request",
        version: "3", severity: "medium", riskScore: 47, authors: ["Somebody"],
        license: "Apache-2.0", references: ["https://example.org/imds"],
        threats: [
            Threat(
                framework: "MITRE ATT&CK",
                tactic: .init(
                    id: "TA0006", name: "Credential Access", url: "https://attack.mitre.org/tactics/TA0006/"),
                techniques: [
                    .init(
                        technique: .init(
                            id: "T1552", name: "Unsecured Credentials",
                            url: "https://attack.mitre.org/techniques/T1552/"),
                        subtechniques: [
                            .init(
                                id: "T1552.005", name: "Cloud Instance Metadata API",
                                url: "https://attack.mitre.org/techniques/T1552/005/")
                        ])
                ]),
            Threat(
                framework: "MITRE ATT&CK",
                tactic: .init(
                    id: "TA0007", name: "Discovery", url: "https://attack.mitre.org/tactics/TA0007/"),
                techniques: [
                    .init(
                        technique: .init(
                            id: "T1580", name: "Cloud Infrastructure Discovery",
                            url: "https://attack.mitre.org/techniques/T1580/"))
                ]),
        ],
        ruleset: "imdswatch", text: "", query: CompiledQuery(shape: .event, stages: []))

    /// curl was started by bash …
    static func exec(
        pid: UInt32 = 4242, parent: UInt32 = 4200, _ more: [Field: FieldValue] = [:],
        change: (inout Event) -> Void = { _ in }
    ) throws -> EventSnapshot {
        try live(.exec, .tracepoint, at: 0, position: 40, pid, parent, more, change)
    }

    /// … and 28.1 ms later it connected to the metadata service.
    static func connect(
        pid: UInt32 = 4242, parent: UInt32 = 4200, _ more: [Field: FieldValue] = [:],
        change: (inout Event) -> Void = { _ in }
    ) throws -> EventSnapshot {
        let network: [Field: FieldValue] = [
            .eventOutcome: "success", .sourceIP: "10.0.0.5", .sourcePort: 40_000,
            .destinationIP: "169.254.169.254", .destinationAddress: "169.254.169.254",
            .destinationPort: 80, .networkType: "ipv4", .networkTransport: "tcp",
            .networkDirection: "egress",
        ]
        return try live(
            .connect, .fexit, at: 28_100_000, position: 41, pid, parent, network.merging(more) { $1 }, change)
    }

    private static func live(
        _ kind: EventKind, _ hook: Hook, at offset: Int64, position: UInt64, _ pid: UInt32,
        _ parent: UInt32, _ more: [Field: FieldValue], _ change: (inout Event) -> Void
    ) throws -> EventSnapshot {
        let process = ProcessIdentity(pid: pid, start: 999_000_000_000)
        let started = time - 1_000_000_000
        let fields: [Field: FieldValue] = [
            .hostID: "ec2abcdef",
            .processPID: .integers([Int64(pid)]), .processEntityID: .identity(pid, process.start),
            .processName: "curl", .processExecutable: "/usr/bin/curl",
            .processArgs: ["curl", "http://169.254.169.254/"], .processArgsCount: 2,
            .processCommandLine: "curl http://169.254.169.254/", .processWorkingDirectory: "/srv/app",
            .processStart: .integers([started]), .processInteractive: false,
            .processThreadID: .integers([Int64(pid)]), .processThreadName: "curl",
            .processUserID: 1000, .processRealUserID: 1000, .processSavedUserID: 1000,
            .parentPID: .integers([Int64(parent)]), .parentEntityID: .identity(parent, 500_000_000_000),
            .parentName: "bash", .parentExecutable: .texts(["/usr/bin/bash"], traits: .fromTable),
            .parentArgs: ["bash"], .parentArgsCount: 1, .parentCommandLine: "bash",
            .parentStart: .integers([started - 500_000_000_000]),
            .entryLeaderPID: 900, .entryLeaderEntityID: .identity(900, 400_000_000_000),
            .entryLeaderName: "sshd", .entryLeaderExecutable: "/usr/sbin/sshd",
            .entryLeaderMetaType: "sshd",
            .userID: 1000, .userName: "web", .groupID: 1000, .groupName: "web", .userExtRealID: 1000,
            .containerID: "0123456789abcdef0123456789abcdef",
            .invokedAs: "curl", .hostMountNamespace: true, .cgroup: "session-1.scope", .cgroupID: 77,
        ]
        var event = Event.made(kind, at: boot + offset, position: position, fields.merging(more) { $1 })
        event.header.timestamp = time - 28_100_000 + offset
        event.header.hook = hook
        event.header.process = process
        event.header.parent = ProcessIdentity(pid: parent, start: 500_000_000_000)
        change(&event)
        return try snapshot(event)
    }

    static func document(_ fields: [Field: FieldValue]) throws -> EventSnapshot {
        try snapshot(Event.made(.document, at: time, position: 9, fields))
    }

    static func snapshot(_ event: borrowing Event) throws -> EventSnapshot {
        let snapshot = event.snapshot()
        return try #require(snapshot)
    }

    static func alert(_ events: [EventSnapshot], suppressedBy: String? = nil, isTest: Bool = false) -> Alert {
        Alert(
            ruleIndex: 0, sequence: 7, created: time + 400_000, events: events,
            ancestry: [
                AncestryEntry(
                    identity: ProcessIdentity(pid: 4200, start: 500_000_000_000),
                    executable: Array("/usr/bin/bash".utf8)),
                AncestryEntry(
                    identity: ProcessIdentity(pid: 900, start: 400_000_000_000),
                    executable: Array("/usr/sbin/sshd".utf8)),
                AncestryEntry(identity: ProcessIdentity(pid: 1, start: 1), executable: []),
            ], suppressedBy: suppressedBy, isTest: isTest)
    }

    static func line(
        _ alert: Alert, rule: Rule = rule, _ context: RecordContext = context
    ) throws -> Line {
        var bytes: [UInt8] = []
        AlertEncoder(context).append(alert, rule: RenderedRule(rule), to: &bytes)
        #expect(bytes.count <= context.lineLimit)
        return try Line(bytes)
    }

    static func line(of event: EventSnapshot, _ context: RecordContext = context) throws -> Line {
        var bytes: [UInt8] = []
        EventEncoder(context).append(event, to: &bytes)
        #expect(bytes.count <= context.lineLimit)
        return try Line(bytes)
    }
}
