internal import CBPF

/// An attached program; letting go of it detaches.
@safe
struct BPFLink: ~Copyable {
    private let handle: OpaquePointer

    /// Takes over a link of libbpf.
    @unsafe
    init(_ handle: OpaquePointer) { unsafe self.handle = handle }

    deinit { _ = unsafe bpf_link__destroy(handle) }

    var descriptor: Int32 { unsafe bpf_link__fd(handle) }

    /// Gives the link up without detaching.
    @unsafe
    consuming func release() -> OpaquePointer {
        let handle = unsafe handle
        discard self
        return unsafe handle
    }
}

/// The programs that are attached. Letting go of it detaches them all.
@safe
struct Links: ~Copyable {
    // one for each program; the compiler cannot yet keep owners in an array
    private var handles = unsafe [OpaquePointer?](repeating: nil, count: ProbeProgram.allCases.count)

    deinit {
        for index in unsafe handles.indices {
            if let handle = unsafe handles[index] { _ = unsafe bpf_link__destroy(handle) }
        }
    }

    func has(_ program: ProbeProgram) -> Bool { unsafe handles[program.ordinal] != nil }

    func descriptor(_ program: ProbeProgram) -> Int32? {
        guard let handle = unsafe handles[program.ordinal] else { return nil }
        return unsafe bpf_link__fd(handle)
    }

    mutating func set(_ program: ProbeProgram, _ link: consuming BPFLink) {
        remove(program)
        unsafe handles[program.ordinal] = link.release()
    }

    /// Detaches a program.
    mutating func remove(_ program: ProbeProgram) {
        guard let handle = unsafe handles[program.ordinal] else { return }
        unsafe handles[program.ordinal] = nil
        // SAFETY: the link was owned here alone, and no longer is.
        _ = unsafe bpf_link__destroy(handle)
    }
}
