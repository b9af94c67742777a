public import Events

/// One text that the host can tell about a process.
public enum ProcessText: Sendable {
    case executable, workingDirectory
    /// NUL after each.
    case arguments
    /// Last component of the control group's path.
    case controlGroup
}

/// What the host tells about a process besides texts.
public struct ProcessFacts: Sendable, Equatable {
    public var identity: ProcessIdentity
    public var parent: UInt32 = 0
    public var session: UInt32 = 0
    public var group: UInt32 = 0
    public var terminalMajor: UInt32 = 0
    public var terminalMinor: UInt32 = 0
    public var realUser: UInt32 = 0
    public var effectiveUser: UInt32 = 0
    public var realGroup: UInt32 = 0
    public var effectiveGroup: UInt32 = 0
    public var threadName: [UInt8] = []

    public init(identity: ProcessIdentity) { self.identity = identity }
}

/// Where the process table asks about processes that are alive: /proc, or what
/// stands for it in tests.
public protocol ProcessSource {
    /// Values of many processes are going to be asked for, one after the other;
    /// no more of them.
    mutating func beginSeeding()
    mutating func endSeeding()

    /// A time after the end of the process that had a number, in nanoseconds since
    /// boot; nil while the number is in use.
    mutating func timeAfterEnd(of pid: UInt32) -> Int64?

    /// Reads a text of that very process, and of no other that has its number.
    ///
    /// - Parameter bytes: replaced by the text.
    /// - Returns: traits of the value, or nil if it cannot be told.
    mutating func read(_ text: ProcessText, of process: ProcessIdentity, into bytes: inout [UInt8]) -> Slot
        .Traits?

    /// Facts about whoever has a number; the start time may be rounded down
    /// to ticks of 10 ms.
    mutating func facts(of pid: UInt32) -> ProcessFacts?

    /// The numbers of all processes.
    mutating func processes() -> [UInt32]
}

extension ProcessSource {
    public mutating func beginSeeding() {}
    public mutating func endSeeding() {}
}
