internal import Events
internal import Platform

/// How a session was entered: the values of `entry_meta.type`.
enum EntryKind {
    case start, sshd, ssm, kubelet, teleport, container, terminal, console, unknown

    var name: StaticString {
        switch self {
        case .start: "init"
        case .sshd: "sshd"
        case .ssm: "ssm"
        case .kubelet: "kubelet"
        case .teleport: "teleport"
        case .container: "container"
        case .terminal: "terminal"
        case .console: "console"
        case .unknown: "unknown"
        }
    }

    /// What a program of that name lets in; nil if it is no door.
    init?(door name: borrowing Span<UInt8>) {
        if name.equals("sshd") || name.equals("sshd-session") || name.equals("dropbear") {
            self = .sshd
        } else if name.equals("ssm-session-worker") || name.equals("ssm-document-worker")
            || name.equals("amazon-ssm-agent")
        {
            self = .ssm
        } else if name.equals("kubelet") {
            self = .kubelet
        } else if name.equals("teleport") {
            self = .teleport
        } else if name.equals("login") || name.equals("agetty") || name.equals("getty") {
            self = .terminal
        } else if name.hasPrefix("containerd-shim") || name.equals("runc") || name.equals("crun")
            || name.equals("conmon") || name.equals("lxc-start") || name.equals("systemd-nspawn")
        {
            self = .container
        } else {
            return nil
        }
    }

    /// A terminal by its device: what the machine itself has is a console.
    init(terminalMajor major: UInt32) {
        switch major {
        // virtual and serial consoles, /dev/console, ttyAMA, hvc
        case 4, 5, 204, 229: self = .console
        default: self = .terminal
        }
    }
}

extension ProcessStore {
    /// The process through which a session was entered: the first, from the
    /// process upwards, whose parent lets users or containers in, or the
    /// leader of a session that init started.
    ///
    /// - Parameter held: the leader of the session, where it is known; else 0.
    mutating func entryLeader(
        of ancestor: UInt32, inSessionOf held: UInt32
    ) -> (ancestor: UInt32, kind: EntryKind) {
        var number = ancestor
        var own = door(lineage.ancestors[Int(ancestor)])
        for _ in 0..<(2 * Int(Lineage.depthLimit)) {
            let process = lineage.ancestors[Int(number)]
            if process.pid == 1 { return (number, .start) }
            guard process.parent != 0 else { return (number, .unknown) }
            let image = lineage.images[Int(process.image)]
            let parent = lineage.ancestors[Int(process.parent)]
            let above = door(parent)
            if let door = above, own != door {
                guard door == .terminal, image.terminal != 0 else { return (number, door) }
                return (number, EntryKind(terminalMajor: image.terminalMajor))
            }
            guard parent.pid == 1 else {
                number = process.parent
                own = above
                continue
            }
            if image.session == process.pid {
                let kind = image.terminal == 0 ? .start : EntryKind(terminalMajor: image.terminalMajor)
                return (number, kind)
            }
            // An orphan: its session tells where it came from, if the leader is still there.
            guard image.session != 0 else { return (number, .unknown) }
            let isHeld = held != 0 && lineage.ancestors[Int(held)].pid == image.session
            let leader = isHeld ? held : index.entries[Int(index.find(image.session))].ancestor
            guard leader != 0, leader != number, lineage.ancestors[Int(leader)].pid != process.pid,
                lineage.ancestors[Int(leader)].start <= process.start
            else { return (number, .unknown) }
            number = leader
            own = door(lineage.ancestors[Int(leader)])
        }
        return (ancestor, .unknown)
    }

    private mutating func door(_ process: Ancestor) -> EntryKind? {
        let executable = lineage.images[Int(process.image)].executable
        guard executable != 0 else { return nil }
        let path = lineage.texts.heap.memory.bytes.span.extracting(lineage.texts.range(executable))
        return EntryKind(door: path.extracting(path.lastComponentStart..<path.count))
    }
}
