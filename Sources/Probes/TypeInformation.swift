internal import CBPF
internal import Events
internal import Glibc

/// The kernel's description of its own types and functions (BTF).
///
/// libbpf reads it for every object and keeps an index of it, in 15 ms. To look
/// up one function before that, a walk over the raw bytes is enough.
struct TypeInformation {
    static let path = "/sys/kernel/btf/vmlinux"

    private let bytes: [UInt8]

    init?(bytes: [UInt8]) {
        let magic: UInt16? = bytes.span.integer(at: 0)
        guard magic == 0xeb9f else { return nil }
        self.bytes = bytes
    }

    /// The running kernel's, or nil if it has none.
    init?() {
        guard let bytes = readFile(TypeInformation.path) else { return nil }
        self.init(bytes: bytes)
    }

    /// The number of a function among the types, or nil.
    func function(_ name: String) -> UInt32? {
        let data = bytes.span
        let wanted = Array(name.utf8) + [0]
        guard let header: UInt32 = data.integer(at: 4), let typesOffset: UInt32 = data.integer(at: 8),
            let typesLength: UInt32 = data.integer(at: 12),
            let namesOffset: UInt32 = data.integer(at: 16)
        else { return nil }
        let names = Int(header) + Int(namesOffset)
        var position = Int(header) + Int(typesOffset)
        let end = min(position + Int(typesLength), bytes.count)
        var number: UInt32 = 0
        while position < end {
            number += 1
            guard let nameOffset: UInt32 = data.integer(at: position),
                let info: UInt32 = data.integer(at: position + 4),
                let kind = Kind(rawValue: UInt8(truncatingIfNeeded: info >> 24 & 31))
            else { return nil }
            if kind == .function, has(wanted, at: names + Int(nameOffset)) { return number }
            position += 12 + kind.extraBytes(members: Int(info & 0xffff))
        }
        return nil
    }

    private func has(_ wanted: [UInt8], at offset: Int) -> Bool {
        guard offset <= bytes.count - wanted.count else { return false }
        for index in wanted.indices where bytes[offset + index] != wanted[index] { return false }
        return true
    }

    /// The kinds of a type, as in `<linux/btf.h>`.
    private enum Kind: UInt8 {
        case void, integer, pointer, array, structure, union, enumeration, forward, alias
        case volatile, const, restrict, function, prototype, variable, section, float
        case declarationTag, typeTag, enumeration64

        /// Bytes that follow the three words every type has.
        func extraBytes(members: Int) -> Int {
            switch self {
            case .integer, .variable, .declarationTag: 4
            case .array: 12
            case .structure, .union, .section, .enumeration64: 12 * members
            case .enumeration, .prototype: 8 * members
            default: 0
            }
        }
    }
}

extension TypeInformation {
    /// Asks the kernel for a program that does nothing and would attach behind
    /// that function: it may refuse all of the kind, at load.
    ///
    /// - Returns: nil if it accepts.
    func tryFexit(_ function: String) -> Refusal? {
        guard let number = self.function(function) else {
            return Refusal(code: ENOENT, message: "no function \(function) in \(TypeInformation.path)")
        }
        let instructions = [
            bpf_insn(code: 0xb7, dst_reg: 0, src_reg: 0, off: 0, imm: 0),  // r0 = 0
            bpf_insn(code: 0x95, dst_reg: 0, src_reg: 0, off: 0, imm: 0),  // exit
        ]
        var log = [CChar](repeating: 0, count: 4096)
        // SAFETY: instructions and log outlive the call; the log ends with a NUL
        // because the kernel writes at most `log_size` bytes of text with it.
        let (descriptor, message) = unsafe log.withUnsafeMutableBufferPointer { log in
            var options = unsafe bpf_prog_load_opts()
            unsafe options.sz = MemoryLayout<bpf_prog_load_opts>.size
            unsafe options.expected_attach_type = BPF_TRACE_FEXIT
            unsafe options.attach_btf_id = number
            unsafe options.log_level = 1
            unsafe options.log_size = UInt32(log.count)
            unsafe options.log_buf = log.baseAddress
            let descriptor = unsafe bpf_prog_load(
                BPF_PROG_TYPE_TRACING, nil, "GPL", instructions, instructions.count, &options)
            let text = unsafe UnsafeRawBufferPointer(log).prefix { $0 != 0 }
            return unsafe (descriptor, LibraryLog.text(Array(text)))
        }
        guard descriptor < 0 else {
            _ = close(descriptor)
            return nil
        }
        return Refusal(code: -descriptor, message: message)
    }
}

/// All bytes of a file, or nil if it cannot be read.
func readFile(_ path: String) -> [UInt8]? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { _ = close(descriptor) }
    var status = stat()
    // SAFETY: the pointer is to one structure that outlives the call.
    guard unsafe fstat(descriptor, &status) == 0 else { return nil }
    // files of /proc do not know their size, those of /sys come in pages
    var bytes = [UInt8](repeating: 0, count: max(4096, Int(status.st_size) + 1))
    var filled = 0
    while true {
        if filled == bytes.count { bytes.append(contentsOf: repeatElement(0, count: filled)) }
        // SAFETY: the kernel writes at most the bytes that are left.
        let count = unsafe bytes.withUnsafeMutableBytes { target in
            unsafe read(descriptor, target.baseAddress.map { unsafe $0 + filled }, target.count - filled)
        }
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else { return nil }
        filled += count
        guard count == 0 else { continue }
        bytes.removeLast(bytes.count - filled)
        return bytes
    }
}

/// The text of a small file without white space at its end, or nil.
func readText(_ path: String) -> String? {
    guard var bytes = readFile(path) else { return nil }
    while let last = bytes.last, last <= 32 { bytes.removeLast() }
    return String(decoding: bytes, as: UTF8.self)
}
