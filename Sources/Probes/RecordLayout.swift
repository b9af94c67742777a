internal import CBPF
internal import Events

extension Span<UInt8> {
    /// Copies a structure of the record header out; nil beyond the end.
    @inline(__always)
    func load<Value: BitwiseCopyable>(_: Value.Type = Value.self, at offset: Int = 0) -> Value? {
        guard offset >= 0, offset <= count - MemoryLayout<Value>.size else { return nil }
        // SAFETY: the guard proves that the bytes are in bounds. Only structures
        // of record.h are loaded: integers, for which every pattern is valid.
        return unsafe withUnsafeBytes { bytes in
            unsafe bytes.loadUnaligned(fromByteOffset: offset, as: Value.self)
        }
    }
}

/// One text of a record, whose place was checked.
struct RecordText {
    enum State: UInt16 {
        case absent, complete, cut, unreadable, shed, told, foreign
    }

    let state: State
    private let offset: UInt32
    let length: UInt32
    private let head: UInt32

    /// All of it is there, whatever it may mean.
    var isWhole: Bool { state == .complete || state == .foreign }
    /// What a path in a mount of another namespace must not do: satisfy an exclusion.
    var traits: Slot.Traits { state == .foreign ? .cut : [] }
    var isEmpty: Bool { length == 0 }
    /// Where in the record it is.
    var range: Range<Int> { Int(offset)..<(Int(offset) &+ Int(length)) }
    /// Of a cut text: where in the record its middle is missing.
    var gap: Int { Int(offset) &+ Int(head) }

    /// - Parameter limit: size of the record.
    @inline(__always)
    init?(_ text: record_text, limit: Int) {
        guard let state = State(rawValue: text.state) else { return nil }
        self.state = state
        // only these have bytes; of others the place may be that of an earlier record
        let hasBytes = state == .complete || state == .cut || state == .foreign
        length = hasBytes ? text.length : 0
        head = text.gap
        // an empty one may lie anywhere
        offset = length > 0 ? text.offset : UInt32(MemoryLayout<record>.size)
        guard Int(offset) >= MemoryLayout<record>.size, Int(offset) &+ Int(length) <= limit,
            state != .cut || head <= length
        else { return nil }
    }
}

extension ProcessIdentity {
    init(_ identity: record_identity) {
        self.init(pid: identity.pid, start: identity.start)
    }
}
