/// Queries of the shapes that public rules for Linux have, made at random from
/// a vocabulary: lists of names, patterns of arguments and command lines,
/// parents, exclusions, and some sequences.
public struct RuleMix {
    private var random: SplitMixer

    public init(seed: UInt64) { random = SplitMixer(state: seed) }

    /// As many different mixes of queries as there are seeds.
    public static func queries(_ count: Int, seed: UInt64 = 1) -> [String] {
        var mix = RuleMix(seed: seed)
        return (0..<count).map { _ in mix.query() }
    }

    private static let programs = [
        "curl", "wget", "nc", "ncat", "netcat", "socat", "openssl", "base64", "xxd", "python*", "perl*",
        "ruby*", "php*", "lua*", "awk", "gawk", "tar", "gzip", "zip", "scp", "rsync", "ssh", "sshd", "sudo",
        "su", "passwd", "chown", "chmod", "chattr", "setcap", "getcap", "useradd", "usermod", "groupadd",
        "crontab", "systemctl", "service", "journalctl", "dmesg", "insmod", "modprobe", "rmmod", "kmod",
        "mount", "umount", "nsenter", "unshare", "docker", "kubectl", "runc", "crictl", "ps", "top", "pgrep",
        "kill", "pkill", "find", "grep", "egrep", "cat", "head", "tail", "cp", "mv", "rm", "ln", "touch",
        "dd", "shred", "gdb", "strace", "tcpdump", "tshark", "nmap", "masscan", "hping3", "dig", "nslookup",
        "host", "hostname", "uname", "id", "whoami", "w", "who", "last", "ip", "ifconfig", "netstat", "ss",
        "iptables", "ufw", "firewall-cmd", "sysctl", "auditctl", "setenforce", "ldconfig", "gcc", "cc",
        "make",
        "git", "pip*", "npm", "node", "java", "busybox", "xargs", "env", "timeout", "nohup", "at", "xmrig",
    ]
    private static let shells = [
        #""bash", "dash", "sh", "tcsh", "csh", "zsh", "ksh", "fish""#, #""bash", "sh", "zsh""#,
        #""bash", "dash", "sh""#,
    ]
    private static let parents = [
        "apache2", "nginx", "httpd", "php-fpm*", "java", "node", "gunicorn", "mysqld", "postgres",
        "redis-server", "cron", "crond", "sshd", "systemd", "dpkg", "rpm", "apt", "yum", "dnf",
        "containerd-shim",
        "runc", "python*", "perl", "sudo", "NetworkManager", "udevadm", "rsyslogd", "vmtoolsd", "snapd",
    ]
    private static let directories = [
        "/tmp/*", "/var/tmp/*", "/dev/shm/*", "/run/*", "/var/run/*", "/home/*/*", "/root/*", "/boot/*",
        "/srv/*", "/mnt/*", "/media/*", "/var/www/*", "/etc/init.d/*", "/etc/cron*", "/opt/*", "./*",
        "/lost+found/*", "/proc/*", "/var/spool/*",
    ]
    private static let arguments = [
        "-c", "-i", "-e", "-l*p*", "--exec", "*/etc/shadow*", "*/etc/passwd*", "*/dev/tcp/*", "-encode*",
        "--decode*", "*authorized_keys*", "/etc/ld.so.preload", "*.ssh/id_rsa*", "+s", "u+s", "4755", "+x",
        "777", "disable", "stop", "-F", "--flush", "*crypto*", "stratum*", "*http://*", "*https://*",
        "/proc/*/mem", "install", "-perm", "/usr/bin/sudo", "audit*", "unconfined*", "--privileged*",
        "*.sock*",
        "*/var/log/*", "-rf", "*history*", "exec", "*secrets*", "*.so", "/sys/kernel/*", "core_pattern",
    ]
    private static let lines = [
        "*curl*|*sh*", "*wget*|*bash*", "*/dev/tcp/*", "*base64 -d*", "*import*pty*spawn*",
        "*socket*connect*",
        "*169.254.169.254*", "*LD_PRELOAD=*", "*echo*>>*/etc/*", "*nohup*&*", "*chmod +x*", "*exec 5<>*",
        "*mkfifo*nc*", "*python -c*", "*grep*password*", "*find*-perm*4000*", "sh -c *", "bash -i*",
        "*0>&1*", "*eval*decode*", "*cat /etc/*", "*xmr*pool*",
    ]

