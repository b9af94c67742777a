/// Where and what the value of one field of an event is: 16 bytes.
///
/// Text lies in the event's bytes; a single number lies in the slot itself.
public struct Slot: Sendable {
    /// How `payload`, `length` and `count` are to be read.
    public enum Kind: UInt8, Sendable {
        /// Text: `length` bytes from offset `payload`. With `count` > 1 the
        /// values are separated by single NUL bytes; with `count` 1 a NUL is
        /// part of the value.
        case text
        /// A number, boolean (0 or 1) or date (nanoseconds since 1970, UTC).
        /// With `count` 1 the value is `payload`; with more, `payload` is the
        /// offset of `count` little-endian 64-bit integers.
        case integer
        /// `count` addresses of 16 bytes each from offset `payload`; IPv4 in
        /// its v4-mapped form.
        case address
        /// The identity of a process, not yet made text: pid in `length`,
        /// start time in `payload`. Equal to another of its kind if both are.
        case identity
    }

    /// What is special about a value. Most values have none of these.
    public struct Traits: OptionSet, Sendable {
        public let rawValue: UInt8
        @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// Part of the value was left out, where the bytes hold U+2026. It
        /// matches what its kept parts allow and satisfies no exclusion.
        public static var cut: Traits { Traits(rawValue: 1) }
        /// The value exists but could not be read: `!= null` holds, any other
        /// positive test fails, no exclusion is satisfied. There are no bytes.
        public static var unknown: Traits { Traits(rawValue: 2) }
        /// Read later than the event it describes, from memory that the
        /// process can change: argv at connect time.
        public static var mutable: Traits { Traits(rawValue: 4) }
        /// Values 2, 3 are what a caller chose to name a file that is not a
        /// script: they count in positive tests only.
        public static var untrustedSecond: Traits { Traits(rawValue: 8) }
        public static var untrustedThird: Traits { Traits(rawValue: 16) }
        /// Supplied by the process table; by /proc. Neither: by the kernel
        /// at the event, or by the document in `replay`.
        public static var fromTable: Traits { Traits(rawValue: 32) }
        public static var fromProc: Traits { Traits(rawValue: 64) }
        /// Secrets were taken out before `replay` read it.
        public static var redacted: Traits { Traits(rawValue: 128) }
    }

    public var payload: Int64
    public var length: UInt32
    /// Number of values: at least 1 unless `unknown`.
    public var count: UInt16
    public var kind: Kind
    public var traits: Traits

    @inlinable
    public init(
        kind: Kind, payload: Int64, length: UInt32 = 0, count: UInt16 = 1, traits: Traits = []
    ) {
        self.payload = payload
        self.length = length
        self.count = count
        self.kind = kind
        self.traits = traits
    }

    /// The bytes of a text, integer list or address, as a range of the event's.
    @inlinable
    public var range: Range<Int> { Int(payload)..<(Int(payload) + Int(length)) }

    @inlinable public var isUnknown: Bool { traits.contains(.unknown) }
    @inlinable public var isCut: Bool { traits.contains(.cut) }

    /// Whether value `index` (from 0) may satisfy an exclusion.
    @inlinable
    public func isTrusted(_ index: Int) -> Bool {
        switch index {
        case 1: !traits.contains(.untrustedSecond)
        case 2: !traits.contains(.untrustedThird)
        default: true
        }
    }

    @inlinable
    public var identity: ProcessIdentity {
        ProcessIdentity(pid: length, start: UInt64(bitPattern: payload))
    }

    /// Where the value came from, as an alert's `imdswatch.origin` names it.
    public var origin: String {
        if traits.contains(.fromProc) { return "proc" }
        if traits.contains(.fromTable) { return "table" }
        return "kernel"
    }
}
