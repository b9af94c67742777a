/// What the demo does in its lab: attacks that must raise an alert each, and
/// everyday accesses that must not.
public enum Demo {
    /// One thing a user or an intruder might do, as one command line of a shell.
    public struct Action: Equatable, Sendable {
        public let title: String
        /// Why it must raise an alert, or must not.
        public let reason: String
        /// As it is shown and run.
        public let command: String
        public let expectsAlert: Bool
        /// Run beforehand, and of no interest: it only puts files in place.
        public let preparation: String?
    }

    /// The clients that the actions know how to use.
    static let clients = ["curl", "wget", "python3", "perl", "busybox", "bash"]

    static let attackCount = 4

    /// The actions that this host's clients allow: up to four attacks, then two
    /// benign ones.
    ///
    /// - Parameter available: the names of the clients that were found.
    public static func actions(available: Set<String>, excludedDirectories: Bool = true) -> [Action] {
        let attacks = attacks(available).prefix(attackCount)
        guard let fetch = fetchCommand(available) else { return Array(attacks) }
        var actions = Array(attacks)
        actions.append(
            Action(
                title: "Another address",
                reason: "the same client, but not the metadata service",
                command: fetch("http://\(NetworkLab.otherAddress)/"), expectsAlert: false, preparation: nil))
        if excludedDirectories {
            actions.append(
                Action(
                    title: "A known agent",
                    reason: "the rule excludes its working directory",
                    command: "cd \(agentDirectory) && \(fetch(instanceURL))", expectsAlert: false,
                    preparation: "mkdir -p \(agentDirectory)"))
        }
        return actions
    }

    private static let agentDirectory = "/opt/rapid7/ir_agent"
    private static let service = "http://169.254.169.254"
    private static let instanceURL = "\(service)/latest/meta-data/instance-id"
    private static let credentialsURL =
        "\(service)/latest/meta-data/iam/security-credentials/\(MetadataService.roleName)"

    /// In the order of preference.
    private static func attacks(_ available: Set<String>) -> [Action] {
        var attacks: [Action] = []
        func add(_ title: String, _ reason: String, _ command: String, preparation: String? = nil) {
            attacks.append(
                Action(
                    title: title, reason: reason, command: command, expectsAlert: true,
                    preparation: preparation))
        }
        if available.contains("curl") {
            add(
                "Credentials with curl", "curl is a client that intruders live on",
                "curl -s \(credentialsURL)")
        }
        if available.contains("python3") {
            add(
                "A session token with python3", "IMDSv2 does not hide who asks",
                "python3 -c '\(pythonProgram)'")
        }
        if let client = ["curl", "wget", "busybox"].first(where: available.contains) {
            let options = ["curl": "-s", "wget": "-qO-", "busybox": "wget -qO-"][client] ?? ""
            let copy = "\(NetworkLab.directory)/\(client == "busybox" ? "busybox" : "kworker")"
            add(
                "A renamed copy in /tmp", "the name is innocent, the place is not",
                "\(copy) \(options) \(credentialsURL)",
                preparation: "mkdir -p \(NetworkLab.directory) && cp \"$(command -v \(client))\" \(copy)")
        }
        if available.contains("perl") {
            add(
                "A plain socket in perl", "no HTTP client at all",
                "perl -MIO::Socket::INET -e '\(perlProgram)'")
        }
        if available.contains("wget") {
            add(
                "Credentials with wget", "wget is a client that intruders live on",
                "wget -qO- \(credentialsURL)")
        }
        if let fetch = fetchCommand(available) {
            let script = "\(NetworkLab.directory)/update.sh"
            add(
                "A script dropped in /tmp", "a client under a script that has no business there", script,
                preparation: """
                    mkdir -p \(NetworkLab.directory) && \
                    printf '#!/bin/sh\\n%s\\nexit $?\\n' '\(fetch(instanceURL))' > \(script) && chmod 755 \(script)
                    """)
        }
        if available.contains("bash") {
            add(
                "A shell without any client", "the address on its command line is enough",
                "bash -c 'exec 3<>/dev/tcp/169.254.169.254/80; \(bashProgram)'")
        }
        return attacks
    }

    /// How the first client there fetches an address.
    private static func fetchCommand(_ available: Set<String>) -> ((String) -> String)? {
        if available.contains("curl") { return { "curl -s \($0)" } }
        if available.contains("wget") { return { "wget -qO- \($0)" } }
        if available.contains("busybox") { return { "busybox wget -qO- \($0)" } }
        if available.contains("python3") {
            return { "python3 -c 'import urllib.request as u; print(u.urlopen(\"\($0)\").read().decode())'" }
        }
        return nil
    }

    private static let pythonProgram = """
        import urllib.request as u; s = "\(service)/latest/"; \
        t = u.urlopen(u.Request(s + "api/token", method="PUT", \
        headers={"X-aws-ec2-metadata-token-ttl-seconds": "60"})).read().decode(); \
        print(u.urlopen(u.Request(s + "meta-data/iam/security-credentials/", \
        headers={"X-aws-ec2-metadata-token": t})).read().decode())
        """

    private static let perlProgram = #"""
        my $s = IO::Socket::INET->new("169.254.169.254:80") or die "no connection\n"; \#
        print $s "GET /latest/meta-data/hostname HTTP/1.0\r\n\r\n"; print <$s>
        """#

    private static let bashProgram = #"printf "GET /latest/meta-data/ HTTP/1.0\r\n\r\n" >&3; cat <&3"#
}

extension NetworkLab {
    /// The demo's actions that are possible here.
    public func demoActions() throws(LabError) -> [Demo.Action] {
        let list = Demo.clients.joined(separator: " ")
        let found = try run(
            "for client in \(list); do command -v $client > /dev/null && echo $client; done; :")
        let names = found.outputTail.split(separator: "\n").map(String.init)
        let optional = try run("[ -d /opt ]").exitStatus == 0
        return Demo.actions(available: Set(names), excludedDirectories: optional)
    }

    /// Does one action of the demo.
    public func perform(_ action: Demo.Action, timeout: Duration = .seconds(10)) throws(LabError) -> Outcome {
        if let preparation = action.preparation {
            let prepared = try run(preparation, timeout: timeout)
            guard prepared.exitStatus == 0 else { return prepared }
        }
        return try run(action.command, timeout: timeout)
    }
}