    private mutating func some(_ words: [String], _ range: ClosedRange<Int>) -> String {
        let count = Int.random(in: range, using: &random)
        return (0..<count).map { _ in "\"\(words.randomElement(using: &random) ?? "")\"" }
            .joined(separator: ", ")
    }

    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    /// One query.
    public mutating func query() -> String {
        if chance(20) {
            let by = ["process.entity_id", "host.id, process.parent.entity_id", "process.parent.entity_id"]
            let key = by.randomElement(using: &random) ?? by[0]
            let second = chance(50) ? "[\(start())]" : "[\(connection())]"
            return
                "sequence by \(key) with maxspan=\(Int.random(in: 1...60, using: &random))s [\(start())] \(second)"
        }
        return start()
    }

    private mutating func connection() -> String {
        var parts = [
            #"host.os.type == "linux" and event.type == "start" and event.action == "connection_attempted""#
        ]
        if chance(50) { parts.append("process.name : (\(some(Self.programs, 2...12)))") }
        if chance(60) {
            parts.append(
                #"destination.ip != null and not cidrMatch(destination.ip, "10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "::1")"#
            )
        } else {
            parts.append(#"destination.ip == "169.254.169.254""#)
        }
        return "network where " + parts.joined(separator: " and ")
    }

    private mutating func start() -> String {
        var parts = [#"host.os.type == "linux" and event.type == "start""#]
        parts.append(
            chance(70) ? #"event.action in ("exec", "exec_event", "start")"# : #"event.action == "exec""#)
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<4:
            parts.append("process.name in (\(some(Self.programs.filter { !$0.contains("*") }, 1...8)))")
            parts.append("process.args : (\(some(Self.arguments, 1...4)))")
        case 4..<6:
            parts.append("process.name in (\(Self.shells.randomElement(using: &random) ?? ""))")
            parts.append(
                chance(50)
                    ? "process.parent.name : (\(some(Self.parents, 1...8)))"
                    : "process.command_line : (\(some(Self.lines, 1...10)))")
            if chance(40) { parts.append(#"process.args : ("-c", "-cl", "-lc")"#) }
        case 6: parts.append("process.executable : (\(some(Self.directories, 2...10)))")
        case 7:
            parts.append(
                "(process.name : (\(some(Self.programs, 2...10))) or process.executable : (\(some(Self.directories, 1...5))))"
            )
            parts.append("process.parent.executable != null")
        case 8:
            parts.append("process.parent.name in (\(some(Self.parents.filter { !$0.contains("*") }, 1...4)))")
            parts.append("process.args_count >= \(Int.random(in: 1...5, using: &random))")
            parts.append("process.args : (\(some(Self.arguments, 1...4)))")
        default:
            parts.append(
                "(\((0..<Int.random(in: 2...4, using: &random)).map { _ in "(process.name == \(some(Self.programs.filter { !$0.contains("*") }, 1...1)) and process.args : (\(some(Self.arguments, 1...3))))" }.joined(separator: " or ")))"
            )
        }
        if chance(50) { parts.append("not process.parent.executable : (\(some(Self.directories, 1...6)))") }
        if chance(30) {
            parts.append(
                "not process.parent.name in (\(some(Self.parents.filter { !$0.contains("*") }, 1...4)))")
        }
        if chance(20) { parts.append("not process.args : (\(some(Self.arguments, 1...4)))") }
        if chance(10) { parts.append("not ?process.parent.args == \(some(Self.arguments, 1...1))") }
        return "process where " + parts.joined(separator: " and ")
    }
}

/// A small generator of repeatable random numbers.
public struct SplitMixer: RandomNumberGenerator {
    var state: UInt64

    public init(state: UInt64) { self.state = state }

    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
        return word ^ word >> 31
    }
}
