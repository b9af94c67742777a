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
    /// All of it is there, whatever it may mean.
    var isWhole: Bool { state == .complete || state == .foreign }
    /// What a path in a mount of another namespace must not do: satisfy an exclusion.
    var traits: Slot.Traits { state == .foreign ? .cut : [] }
    let range: Range<Int>
    /// Of a cut text: where in the record its middle is missing.
    let gap: Int

    /// - Parameter limit: size of the record.
    @inline(__always)
    init?(_ text: record_text, limit: Int) {
        guard let state = State(rawValue: text.state) else { return nil }
        self.state = state
        let start = Int(text.offset)
        let length = Int(text.length)
        guard length > 0 else {
            range = 0..<0
            gap = 0
            return
        }
        guard start >= MemoryLayout<record>.size, start <= limit - length else { return nil }
        range = start..<(start + length)
        gap = start + Int(text.gap)
        if state == .cut, gap > range.upperBound { return nil }
    }
}

extension ProcessIdentity {
    init(_ identity: record_identity) {
        self.init(pid: identity.pid, start: identity.start)
    }
}
