internal import Events

/// What is known of a process since its last exec. Shared by the processes
/// that forked from it without an exec of their own, and by their children as
/// the image of a parent. Never changes what it says, except to learn what was
/// not known and to give up its arguments.
struct ProcessImage: Sendable {
    struct Flags: OptionSet, Sendable {
        let rawValue: UInt16
        /// An interpreter that runs on behalf of a script.
        static var script: Flags { Flags(rawValue: 1) }
        static var executableCut: Flags { Flags(rawValue: 1 << 1) }
        static var directoryCut: Flags { Flags(rawValue: 1 << 2) }
        /// `arguments` says what they are, also when there are none.
        static var arguments: Flags { Flags(rawValue: 1 << 3) }
        static var argumentsCut: Flags { Flags(rawValue: 1 << 4) }
        /// Read after the exec, from memory that the process can change.
        static var argumentsMutable: Flags { Flags(rawValue: 1 << 5) }
        static var users: Flags { Flags(rawValue: 1 << 6) }
        /// Whether there is a terminal is known.
        static var terminal: Flags { Flags(rawValue: 1 << 7) }
        static var deleted: Flags { Flags(rawValue: 1 << 8) }
        static var memory: Flags { Flags(rawValue: 1 << 9) }
        /// The executable was read from /proc.
        static var fromProc: Flags { Flags(rawValue: 1 << 10) }
        /// `invoked` is a guess from arguments that the process can change.
        static var invokedGuessed: Flags { Flags(rawValue: 1 << 11) }
        /// The caller may have made `invoked` lead anywhere.
        static var invokedUntrusted: Flags { Flags(rawValue: 1 << 12) }
    }

    /// Numbers of texts; 0 is not known. `invoked` is 0 also where it is the
    /// executable, `previous` where there was no exec before.
    var executable: UInt32 = 0
    var invoked: UInt32 = 0
    var directory: UInt32 = 0
    var cgroup: UInt32 = 0
    var previous: UInt32 = 0

    /// Block of the arguments, each followed by a NUL.
    var argumentsBlock: UInt32 = 0
    var argumentsLength: UInt32 = 0
    /// How many there were at exec, kept or not; 0 is not known.
    var argumentCount: UInt32 = 0

    /// With `Flags.users`.
    var users = UserSet()
    /// Which `directory` it is.
    var place = DirectoryIdentity.unknown

    /// Major number in the upper twelve bits, minor below; 0 is no terminal.
    var terminal: UInt32 = 0
    /// Pid of the session leader.
    var session: UInt32 = 0
    /// The process that called exec: whose memory the arguments were in.
    var owner: UInt32 = 0

    /// comm, in the order of memory, padded with NUL.
    var threadName: (UInt64, UInt64) = (0, 0)

    var flags: Flags = []
    /// Programs started in the line of the process up to this one; 0 is not known.
    var execs: UInt32 = 0
    /// Processes that are, or were when a child started, of this image.
    var references: UInt32 = 0

    var terminalMajor: UInt32 { terminal >> 20 }
    var terminalMinor: UInt32 { terminal & 0xfffff }
}
