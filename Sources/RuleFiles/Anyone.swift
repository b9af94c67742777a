internal import Detection
internal import EQL
internal import Events

/// What any user of a host can bring about, also one who is root in a container.
///
/// Most of what an event says whoever starts a program decides: its name is that of a
/// copy, arguments and directory are given, a unit of any name can be made below the
/// control group of each user. What confines an exception is who acts (users, groups,
/// containers), which file is run, and whether that is one of the host's. Tests of
/// anything else are taken for satisfied, and those of files where a file is anybody's.
enum Anyone {
    /// What it takes to be taken for what an exception is for.
    enum Reach {
        /// Nothing that a user lacks.
        case arranged
        /// A mount namespace, or a container: there any file can have the path.
        case mounts
        /// Being the user that it names: what he runs does not matter, or runs what it is told.
        case user
    }

    /// - Parameter isAsked: of each exception.
    static func reach(of exceptions: [Exception], where isAsked: [Bool]) -> [Reach?] {
        var reach: [Reach?] = exceptions.map { _ in nil }
        var event = Event()
        for origin in Origin.allCases {
            let places = Places(origin)
            let rest = zip(exceptions, isAsked).map { $1 ? self.rest(of: $0, places, anyPath: false) : nil }
            let restOfPaths = zip(exceptions, isAsked).map {
                $1 ? self.rest(of: $0, places, anyPath: true) : nil
            }
            let restOfUsers = zip(exceptions, isAsked).map { $1 ? self.restOfUsers(of: $0, places) : nil }
            for actor in Actor.all {
                for kind in [EventKind.exec, .fork, .exit, .connect] {
                    fill(&event, kind, actor, origin)
                    for index in exceptions.indices where reach[index] != .arranged {
                        if rest[index]?.matches(event) ?? false {
                            reach[index] = .arranged
                        } else if !actor.hasHostMounts, restOfPaths[index]?.matches(event) ?? false {
                            reach[index] = .mounts
                        } else if reach[index] == nil, restOfUsers[index]?.matches(event) ?? false {
                            reach[index] = .user
                        }
                    }
                }
            }
        }
        return reach
    }

    /// What an exception asks for beyond what is granted to anybody.
    ///
    /// - Parameter anyPath: whether the executables of the process and its parent are granted, too.
    private static func rest(of exception: Exception, _ places: borrowing Places, anyPath: Bool) -> Program? {
        // it compiled before
        let query = try? Query.compile(exception.text, role: .exception) { test in
            let fields = test.fields
            if fields.isDisjoint(with: files.union(confining)) { return true }
            // whoever is not to be one of several is another
            guard test.isWanted, fields.isDisjoint(with: confining) else { return false }
            return anyPath && fields.isSubset(of: FieldSet([.processExecutable, .parentExecutable]))
                || places.satisfy(test)
        }
        return query?.stages.first?.program
    }

    /// What an exception asks for beyond being some user in the mounts of the host, where
    /// units, directories and what started a program limit it, too.
    private static func restOfUsers(of exception: Exception, _ places: borrowing Places) -> Program? {
        let query = try? Query.compile(exception.text, role: .exception) { test in
            let fields = test.fields
            if fields.isSubset(of: users) { return true }
            if fields.isDisjoint(with: files.union(confining).union(limits)) { return true }
            return test.isWanted && fields == FieldSet([.processExecutable]) && places.satisfy(test)
        }
        return query?.stages.first?.program
    }

    // MARK: Fields

    /// Who acts, of the process itself, and whether it sees the files of the host.
    private static let users = FieldSet([
        .processUserID, .processUserName, .processRealUserID, .processRealUserName, .processSavedUserID,
        .processGroupID, .processGroupName, .processRealGroupID, .processSavedGroupID,
        .userID, .userName, .userEffectiveID, .userEffectiveName, .userExtRealID,
        .groupID, .groupName, .groupExtRealID, .hostMountNamespace,
    ])

    /// What a user has not in his hands where he runs nothing but what is meant.
    private static let limits = FieldSet(
        [.serviceName, .cgroup, .processWorkingDirectory, .parentName, .parentArgs, .parentCommandLine])

