import Foundation
import Testing

extension KernelTests {
    @Suite("An alert", .serialized)
    struct Alerts {
        @Test("is complete")
        func shape() throws {
            let (alerts, result) = try raisedAlerts(
                ["curl", "-s", "http://169.254.169.254/"], in: "/usr/lib", ownRoot: false)
            let alert = try #require(alerts.first)
            #expect(alerts.count == 1)

            #expect(alert.string("event.kind") == "alert")
            #expect(alert.strings("event.category") == ["intrusion_detection", "process", "network"])
            #expect(alert.strings("event.type") == ["info"])
            #expect(alert.string("event.action") == "connection_attempted")
            #expect(alert.string("event.module") == "imdswatch")
            #expect(alert.string("event.dataset") == "imdswatch.alert")
            #expect(alert.int("event.severity") == 47)
            #expect(alert.int("event.risk_score") == 47)
            #expect((1..<1_000_000_000).contains(alert.int("event.duration") ?? -1))
            #expect(alert.string("rule.name") == "Unusual Instance Metadata Service (IMDS) API Request")
            #expect(alert.strings("threat.tactic.id") == ["TA0006", "TA0007"])
            #expect(alert.strings("threat.technique.id") == ["T1552", "T1580"])
            #expect(alert.strings("threat.technique.subtechnique.id") == ["T1552.005"])

            #expect(alert.string("host.os.type") == "linux")
            #expect(alert.string("host.boot.id") == (try text("/proc/sys/kernel/random/boot_id")))
            #expect(alert.string("host.hostname") == (try text("/proc/sys/kernel/hostname")))
            #expect(alert.string("user.id") == "0")
            #expect(alert.string("user.name") == "root")
            #expect(alert.int("process.pid") == result.child)
            #expect(alert.string("process.name") == "curl")
            #expect(alert.strings("process.args") == ["curl", "-s", "http://169.254.169.254/"])
            #expect(alert.string("process.working_directory") == "/usr/lib")
            #expect(alert.int("process.thread.id") == result.child)
            #expect(alert.int("process.parent.pid") == result.arena)
            #expect(alert.string("process.parent.name") == "arena")
            #expect(alert.string("process.parent.entity_id") != alert.string("process.entity_id"))

            #expect(alert.string("destination.ip") == "169.254.169.254")
            #expect(alert.string("destination.address") == "169.254.169.254")
            #expect(alert.int("destination.port") == 80)
            #expect(alert.string("network.type") == "ipv4")
            #expect(alert.string("network.transport") == "tcp")
            #expect(alert.string("network.direction") == "egress")

            #expect(alert.bool("imdswatch.same_process") == true)
            // these tests may run in a container; a kernel thread never does
            #expect(
                alert.bool("imdswatch.host_mount_namespace")
                    == (try mountNamespace("self") == mountNamespace("2")))
            #expect(alert.bool("imdswatch.degraded") == false)
            // how these tests were started may take more room than a line has
            let truncated = alert.strings("imdswatch.truncated") ?? []
            #expect(truncated.filter { !$0.contains("_leader.") } == [])
            #expect(alert.strings("imdswatch.unknown") == [])
            #expect(alert.string("imdswatch.process.invoked_as")?.hasSuffix("/curl") == true)
            let matched = alert.documents("imdswatch.matched")
            #expect(matched.map { $0.string("event.action") } == ["exec", "connection_attempted"])
            #expect(matched.allSatisfy { $0.int("process.pid") == result.child })
            #expect(alert.documents("imdswatch.ancestry").contains { $0.int("pid") == result.arena })
        }

        @Test(
            "has every field whose value can be known",
            arguments: [
                "@timestamp", "ecs.version", "event.id", "event.sequence", "event.start", "event.end",
                "event.created", "message", "rule.id", "rule.version", "rule.ruleset", "rule.license",
                "rule.reference", "rule.author", "threat.framework", "threat.tactic.name",
                "threat.tactic.reference", "threat.technique.name", "threat.technique.reference",
                "threat.technique.subtechnique.name", "threat.technique.subtechnique.reference", "host.id",
                "host.name", "host.architecture", "host.os.kernel", "host.os.name", "host.os.version",
                "user.group.id", "user.group.name", "process.entity_id", "process.start",
                "process.interactive", "process.thread.name", "process.parent.args",
                "process.parent.command_line", "process.parent.start", "process.session_leader.pid",
                "process.session_leader.entity_id", "process.group_leader.pid", "imdswatch.version",
                "imdswatch.hook", "imdswatch.endpoint", "imdswatch.origin",
            ])
        func presence(field: String) throws {
            let alert = try sample()
            #expect(alert[field] != nil)
            #expect(alert.string(field) != "")
        }

        /// One alert for all who look at single fields.
        private static let sampleLine = Result {
            try raisedAlerts(["curl", "-s", "http://169.254.169.254/"]).alerts.first?.bytes ?? []
        }

        private func sample() throws -> Document {
            try #require(Document(Self.sampleLine.get()), "no alert was raised")
        }

        @Test("has no source port where the hook cannot know it, and then names that hook")
        func sourcePort() throws {
            let alert = try sample()
            let hook = try #require(alert.string("imdswatch.hook"))
            #expect(["fexit", "kprobe", "tracepoint"].contains(hook))
            if hook == "tracepoint" { #expect(alert.int("source.port") == nil) }
        }

        private func mountNamespace(_ process: String) throws -> String {
            try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/ns/mnt")
        }

        @Test("comes from its own mount namespace, and says so")
        func mountNamespace() throws {
            let alert = try sample()
            #expect(alert.bool("imdswatch.host_mount_namespace") == false)
        }

        @Test("names the effective user where it is another than the real one")
        func effectiveUser() throws {
            let (alerts, _) = try raisedAlerts([
                "setpriv", "--euid=65534", "curl", "-s", "http://169.254.169.254/",
            ])
            #expect(alerts.map { $0.string("user.id") } == ["65534"])
            #expect(alerts.first?.string("user.effective.id") == "65534")
            #expect(alerts.first?.string("process.real_user.id") == "0")
        }

        @Test("shows no session token")
        func redaction() throws {
            let token = "AQAEAsecretsecretsecretsecret=="
            let (alerts, _) = try raisedAlerts([
                "curl", "-s", "-H", "X-aws-ec2-metadata-token: \(token)", "http://169.254.169.254/",
            ])
            let alert = try #require(alerts.first)
            #expect(alert.string("process.command_line")?.contains("X-aws-ec2-metadata-token") == true)
            #expect(alert.string("process.command_line")?.contains(token) == false)
            #expect(alert.strings("process.args")?.contains { $0.contains(token) } == false)
        }

        private func text(_ path: String) throws -> String {
            try String(contentsOfFile: path, encoding: .utf8).trimmingCharacters(in: .newlines)
        }
    }
}
