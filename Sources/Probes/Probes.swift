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
    /// A loaded rule is about forks, or they are written: what they are told to have as
    /// time counts.
    public var timesForks: Bool
    /// The connect hooks that will be asked for: the best of them is loaded at
    /// once, another one when it is.
    public var hooks: HookPreference

    public init(
        ringSize: Int = 4 << 20, wakesOnExec: Bool = false, capturesEnvironment: Bool = false,
        timesForks: Bool = true, hooks: HookPreference = .auto
    ) {
        self.ringSize = ringSize
        self.wakesOnExec = wakesOnExec
        self.capturesEnvironment = capturesEnvironment
        self.timesForks = timesForks
        self.hooks = hooks
    }
}

/// The kernel side: programs that are loaded once, and attached on demand.
///
/// Letting go of it detaches everything and removes it from the kernel.
public struct Probes: ~Copyable {
    let maps: SharedMaps
    let settings: SettingsMemory
    let loader: ProgramLoader
    private let settingsPlace: BPFVariable
    var groups: [ProgramGroup: LoadedPrograms]
    /// What the kernel said of the programs that it does not take.
    var refusals: [ProbeProgram: Refusal]
    var links = Links()
    var destinationsInUse: [IPPrefix: DestinationUse] = [:]
    var anyDestination = false
    /// In units of `START_SHIFT`; 0 if every connection can matter.
    var startWindow: UInt32 = 0
    var notesForks = false
    /// Since when starts are noted, in the same units; 0: they are not.
    var noteSince: UInt32 = 0
    /// Whether the kernel was told of a process since it last forgot all.
    var hasRegulars = false

    /// What is attached for each fact, in the order of `ProbeFact.allCases`.
    public internal(set) var attachments: [AttachReport]
    /// Bytes of the ring.
    public let ringSize: Int

    /// Loads the programs that are always needed and the best connect hook, and
    /// attaches none.
    public init(_ options: ProbeOptions = ProbeOptions()) throws(ProbeError) {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        guard options.ringSize >= page, options.ringSize.nonzeroBitCount == 1,
            options.ringSize <= 1 << 30
        else { throw .ringSize(options.ringSize) }
        guard unsafe access(TypeInformation.path, R_OK) == 0 else { throw .noTypeInformation }
        guard let bytes = decodeHex(embeddedObject) else { throw .object(lacks: "hex") }

        let object = try BPFObject(bytes: bytes)
        let place = try object.variable("settings", size: MemoryLayout<CBPF.settings>.size)
        let processors = Processors.limit
        let maps = try SharedMaps(
            object, ["records", "destinations", "regulars", "counters", "scratch", place.map],
            entries: [
                "records": options.ringSize, "counters": processors,
                "scratch": processors * Int(SCRATCH_SLOTS.rawValue),
            ])
        let settings = try SettingsMemory(try maps.map(place.map), offset: place.offset)
        settings.setWakesOnExec(options.wakesOnExec)
        settings.setCapturesEnvironment(options.capturesEnvironment)
        settings.setTimesForks(options.timesForks)

        let loader = ProgramLoader(bytes: bytes, maps: maps.maps, ringSize: options.ringSize)
        let result = loader.loadAtStart(options.hooks.ladder)
        if let failure = result.failure { throw failure }
        groups = result.groups
        refusals = result.refusals
        attachments = ProbeFact.allCases.map { AttachReport(fact: $0, attempts: [], chosen: nil) }
        ringSize = options.ringSize
        settingsPlace = place
        self.loader = loader
        self.settings = settings
        self.maps = maps
    }

    /// Changes what wakes the reader and what is captured, while running.
    public func setWakesOnExec(_ value: Bool) { settings.setWakesOnExec(value) }

    public func setCapturesEnvironment(_ value: Bool) { settings.setCapturesEnvironment(value) }

    /// Has forks told with the time of their hook, or that of the child's start before it.
    public func setTimesForks(_ value: Bool) { settings.setTimesForks(value) }

    /// A reader of the ring. There must be only one at a time.
    public func makeReader(capacity: Int = RingReader.defaultCapacity) throws(ProbeError) -> RingReader {
        let memory = try RingMemory(try maps.map("records"), size: ringSize)
        let settings = try SettingsMemory(try maps.map(settingsPlace.map), offset: settingsPlace.offset)
        return RingReader(memory: memory, settings: settings, capacity: capacity)
    }
}