    /// Paths of programs.
    fileprivate static let files = FieldSet(
        ProcessRole.allCases.map(\.executable) + [.processPreviousExecutable])

    /// What not everybody can choose, or what the kind of an event decides.
    private static let confining = users.union(
        FieldSet([
            .eventKind, .eventCategory, .eventType, .eventAction, .eventModule, .eventDataset,
            .processPID, .processEntityID, .processThreadID, .parentPID, .parentEntityID, .entryLeaderPID,
            .entryLeaderEntityID, .sessionLeaderPID, .sessionLeaderEntityID, .groupLeaderPID,
            .groupLeaderEntityID,
            .processCapabilitiesEffective, .processCapabilitiesPermitted,
            .parentUserID, .parentUserName, .parentRealUserID, .parentGroupID, .parentRealGroupID,
            .entryLeaderUserID, .sessionLeaderUserID, .groupLeaderUserID,
            .loginUID, .containerID, .cgroupID,
            .mountNamespace, .pidNamespace, .networkNamespace, .userNamespace,
        ]))

    /// An event of somebody, with all confining fields.
    private static func fill(_ event: inout Event, _ kind: EventKind, _ actor: Actor, _ origin: Origin) {
        event.reset()
        event.setFacts(of: kind)
        for field in [
            Field.processPID, .processThreadID, .entryLeaderPID, .sessionLeaderPID, .groupLeaderPID,
        ] {
            event.set(field, integer: 48_231)
        }
        event.set(.parentPID, integer: origin == .system ? 1 : 48_230)
        actor.act(in: &event)
        (origin == .system ? Actor.systemItself : actor).start(in: &event)
        for role in ProcessRole.allCases {
            let path = Array("/zqj/zq\(role.rawValue)/zqx-\(Stranger.mixed)".utf8)
            event.set(role.executable, text: path.span)
        }
    }

    /// Whether any user can put a file there, or run what he likes by running what is there.
    fileprivate static func isAnybodys(_ path: String) -> Bool {
        let writable = [
            "/tmp/", "/var/tmp/", "/dev/shm/", "/run/user/", "/run/lock/", "/var/lock/", "/proc/",
            "\(example.directory)/",
        ]
        if writable.contains(where: path.hasPrefix) { return true }
        // somebody's own is his, anybody's own is anybody's
        if path.hasPrefix("/home/") { return path.contains(example.word) }
        return isObedient(path.split(separator: "/").last ?? "")
    }

    /// Whether a program of that name runs, or fetches, what it is told.
    private static func isObedient(_ name: Substring) -> Bool {
        let end = name.lastIndex { !($0.isNumber || $0 == "." || $0 == "-") }
        let stem = end.map { String(name[...$0]) } ?? ""
        return obedient.contains(stem)
            || ["sh", "awk"].contains { stem.hasSuffix($0) && stem.count <= $0.count + 2 }
            || stem.hasPrefix("ld-linux")
    }

    fileprivate static let obedient: Set<String> = [
        "sh", "bash", "python", "perl", "ruby", "php", "node", "nodejs", "lua", "luajit", "tclsh", "expect",
        "java",
        "env", "busybox", "toybox", "xargs", "find", "make", "gdb", "git", "ssh", "vim", "ed", "tmux",
        "screen",
        "curl", "wget", "nc", "ncat", "nc.openbsd", "nc.traditional", "socat", "telnet", "openssl", "aws",
        "gcloud",
        "gsutil", "oci", "lynx", "fetch", "aria2c", "nmap", "timeout", "nohup", "setsid", "nice", "stdbuf",
        "strace",
    ]

    /// As some of them are called where there are several.
    fileprivate static let versions = [
        "python3", "python3.11", "python3.13", "ruby3.1", "php8.2", "lua5.4", "perl5.36.0",
    ]

