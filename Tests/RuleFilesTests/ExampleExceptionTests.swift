import Detection
import Events
import Fixtures
import Foundation
import RuleFiles
import Rules
import Testing

/// Asks exceptions about each match.
private struct ExceptionSink: MatchSink, ~Copyable {
    var exceptions: ExceptionSet
    var found: [String?] = []

    mutating func matched(_ match: inout Match) {
        let index = exceptions.suppression(of: match, at: 0)
        found.append(index.map { exceptions.exceptions[$0].name })
    }
}

@Suite("The example exceptions")
struct ExampleExceptionTests {
    private static func exceptions() throws -> [Detection.Exception] {
        let path = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Packaging/exceptions/agents.toml")
        return try ExceptionFile.exceptions(from: Array(Data(contentsOf: path)), file: "agents.toml")
    }

    @Test("are not warned of")
    func warnings() throws {
        let found = ExceptionFile.warnings(of: try Self.exceptions(), rules: [], at: 0)
        #expect(found == [])
    }

    /// What one of them is for, and what only looks like it.
    struct Example: Sendable, CustomTestStringConvertible {
        let name: String
        let agent: [Field: FieldValue]
        let others: [[Field: FieldValue]]

        var testDescription: String { name }

        /// - Parameter others: single differences that each must be told.
        init(
            _ name: String, _ executable: String, unit: String? = nil, parent: String = "/usr/bin/systemd-x",
            _ more: [Field: FieldValue] = [:], others: [[Field: FieldValue]]
        ) {
            self.name = name
            var agent: [Field: FieldValue] = [
                .processExecutable: FieldValue(stringLiteral: executable),
                .parentExecutable: FieldValue(stringLiteral: parent), .userID: "0", .userName: "root",
                .hostMountNamespace: true,
            ]
            if let unit { agent[.serviceName] = FieldValue(stringLiteral: unit) }
            self.agent = agent.merging(more) { $1 }
            let forged: [[Field: FieldValue]] = [
                [
                    .processExecutable: FieldValue(stringLiteral: "/tmp" + executable),
                    .parentExecutable: "/tmp/x",
                ],
                [.processExecutable: .untrusted("/tmp/x", executable), .parentExecutable: "/tmp/x"],
                [.processExecutable: .unknown, .parentExecutable: .unknown],
                [.userID: "1000", .userName: "web"],
            ]
            let units: [[Field: FieldValue]] =
                unit == nil ? [] : [[.serviceName: "x.service"], [.serviceName: .missing]]
            self.others = forged + units + others
        }
    }

    private static let foreign: [Field: FieldValue] = [.hostMountNamespace: false]

