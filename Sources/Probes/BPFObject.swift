internal import CBPF
internal import Glibc

/// An opened BPF object, loaded or not: its programs and maps.
@safe
struct BPFObject: ~Copyable, @unchecked Sendable {
    // Sendable: libbpf's objects belong to no thread, and this is the only owner;
    // after loading, its methods only read.
    private let handle: OpaquePointer

    /// Reads an object file.
    init(bytes: [UInt8]) throws(ProbeError) {
        let log = LibraryLog()
        // SAFETY: libbpf copies what it needs of the bytes and the name before
        // it returns.
        let opened = unsafe bytes.withUnsafeBytes { bytes in
            unsafe "imdswatch".withCString { name in
                var options = unsafe bpf_object_open_opts()
                unsafe options.sz = MemoryLayout<bpf_object_open_opts>.size
                unsafe options.object_name = unsafe name
                return unsafe bpf_object__open_mem(bytes.baseAddress, bytes.count, &options)
            }
        }
        guard let opened = unsafe opened else {
            throw unsafe .objectUnreadable(code: errorCode(opened), log: log.text)
        }
        unsafe handle = opened
    }

    deinit { unsafe bpf_object__close(handle) }

    /// Verifies and loads every program that is set to be loaded.
    func load() -> Refusal? {
        let log = LibraryLog()
        // SAFETY: the handle is owned and not closed before `deinit`.
        let status = unsafe bpf_object__load(handle)
        return status == 0 ? nil : Refusal(code: -status, message: log.text)
    }

    // MARK: Programs

    func has(_ program: ProbeProgram) -> Bool { unsafe pointer(program) != nil }

    func setLoaded(_ program: ProbeProgram, _ isLoaded: Bool) {
        guard let pointer = unsafe pointer(program) else { return }
        unsafe bpf_program__set_autoload(pointer, isLoaded)
    }

    /// The descriptor of a loaded program; it belongs to the object.
    func descriptor(_ program: ProbeProgram) -> Int32? {
        guard let pointer = unsafe pointer(program) else { return nil }
        let descriptor = unsafe bpf_program__fd(pointer)
        return descriptor >= 0 ? descriptor : nil
    }

    func attach(_ program: ProbeProgram) throws(Refusal) -> BPFLink {
        guard let pointer = unsafe pointer(program) else {
            throw Refusal(code: ENOENT, message: "")
        }
        let log = LibraryLog()
        // SAFETY: the program belongs to the object, which is still open.
        let link = unsafe bpf_program__attach(pointer)
        guard let link = unsafe link else {
            throw unsafe Refusal(code: errorCode(link), message: log.text)
        }
        return unsafe BPFLink(link)
    }

    /// A link of an iterator, which runs when it is read.
    func attachIterator(_ program: ProbeProgram) throws(Refusal) -> BPFLink {
        guard let pointer = unsafe pointer(program) else {
            throw Refusal(code: ENOENT, message: "")
        }
        let log = LibraryLog()
        // SAFETY: as above; no options are passed.
        let link = unsafe bpf_program__attach_iter(pointer, nil)
        guard let link = unsafe link else {
            throw unsafe Refusal(code: errorCode(link), message: log.text)
        }
        return unsafe BPFLink(link)
    }

    private func pointer(_ program: ProbeProgram) -> OpaquePointer? {
        unsafe bpf_object__find_program_by_name(handle, program.rawValue)
    }

    // MARK: Maps and variables

    /// How a map is to be made.
    func definition(_ name: String) throws(ProbeError) -> BPFMapDefinition {
        guard let map = unsafe bpf_object__find_map_by_name(handle, name) else {
            throw .object(lacks: name)
        }
        return unsafe BPFMapDefinition(map)
    }

    /// Uses a map that was made before instead of an own one. Before `load`.
    func reuse(_ map: SharedMaps.Map) throws(ProbeError) {
        guard let own = unsafe bpf_object__find_map_by_name(handle, map.name) else {
            throw .object(lacks: map.name)
        }
        let status = unsafe bpf_map__reuse_fd(own, map.descriptor)
        guard status == 0 else { throw .map(name: map.name, code: -status) }
    }

    /// Where a global variable lies.
    func variable(_ name: String, size: Int) throws(ProbeError) -> BPFVariable {
        var section: UnsafePointer<CChar>?
        var offset: UInt32 = 0
        var found: UInt32 = 0
        // SAFETY: the section's name lives as long as the object; it is copied.
        guard unsafe bpf_find_variable(handle, name, &section, &offset, &found) == 0,
            Int(found) == size, let section = unsafe section
        else { throw .object(lacks: name) }
        return unsafe BPFVariable(map: String(cString: section), offset: Int(offset))
    }

    /// Gives a read-only variable its value. Before `load`.
    func initialize<Value: BitwiseCopyable>(_ name: String, to value: Value) throws(ProbeError) {
        let variable = try variable(name, size: MemoryLayout<Value>.size)
        var size = 0
        guard let map = unsafe bpf_object__find_map_by_name(handle, variable.map),
            let memory = unsafe bpf_map__initial_value(map, &size),
            variable.offset + MemoryLayout<Value>.size <= size
        else { throw .object(lacks: name) }
        // SAFETY: libbpf owns `size` bytes until load; they are copied. The
        // guard proves that the variable lies within them.
        var section = unsafe Array(UnsafeRawBufferPointer(start: memory, count: size))
        unsafe section.withUnsafeMutableBytes { bytes in
            unsafe bytes.storeBytes(of: value, toByteOffset: variable.offset, as: Value.self)
        }
        let status = unsafe bpf_map__set_initial_value(map, section, section.count)
        guard status == 0 else { throw .map(name: variable.map, code: -status) }
    }
}

/// How a map is to be made, as its object says.
struct BPFMapDefinition {
    private let kind: bpf_map_type
    private let name: String
    private let keySize: UInt32
    private let entries: UInt32
    private let flags: UInt32
    let valueSize: Int

    /// Copies the definition out of an open object.
    @unsafe
    init(_ map: OpaquePointer) {
        unsafe kind = bpf_map__type(map)
        unsafe name = String(cString: bpf_map__name(map))
        unsafe keySize = bpf_map__key_size(map)
        unsafe entries = bpf_map__max_entries(map)
        unsafe flags = bpf_map__map_flags(map)
        unsafe valueSize = Int(bpf_map__value_size(map))
    }

    /// Makes the map: its descriptor, or a negative error number.
    func make(entries wanted: Int?) -> Int32 {
        var options = bpf_map_create_opts()
        options.sz = MemoryLayout<bpf_map_create_opts>.size
        options.map_flags = flags
        // SAFETY: the kernel copies options and name during the call.
        return unsafe bpf_map_create(
            kind, name, keySize, UInt32(valueSize), wanted.map { UInt32(clamping: $0) } ?? entries, &options)
    }
}

/// A global variable: the map of its section, and its place there.
struct BPFVariable {
    let map: String
    let offset: Int
}

/// The positive error number behind a pointer that libbpf returned, 0 if it is
/// good.
func errorCode(_ pointer: OpaquePointer?) -> Int32 {
    unsafe Int32(clamping: -libbpf_get_error(UnsafeRawPointer(pointer)))
}
