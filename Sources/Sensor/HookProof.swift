internal import Events
internal import Lab

/// Tells the canary's events from everybody else's, and keeps what they prove.
///
/// The canary is known by pid and start time, never by a path: its own process
/// and whatever it starts.
struct HookProof: Sendable {
    private let canary: Canary.Identity
    /// Number of the network namespace in which it connects; 0 is not known.
    private let network: Int64
    /// Whether an event of that kind has come from the canary since `expect`.
    private(set) var sawExec = false
    private(set) var sawConnect4 = false
    private(set) var sawConnect6 = false
    private(set) var sawFork = false

    /// Nothing more is to come.
    var isComplete: Bool { sawExec && sawFork && sawConnect4 && sawConnect6 }

    init(canary: Canary.Identity, network: UInt64) {
        self.canary = canary
        self.network = Int64(clamping: network)
    }

    /// Starts over: what is proven must be proven again.
    mutating func expect() {
        sawExec = false
        sawConnect4 = false
        sawConnect6 = false
        sawFork = false
    }

    /// Whether an event is the canary's; if so, it is noted, and no rule sees it.
    mutating func claims(_ event: borrowing Event) -> Bool {
        guard isCanary(event.header.process) || isCanary(event.header.parent) else { return false }
        // a socket that was passed to it is of another network
        if event.header.kind == .connect, network != 0,
            let slot = event.slot(.networkNamespace), slot.payload != network
        {
            return false
        }
        switch event.header.kind {
        case .exec: sawExec = true
        case .connect:
            if let slot = event.slot(.destinationIP), slot.kind == .address,
                let address = IPAddress(bytes: event.arena.bytes.span.extracting(slot.range)),
                !address.isV4
            {
                sawConnect6 = true
            } else {
                sawConnect4 = true
            }
        case .fork: sawFork = true
        case .exit, .document: break
        }
        return true
    }

    func isCanary(_ identity: ProcessIdentity) -> Bool {
        identity.pid == UInt32(bitPattern: canary.pid)
            && identity.start / HookProof.nanosecondsPerTick == canary.startTicks
    }

    /// /proc counts starts in hundredths of a second.
    private static let nanosecondsPerTick: UInt64 = 10_000_000
}
