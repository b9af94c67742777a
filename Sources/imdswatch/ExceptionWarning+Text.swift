internal import ECS
internal import Events
internal import RuleFiles

extension ExceptionWarning {
    var text: String {
        let subject = "exception \"\(exception.printable)\""
        return switch cause {
        case .expired(let end):
            "\(subject) expired on \(Self.lastDay(before: end)): it holds back nothing that happens later"
        case .unknownRule(let id):
            "\(subject) is for a rule that is not loaded: \(id.printable)"
        case .impossible:
            "\(subject) cannot hold on a host: the sensor has no event that satisfies it"
        case .wordAsID(let field):
            "\(subject) compares \(field.info.name) with text, and ids are numbers on a host: that test never "
                + "holds, and under “not” always does"
        case .literalStar(let field):
            "\(subject) compares \(field.info.name) with a text in which * stands for itself; for a pattern use "
                + "“:” or “like”"
        case .anchors(let field):
            "\(subject) compares \(field.info.name) with a regular expression in which ^ or $ stands for itself: all "
                + "of a text is compared in any case; leave them out"
        case .relativePath(let path):
            "\(subject) asks for the executable “\(path.printable)”, and executables have absolute paths: that test "
                + "never holds; for the name alone there is process.name"
        case .link(let path, let target):
            "\(subject) asks for “\(path.printable)”, which on this host is a link: executables have the path that it "
                + "leads to, “\(target.printable)”"
        case .noUnit(let name):
            "\(subject) asks for the unit “\(name.printable)”, and units of processes end in .service or .scope: that "
                + "test never holds"
        case .ruleByName(let name, let id):
            "\(subject) is for a rule that is not loaded: rules are named by their id, that of “\(name.printable)” is "
                + id.printable
        case .sameName:
            "\(subject) has the name of one before it: their hits cannot be told apart"
        case .unlimited:
            "\(subject) holds for programs that nobody has heard of: it holds back what an attacker starts, too"
        case .arranged:
            "\(subject) asks for no more than any user can bring about (names, arguments, directories, units, "
                + "files that all can write, programs that run what they are told): an attacker can satisfy it; "
                + "ask also for the user, for an executable that runs nothing else, and for "
                + "imdswatch.host_mount_namespace == true"
        case .anyMounts:
            "\(subject) trusts a path: who makes a mount namespace, or a container, has any file there; ask also "
                + "for imdswatch.host_mount_namespace == true, or for a user that is not root"
        case .anyProgram:
            "\(subject) holds for whatever runs as that user, as such or through a shell, an interpreter or a client: "
                + "name an executable that runs nothing else, a script, or the unit"
        case .outdated(let field):
            "\(subject) tests \(field.info.name), which is as of when that process started its program: "
                + "it holds, too, where the process has changed that since"
        }
    }

    /// The day as the file has it: a date alone means the end of that day.
    private static func lastDay(before end: Int64) -> String {
        var writer = JSONWriter()
        writer.value(time: end == .min ? end : end - 1)
        return String(decoding: writer.bytes.dropFirst().prefix { $0 != UInt8(ascii: "T") }, as: UTF8.self)
    }
}
