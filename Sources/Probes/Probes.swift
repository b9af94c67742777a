internal import CBPF
internal import Events
internal import Glibc

/// What is fixed when the programs are loaded.
public struct ProbeOptions: Sendable {
    /// Bytes of the ring: a power of two, at least a page.
    public var ringSize: Int
    /// A program start wakes the reader too (`--low-latency`).
    public var wakesOnExec: Bool
    /// A loaded rule names environment variables.
    public var capturesEnvironment: Bool
    /// Hooks that are not even loaded: what `--hook` excludes.
    public var hooks: HookPreference

    public init(
        ringSize: Int = 4 << 20, wakesOnExec: Bool = false, capturesEnvironment: Bool = false,
        hooks: HookPreference = .auto
    ) {
        self.ringSize = ringSize
        self.wakesOnExec = wakesOnExec
        self.capturesEnvironment = capturesEnvironment
        self.hooks = hooks
    }
}

/// The kernel side: all programs, loaded once, attached on demand.
///
/// Letting go of it detaches everything and removes it from the kernel.
public struct Probes: ~Copyable {
    let object: BPFObject
    let settings: SettingsMemory
    var links: Links
    var destinationsInUse: [IPPrefix: DestinationUse] = [:]

    /// What became of each program, in the order of `ProbeProgram.allCases`.
    public let programs: [ProgramReport]
    /// What is attached for each fact, in the order of `ProbeFact.allCases`.
    public internal(set) var attachments: [AttachReport]
    /// Bytes of the ring.
    public let ringSize: Int

    /// Loads the programs, and attaches none.
    ///
    /// A program that this kernel refuses is left out if there is another hook
    /// for the same fact; `programs` keeps what the kernel said.
    public init(_ options: ProbeOptions = ProbeOptions()) throws(ProbeError) {
        guard let bytes = decodeHex(embeddedObject) else { throw .object(lacks: "hex") }
        try self.init(options, object: bytes)
    }

    init(_ options: ProbeOptions, object bytes: [UInt8]) throws(ProbeError) {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        guard options.ringSize >= page, options.ringSize.nonzeroBitCount == 1,
            options.ringSize <= 1 << 30
        else { throw .ringSize(options.ringSize) }

        var refusals = try Probes.foreseeRefusals(options.hooks)
        var object = try Probes.open(bytes, options, without: refusals)
        while let failure = object.load() {
            // the kernel names the culprit; the rest gets another chance
            guard let program = LibraryLog.program(in: failure.message), program.isOptional,
                refusals[program] == nil
            else {
                throw .load(
                    program: LibraryLog.program(in: failure.message), code: failure.code,
                    log: failure.message)
            }
            refusals[program] = failure
            object = try Probes.open(bytes, options, without: refusals)
        }
        let settings = try SettingsMemory(object)
        settings.setWakesOnExec(options.wakesOnExec)
        settings.setCapturesEnvironment(options.capturesEnvironment)
        programs = ProbeProgram.allCases.map { ProgramReport(program: $0, refusal: refusals[$0]) }
        self.settings = settings
        ringSize = options.ringSize
        links = Links()
        attachments = ProbeFact.allCases.map { AttachReport(fact: $0, attempts: [], chosen: nil) }
        self.object = object
    }

    /// What can be known without loading: kinds of program that the kernel
    /// refuses altogether, and those that are not wanted.
    private static func foreseeRefusals(
        _ preference: HookPreference
    ) throws(ProbeError) -> [ProbeProgram: Refusal] {
        guard let types = TypeInformation() else { throw .noTypeInformation }
        var refusals: [ProbeProgram: Refusal] = [:]
        for hook in HookPreference.auto.ladder {
            let refusal: Refusal?
            if !preference.ladder.contains(hook) {
                refusal = Refusal(code: 0, message: "not wanted: --hook \(preference.rawValue)")
            } else if hook == .fexit {
                refusal = types.tryFexit("tcp_v4_connect")
            } else if hook == .kprobe, unsafe access("/sys/bus/event_source/devices/kprobe", F_OK) != 0 {
                refusal = Refusal(code: ENOENT, message: "this kernel is built without kprobes")
            } else {
                refusal = nil
            }
            guard let refusal else { continue }
            for family in AddressFamily.allCases {
                for program in hook.programs(family) { refusals[program] = refusal }
            }
        }
        return refusals
    }

    private static func open(
        _ bytes: [UInt8], _ options: ProbeOptions, without refusals: [ProbeProgram: Refusal]
    ) throws(ProbeError) -> BPFObject {
        let object = try BPFObject(bytes: bytes)
        for program in ProbeProgram.allCases {
            guard object.has(program) else { throw .object(lacks: program.rawValue) }
            object.setLoaded(program, refusals[program] == nil)
        }
        try object.setEntries("records", options.ringSize)
        try object.setEntries(
            "scratch", Int(SCRATCH_SLOTS.rawValue) * max(1, Int(libbpf_num_possible_cpus())))
        try object.initialize(
            "fixed",
            to: fixed_settings(
                ring_size: UInt64(options.ringSize), host_mount_namespace: hostMountNamespace(), pad: 0))
        return object
    }

    /// The number of the mount namespace of the host's first process, or 0.
    private static func hostMountNamespace() -> UInt32 {
        var status = stat()
        // SAFETY: the pointer is to one structure that outlives the call.
        guard unsafe stat("/proc/1/ns/mnt", &status) == 0 else { return 0 }
        return UInt32(truncatingIfNeeded: status.st_ino)
    }

    /// Changes what wakes the reader and what is captured, while running.
    public func setWakesOnExec(_ value: Bool) { settings.setWakesOnExec(value) }

    public func setCapturesEnvironment(_ value: Bool) { settings.setCapturesEnvironment(value) }

    /// A reader of the ring. There must be only one at a time.
    public func makeReader(capacity: Int = RingReader.defaultCapacity) throws(ProbeError) -> RingReader {
        let memory = try RingMemory(try object.map("records"), size: ringSize)
        return RingReader(memory: memory, settings: try SettingsMemory(object), capacity: capacity)
    }
}
