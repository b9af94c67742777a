/// The two published queries of the seed, laid out by us: they differ by
/// parentheses and exclusions, and so show precedence.
public enum EQLSeedQueries {
    private static let names = """
        process.name : ("curl", "wget", "python*", "perl*", "php*", "ruby*", "lua*", "telnet", "pwsh", \
        "openssl", "nc", "ncat", "netcat", "awk", "gawk", "mawk", "nawk", "socat", "node")
        """

    private static let executables = """
        process.executable : ("./*", "/tmp/*", "/var/tmp/*", "/var/www/*", "/dev/shm/*", "/etc/init.d/*", \
        "/etc/rc*.d/*", "/etc/cron*", "/etc/update-motd.d/*", "/boot/*", "/srv/*", "/run/*", "/etc/rc.local")
        """

    private static let address = #"process.command_line: "*169.254.169.254*""#

    private static let directories = """
        process.working_directory: ("/opt/rapid7*", "/opt/nessus*", "/snap/amazon-ssm-agent*", \
        "/var/snap/amazon-ssm-agent/*", "/var/log/amazon/ssm/*", "/srv/snp/docker/overlay2*", \
        "/opt/nessus_agent/var/nessus/*")
        """

    private static let connect = """
        [network where host.os.type == "linux" and event.action == "connection_attempted" \
        and destination.ip == "169.254.169.254"]
        """

    private static let start = """
        process where host.os.type == "linux" and event.type == "start" and event.action == "exec"
        """

    public static let v2 = """
        sequence by host.id, process.parent.entity_id with maxspan=1s
        [\(start) and \(names) or \(executables) or \(address)
         and not (\(directories)
          or process.executable: ("/opt/rumble/bin/rumble-agent*", "/opt/aws/inspector/bin/inspectorssmplugin")
          or process.parent.executable: ("/usr/bin/setup-policy-routes", "/usr/share/ec2-instance-connect/*",
            "/var/lib/amazon/ssm/*"))]
        \(connect)
        """

    public static let v3 = """
        sequence by host.id, process.parent.entity_id with maxspan=1s
        [\(start) and process.parent.executable != null
         and (\(names) or \(executables) or \(address))
         and not \(directories)
         and not process.executable: ("/opt/rumble/bin/rumble-agent*",
           "/opt/aws/inspector/bin/inspectorssmplugin", "/snap/oracle-cloud-agent/*",
           "/lusr/libexec/oracle-cloud-agent/*")
         and not process.parent.executable: ("/usr/bin/setup-policy-routes",
           "/usr/share/ec2-instance-connect/*", "/var/lib/amazon/ssm/*", "/etc/update-motd.d/30-banner",
           "/usr/sbin/dhclient-script", "/usr/local/bin/uwsgi", "/usr/lib/skylight/al-extras")]
        \(connect)
        """
}
