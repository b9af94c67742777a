internal import CBPF
internal import Glibc

/// What the kernel side counts for each fact.
public enum CounterKind: UInt32, CaseIterable, Sendable {
    /// The hook ran.
    case seen
    /// A record was written.
    case submitted
    /// No rule can need it.
    case filtered
    /// The ring was full: lost.
    case dropped
    /// Written without arguments and working directory.
    case shed
    /// Written with a text that could not be read.
    case unreadable
    /// Written with a text whose middle is missing.
    case cut
    /// No record could be built: lost.
    case failed
    /// A connect hook ran while another one is in use.
    case standby
    /// A connection of a process that connects again and again, while no rule
    /// waits for one.
    case idle

    /// As metrics spell it.
    public var name: String {
        switch self {
        case .seen: "seen"
        case .submitted: "submitted"
        case .filtered: "filtered"
        case .dropped: "dropped"
        case .shed: "shed"
        case .unreadable: "unreadable"
        case .cut: "cut"
        case .failed: "failed"
        case .standby: "standby"
        case .idle: "idle"
        }
    }
}

/// What the kernel counts for one program.
public struct ProgramCounters: Sendable, Equatable {
    public let program: ProbeProgram
    /// Times that it was skipped because it was running already: lost.
    public var recursionMisses: UInt64 = 0
    /// Times that its probe was missed; 0 where the kernel does not tell.
    public var missedProbes: UInt64 = 0
    /// Runs and their time in nanoseconds; 0 unless `kernel.bpf_stats_enabled` is set.
    public var runs: UInt64 = 0
    public var runTime: UInt64 = 0
}

/// While one lives, the kernel measures the run time of every BPF program on
/// this host, at some cost to each run (Linux 5.8, needs CAP_SYS_ADMIN). Ends
/// with its owner, however that ends.
public struct RunStatistics: ~Copyable {
    private let descriptor: Int32

    public init() throws(ProbeError) {
        let opened = bpf_enable_stats(BPF_STATS_RUN_TIME)
        guard opened >= 0 else { throw .statistics(code: -opened) }
        descriptor = opened
    }

    deinit { _ = close(descriptor) }
}

/// All counters of the kernel side, summed over the processors.
public struct ProbeCounters: Sendable, Equatable {
    private var values: [UInt64]
    /// Those of the programs that are attached.
    public internal(set) var programs: [ProgramCounters] = []

    /// All zero.
    public init() {
        values = Array(repeating: 0, count: ProbeFact.allCases.count * CounterKind.allCases.count)
    }

    public internal(set) subscript(fact: ProbeFact, kind: CounterKind) -> UInt64 {
        get { values[ProbeCounters.index(fact, kind)] }
        set { values[ProbeCounters.index(fact, kind)] = newValue }
    }

    /// The sum over all facts.
    public func total(_ kind: CounterKind) -> UInt64 {
        ProbeFact.allCases.reduce(0) { $0 &+ self[$1, kind] }
    }

    /// Runs that did not take place.
    public var recursionMisses: UInt64 {
        programs.reduce(0) { $0 &+ $1.recursionMisses &+ $1.missedProbes }
    }

    static func index(_ fact: ProbeFact, _ kind: CounterKind) -> Int {
        Int(fact.rawValue) * CounterKind.allCases.count + Int(kind.rawValue)
    }
}

extension Probes {
    /// Reads every counter: a system call for each processor, and some.
    public func counters() throws(ProbeError) -> ProbeCounters {
        var counters = ProbeCounters()
        try forEachProcessor { values in
            for fact in ProbeFact.allCases {
                for kind in CounterKind.allCases { counters[fact, kind] &+= values[fact, kind] }
            }
        }
        for program in ProbeProgram.allCases where links.has(program) {
            counters.programs.append(programCounters(program))
        }
        return counters
    }

    /// Reads one counter: to see whether a hook fires.
    public func counter(_ fact: ProbeFact, _ kind: CounterKind) throws(ProbeError) -> UInt64 {
        var sum: UInt64 = 0
        try forEachProcessor { values in sum &+= values[fact, kind] }
        return sum
    }

    private func forEachProcessor(_ body: (ProcessorCounters) -> Void) throws(ProbeError) {
        let map = try maps.map("counters")
        for processor in 0..<UInt32(Processors.limit) {
            var key = processor
            var counters = ProcessorCounters()
            // SAFETY: the kernel writes a value of the map: `counters` of record.h.
            let status = unsafe bpf_map_lookup_elem(map.descriptor, &key, &counters.values)
            guard status == 0 else { throw .map(name: map.name, code: -status) }
            body(counters)
        }
    }

    private func programCounters(_ program: ProbeProgram) -> ProgramCounters {
        var counters = ProgramCounters(program: program)
        if let descriptor = groups[ProgramGroup(program)]?.object.descriptor(program),
            let info = programInfo(descriptor)
        {
            counters.recursionMisses = info.recursion_misses
            counters.runs = info.run_cnt
            counters.runTime = info.run_time_ns
        }
        var missed: UInt64 = 0
        if program.isKprobe, let descriptor = links.descriptor(program),
            unsafe bpf_link_missed(descriptor, &missed) == 0
        {
            counters.missedProbes = missed
        }
        return counters
    }
}

/// The counters of one processor, as the kernel side lays them out.
private struct ProcessorCounters {
    var values = CBPF.counters()

    subscript(fact: ProbeFact, kind: CounterKind) -> UInt64 {
        // SAFETY: both numbers are less than the sizes of the array in record.h.
        unsafe withUnsafeBytes(of: values) { bytes in
            unsafe bytes.load(
                fromByteOffset: 8 * (Int(fact.rawValue) * Int(COUNTER_ROOM) + Int(kind.rawValue)),
                as: UInt64.self)
        }
    }
}

extension ProbeProgram {
    fileprivate var isKprobe: Bool {
        switch self {
        case .connect4Kprobe, .connect4Kretprobe, .connect6Kprobe, .connect6Kretprobe: true
        default: false
        }
    }
}