    /// Who takes over orphans, and who starts what users ask for.
    fileprivate static let system = [
        "/usr/lib/systemd/systemd", "/lib/systemd/systemd", "/usr/lib/systemd/systemd-executor", "/sbin/init",
        "/usr/sbin/init", "/usr/sbin/sshd", "/usr/lib/openssh/sshd-session", "/usr/sbin/cron",
        "/usr/sbin/crond",
        "/usr/sbin/atd", "/usr/bin/login", "/bin/login",
    ]

    fileprivate static let example = (directory: "/zqt", word: "zqx")
}

/// What started a program.
private enum Origin: CaseIterable {
    /// Another program of the same user.
    case own
    /// The system: it took the program over, or starts what users ask for.
    case system
}

/// Paths that a program can have, and those around it.
private struct Places: ~Copyable {
    private let origin: Origin
    private let common: Event

    init(_ origin: Origin) {
        self.origin = origin
        var event = Event()
        let bins = ["/usr/bin", "/bin", "/usr/local/bin"].flatMap { directory in
            (Anyone.obedient.sorted() + Anyone.versions).map { "\(directory)/\($0)" }
        }
        let own = ["/tmp", "/var/tmp", "/dev/shm", "/home/zqv"].map { "\($0)/zqx-\(Stranger.mixed)" }
        for field in Anyone.files.fields {
            switch field {
            case .processExecutable, .processPreviousExecutable: event.set(field, paths: bins + own)
            case .parentExecutable: event.set(field, paths: origin == .own ? bins + own : Anyone.system)
            default: event.set(field, paths: bins + own + Anyone.system)
            }
        }
        common = event
    }

    /// Whether one of them is what a test of paths asks for.
    func satisfy(_ test: Query.Test) -> Bool {
        if test.holds(for: common) { return true }
        let field = test.fields.fields[0]
        guard test.fields.count == 1, field != .parentExecutable || origin == .own else { return false }
        var event = Event()
        for path in test.examples(below: Anyone.example.directory, word: Anyone.example.word)
        where Anyone.isAnybodys(path) {
            event.set(field, text: Array(path.utf8).span)
            if test.holds(for: event) { return true }
        }
        return false
    }
}

/// Who acts, and where.
private struct Actor {
    var id: Int64 = 48_619
    var group: Int64 = 48_623
    var name: StaticString = "zqv"
    var groupName: StaticString = "zqw"
    var hasHostMounts = false
    var isContained = false

    static let systemItself = Actor(id: 0, group: 0, name: "root", groupName: "root")

    /// On the host; in a mount namespace of his own; in a container; root in one.
    static let all = [
        Actor(hasHostMounts: true), Actor(), Actor(isContained: true),
        Actor(id: 0, group: 0, name: "root", groupName: "root", isContained: true),
    ]

    func act(in event: inout Event) {
        let users: [Field] = [
            .processUserID, .processRealUserID, .processSavedUserID, .userID, .userEffectiveID,
            .userExtRealID,
            .entryLeaderUserID, .sessionLeaderUserID, .groupLeaderUserID,
        ]
        for field in users { event.set(field, integer: id) }
        let groups: [Field] = [
            .processGroupID, .processRealGroupID, .processSavedGroupID, .groupID, .groupExtRealID,
        ]
        for field in groups { event.set(field, integer: group) }
        for field in [Field.processUserName, .processRealUserName, .userName, .userEffectiveName] {
            event.set(field, text: name)
        }
        for field in [Field.processGroupName, .groupName] { event.set(field, text: groupName) }
        event.set(.hostMountNamespace, boolean: hasHostMounts)
        if isContained {
            event.set(.containerID, text: "48b348b348b348b348b348b348b348b348b348b348b348b348b348b348b348b3")
        }
    }

    /// As the parent of who acts.
    func start(in event: inout Event) {
        for field in [Field.parentUserID, .parentRealUserID] { event.set(field, integer: id) }
        for field in [Field.parentGroupID, .parentRealGroupID] { event.set(field, integer: group) }
        event.set(.parentUserName, text: name)
    }
}

extension Event {
    fileprivate mutating func set(_ field: Field, paths: [String]) {
        let bytes = Array(paths.joined(separator: "\0").utf8)
        guard let range = append(bytes.span) else { return }
        set(field, text: range, count: paths.count)
    }
}