    private static let examples = [
        Example(
            "cloud-init", "/usr/bin/python3.11", unit: "cloud-final.service",
            parent: "/usr/lib/systemd/systemd",
            [.processExecutable: ["/usr/bin/python3.11", "/usr/bin/cloud-init"]],
            others: [
                foreign, [.parentExecutable: "/usr/bin/python3.11"],
                [.processExecutable: ["/usr/bin/python3.11", "/var/lib/cloud/instance/scripts/part-001"]],
            ]),
        Example(
            "amazon-ssm-agent", "/usr/bin/ssm-agent-worker", unit: "amazon-ssm-agent.service",
            others: [
                foreign,
                [.processExecutable: "/usr/bin/curl", .parentExecutable: "/usr/bin/ssm-document-worker"],
            ]),
        Example(
            "amazon-ssm-agent (snap)", "/snap/amazon-ssm-agent/7993/ssm-agent-worker",
            unit: "snap.amazon-ssm-agent.amazon-ssm-agent.service", [.hostMountNamespace: false],
            others: [
                [.processExecutable: "/snap/amazon-ssm-agent/7993/x/ssm-agent-worker"],
                [.containerID: "0123456789abcdef0123456789abcdef"],
            ]),
        Example(
            "Amazon Inspector", "/opt/aws/inspector/bin/inspectorssmplugin",
            parent: "/usr/bin/ssm-document-worker", others: [foreign, [.parentExecutable: "/usr/bin/bash"]]),
        Example(
            "Rapid7 Insight Agent", "/opt/rapid7/ir_agent/components/insight_agent/4.0.1/ir_agent",
            unit: "ir_agent.service", others: [foreign, [.processExecutable: "/opt/rapid7/x"]]),
        Example(
            "Nessus", "/usr/bin/curl", unit: "nessusagent.service", parent: "/opt/nessus_agent/sbin/nessusd",
            others: [foreign, [.parentExecutable: "/opt/nessus_agent/var/nessus/x"]]),
        Example(
            "Qualys Cloud Agent", "/usr/bin/curl", unit: "qualys-cloud-agent.service",
            parent: "/usr/local/qualys/cloud-agent/bin/qualys-cloud-agent",
            others: [foreign, [.parentExecutable: "/usr/bin/bash"]]),
        Example(
            "Azure Linux Agent", "/usr/bin/python3.10", unit: "walinuxagent.service",
            [.processWorkingDirectory: "/var/lib/waagent"],
            others: [foreign, [.processWorkingDirectory: "/root"], [.processExecutable: "/usr/bin/curl"]]),
        Example(
            "Google guest agents", "/usr/bin/google_guest_agent", unit: "google-guest-agent.service",
            others: [
                foreign,
                [
                    .processExecutable: "/usr/bin/curl",
                    .parentExecutable: "/usr/bin/google_metadata_script_runner",
                ],
            ]),
        Example(
            "Oracle Cloud Agent", "/usr/libexec/oracle-cloud-agent/plugins/gomon/gomon",
            unit: "oracle-cloud-agent.service", [.userID: "995", .userName: "oracle-cloud-agent"],
            others: [foreign, [.processExecutable: "/lusr/libexec/oracle-cloud-agent/agent2"]]),
        Example(
            "Oracle Cloud Agent (snap)", "/snap/oracle-cloud-agent/72/agent",
            unit: "snap.oracle-cloud-agent.oracle-cloud-agent.service", [.hostMountNamespace: false],
            others: [[.containerID: "0123456789abcdef0123456789abcdef"]]),
        Example(
            "message of the day", "/usr/bin/dash",
            [.processExecutable: ["/usr/bin/dash", "/etc/update-motd.d/70-available-updates"]],
            others: [foreign, [.processExecutable: ["/usr/bin/dash", "/tmp/etc/update-motd.d/70-x"]]]),
        Example(
            "DHCP hooks", "/usr/bin/curl", parent: "/sbin/dhclient-script",
            others: [
                foreign, [.parentExecutable: "/sbin/dhclient-script2"],
                [.parentExecutable: .untrusted("/tmp/x", "/sbin/dhclient-script")],
            ]),
    ]

    @Test("hold for what they are for, and not for what looks like it", arguments: examples)
    func holds(_ example: Example) throws {
        #expect(try suppression(of: example.agent) == [example.name])
        for other in example.others {
            let fields = example.agent.merging(other) { $1 }
            #expect(try suppression(of: fields) == [nil], "\(other)")
        }
    }

    /// By what an alert of the default rule is held back, whose connection is
    /// one of a process with these fields.
    private func suppression(of fields: [Field: FieldValue]) throws -> [String?] {
        let file = try #require(BuiltInRules.files.first { $0.isDefault })
        let rules = RuleSet([try RuleFile.rule(from: file.bytes, file: file.name)])
        var engine = DetectionEngine(rules: rules)
        var sink = ExceptionSink(exceptions: ExceptionSet(try Self.exceptions(), for: rules))
        let keys: [Field: FieldValue] = [.hostID: "h", .parentEntityID: .identity(10, 1)]
        let start: [Field: FieldValue] = [
            .processName: "curl", .processExecutable: "/home/web/curl", .parentExecutable: "/usr/bin/bash",
        ]
        engine.process(Event.made(.exec, at: 1, keys.merging(start) { $1 }), into: &sink)
        let address: [Field: FieldValue] = [.destinationIP: "169.254.169.254", .destinationPort: 80]
        let connection = keys.merging(address) { $1 }.merging(fields) { $1 }
        engine.process(Event.made(.connect, at: 2, connection), into: &sink)
        return sink.found
    }

    @Test("are all tested, give a reason and end")
    func complete() throws {
        let exceptions = try Self.exceptions()
        #expect(exceptions.map(\.name) == Self.examples.map(\.name))
        for exception in exceptions {
            #expect(exception.expires != nil)
            #expect(exception.reason.contains("Hidden: ") || exception.reason.contains("vouch"))
        }
    }
}
