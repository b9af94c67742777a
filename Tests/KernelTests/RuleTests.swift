import Testing

extension KernelTests {
    /// The client is a program of our own that connects whatever its arguments
    /// are, so that its place, its name and its parent alone decide.
    @Suite("The built-in rule", .serialized)
    struct Rule {
        private static let tool = "/usr/lib/x/tool"
        private static let curl = "/usr/lib/x/curl"

        @Test("does not mind a plain program")
        func plain() throws {
            let (alerts, _) = try raisedAlerts(
                [Self.tool], items: [.program(Self.tool, .fixedClient)], status: 0)
            #expect(alerts.isEmpty)
        }

        @Test(
            "knows clients by name",
            arguments: [
                "curl", "wget", "python3.13", "perl", "php8.4", "ruby", "lua5.4", "telnet", "pwsh", "openssl",
                "nc", "ncat", "netcat", "awk", "gawk", "mawk", "nawk", "socat", "node", "CURL",
            ])
        func names(name: String) throws {
            let path = "/usr/lib/x/\(name)"
            let (alerts, _) = try raisedAlerts([path], items: [.program(path, .fixedClient)], status: 0)
            #expect(alerts.map { $0.string("process.executable") } == [path])
        }

        @Test("knows no other name", arguments: ["curlie", "mycurl", "nodejs", "gnetcat", "aria2c"])
        func otherNames(name: String) throws {
            let path = "/usr/lib/x/\(name)"
            let (alerts, _) = try raisedAlerts([path], items: [.program(path, .fixedClient)], status: 0)
            #expect(alerts.isEmpty)
        }

        @Test(
            "knows places that no client belongs in",
            arguments: [
                "/tmp/tool", "/var/tmp/a/tool", "/var/www/tool", "/etc/init.d/tool", "/etc/rc3.d/S01tool",
                "/etc/cron.daily/tool", "/etc/update-motd.d/tool", "/boot/tool", "/srv/tool", "/run/tool",
                "/etc/rc.local",
            ])
        func places(path: String) throws {
            let (alerts, _) = try raisedAlerts([path], items: [.program(path, .fixedClient)], status: 0)
            #expect(alerts.map { $0.string("process.executable") } == [path])
        }

        @Test("knows a program invoked as ./")
        func relative() throws {
            let (alerts, _) = try raisedAlerts(
                ["./tool"], items: [.program(Self.tool, .fixedClient)], in: "/usr/lib/x", status: 0)
            #expect(alerts.map { $0.string("process.executable") } == [Self.tool])
            #expect(alerts.first?.string("imdswatch.process.invoked_as") == "./tool")
        }

        @Test("knows the address on a command line")
        func commandLine() throws {
            let (alerts, _) = try raisedAlerts(
                [Self.tool, "http://169.254.169.254/"], items: [.program(Self.tool, .fixedClient)], status: 0)
            #expect(alerts.count == 1)
        }

        @Test(
            "excludes working directories",
            arguments: [
                "/opt/rapid7", "/opt/rapid7/ir_agent", "/opt/nessus", "/opt/nessus_agent/var/nessus/plugins",
                "/snap/amazon-ssm-agent/7993", "/var/snap/amazon-ssm-agent/common",
                "/var/log/amazon/ssm/download",
                "/srv/snp/docker/overlay2/abc",
            ])
        func workingDirectories(directory: String) throws {
            let (alerts, _) = try raisedAlerts(
                [Self.curl], items: [.program(Self.curl, .fixedClient), .directory(directory)], in: directory,
                status: 0)
            #expect(alerts.isEmpty)
        }

        @Test(
            "excludes no working directory that only looks similar",
            arguments: ["/opt/rapid", "/home/opt/rapid7", "/var/snap/amazon-ssm-agent", "/var/log/amazon"])
        func similarDirectories(directory: String) throws {
            let (alerts, _) = try raisedAlerts(
                [Self.curl], items: [.program(Self.curl, .fixedClient), .directory(directory)], in: directory,
                status: 0)
            #expect(alerts.map { $0.string("process.working_directory") } == [directory])
        }

        @Test(
            "excludes executables",
            arguments: [
                "/opt/rumble/bin/rumble-agent-0123", "/opt/aws/inspector/bin/inspectorssmplugin",
                "/snap/oracle-cloud-agent/74/agent", "/lusr/libexec/oracle-cloud-agent/agent",
            ])
        func executables(path: String) throws {
            let (alerts, _) = try raisedAlerts(
                [path, "169.254.169.254"], items: [.program(path, .fixedClient)], status: 0)
            #expect(alerts.isEmpty)
        }

        @Test(
            "excludes no executable that is only invoked by such a path",
            arguments: [
                "/snap/oracle-cloud-agent/../../usr/lib/x/curl", "/snap/oracle-cloud-agent/link",
            ])
        func pretendingExecutables(path: String) throws {
            let (alerts, _) = try raisedAlerts(
                [path],
                items: [
                    .program(Self.curl, .fixedClient), .directory("/snap/oracle-cloud-agent"),
                    .link("/snap/oracle-cloud-agent/link", to: Self.curl),
                ], status: 0)
            #expect(alerts.map { $0.string("process.executable") } == [Self.curl])
        }

        private static let excludedParents = [
            "/usr/bin/setup-policy-routes", "/usr/share/ec2-instance-connect/eic_harvest_hostkeys",
            "/var/lib/amazon/ssm/run", "/etc/update-motd.d/30-banner", "/usr/sbin/dhclient-script",
            "/usr/local/bin/uwsgi", "/usr/lib/skylight/al-extras",
        ]

        @Test("excludes parents that are programs", arguments: excludedParents)
        func parents(path: String) throws {
            let (alerts, _) = try raisedAlerts(
                [path, "run", Self.curl], items: [.program(path, .steps), .program(Self.curl, .fixedClient)],
                status: 0)
            #expect(alerts.isEmpty)
        }

        @Test("excludes parents that are scripts", arguments: excludedParents)
        func scriptParents(path: String) throws {
            let (alerts, _) = try raisedAlerts(
                [path],
                items: [.text(path, "#!/bin/sh\n\(Self.curl)\nexit 0\n"), .program(Self.curl, .fixedClient)],
                status: 0)
            #expect(alerts.isEmpty)
        }

        @Test("excludes no parent that is only invoked by such a path", arguments: excludedParents)
        func pretendingParents(path: String) throws {
            let steps = "/usr/lib/x/steps"
            let (alerts, _) = try raisedAlerts(
                [path, "run", Self.curl],
                items: [
                    .program(steps, .steps), .link(path, to: steps), .program(Self.curl, .fixedClient),
                ], status: 0)
            #expect(alerts.map { $0.string("process.parent.executable") } == [steps])
        }

        @Test("excludes no parent that only calls itself so in its arguments")
        func pretendingArgument() throws {
            let steps = "/usr/lib/x/steps"
            let (alerts, _) = try raisedAlerts(
                ["/usr/bin/setup-policy-routes", "run", Self.curl],
                items: [.program(steps, .steps), .program(Self.curl, .fixedClient)], executing: steps,
                status: 0)
            #expect(alerts.map { $0.string("process.parent.executable") } == [steps])
        }

        @Test("excludes no script elsewhere")
        func otherScript() throws {
            let script = "/usr/lib/x/setup-policy-routes"
            let (alerts, result) = try raisedAlerts(
                [script],
                items: [
                    .text(script, "#!/bin/sh\n\(Self.curl)\nexit 0\n"), .program(Self.curl, .fixedClient),
                ],
                status: 0)
            #expect(alerts.map { $0.int("process.parent.pid") } == [result.child])
        }
    }
}
