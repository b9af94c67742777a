internal import Events
internal import Lab
public import Platform
public import Probes

/// What this host offers, and which hooks would be used and why: `check`.
public struct HostCheck: Sendable {
    /// One fact about the host.
    public struct Finding: Sendable {
        /// Short name, the same in every version.
        public let name: String
        public let isGood: Bool
        /// The sensor cannot run without it.
        public let isRequired: Bool
        public let detail: String
    }

    /// What is observed, what was tried for it, and whether it came through.
    public struct HookResult: Sendable {
        public let report: AttachReport
        /// Whether the hook was seen to fire; nil if it was not put to the test.
        public let hasFired: Bool?
        /// Why it was not put to the test, or what the test said.
        public let note: String
    }

    public private(set) var findings: [Finding] = []
    public private(set) var hooks: [HookResult] = []
    /// Why no hook could be tried, if so.
    public private(set) var failure: SensorError?
    private var isPrivileged = true

    /// Whether the sensor would run.
    public var isUsable: Bool {
        failure == nil && findings.allSatisfy { $0.isGood || !$0.isRequired }
            && hooks.allSatisfy { $0.report.chosen != nil && $0.hasFired != false }
    }

    /// Looks, loads, attaches and fires, in a network namespace of its own.
    public static func run(_ preference: HookPreference) -> HostCheck {
        var check = HostCheck()
        check.look()
        // without privileges the kernel tells nothing more
        guard check.isPrivileged else { return check }
        do throws(SensorError) {
            try check.fire(preference)
        } catch {
            check.failure = error
        }
        return check
    }

    private mutating func look() {
        let kernel = KernelSupport.read()
        func add(_ name: String, _ isGood: Bool, _ detail: String, required: Bool = true) {
            findings.append(Finding(name: name, isGood: isGood, isRequired: required, detail: detail))
        }
        add("kernel", true, kernel.release)
        add(
            "btf", kernel.hasTypeInformation,
            kernel.hasTypeInformation
                ? "/sys/kernel/btf/vmlinux" : "missing: the kernel needs CONFIG_DEBUG_INFO_BTF=y")
        let missing = (try? Capabilities.effective())?.missing(of: HostCheck.neededCapabilities) ?? []
        isPrivileged = missing.isEmpty
        guard isPrivileged else {
            for name in ["ring buffer", "jit"] {
                add(name, false, "not to be told without privileges", required: false)
            }
            add(
                "privileges", false,
                "missing: " + missing.map(\.name).joined(separator: ", ") + ". Run it as root.")
            return
        }
        add(
            "ring buffer", kernel.hasRingBuffer,
            kernel.hasRingBuffer ? "available" : "missing: Linux 5.8 or newer is needed")
        switch kernel.justInTime {
        case 0: add("jit", false, "off: programs are interpreted and cost more", required: false)
        case nil: add("jit", true, "not to be told", required: false)
        default: add("jit", true, "on", required: false)
        }
        if kernel.ftraceEnabled == false {
            add(
                "ftrace", false, "kernel.ftrace_enabled is 0: fexit and kprobes would be silent",
                required: false)
        }
        add("privileges", true, "sufficient")
    }

    /// What loading, attaching and reading other processes' facts takes, and
    /// making the network namespace in which hooks are proven.
    public static let neededCapabilities: [Capability] = [
        .bpf, .perfmon, .sysPtrace, .dacReadSearch, .sysAdmin, .netAdmin,
    ]

    private mutating func fire(_ preference: HookPreference) throws(SensorError) {
        let canary: Canary
        do throws(LabError) { canary = try Canary.start() } catch { throw .canary(error) }
        do throws(ProbeError) {
            var probes = try Probes(ProbeOptions(ringSize: 1 << 20, hooks: preference))
            let endpoints = Sensor.canaryDestinations.map { ($0, DestinationUse.record) }
            try probes.setDestinations(endpoints, any: false)
            var ring = try probes.makeReader()
            for program in [ProbeProgram.exec, .fork] { try? probes.attach(program) }
            for family in AddressFamily.allCases { probes.attachConnect(family, preference.ladder) }

            var proof = HookProof(canary: canary.identity, network: canary.network)
            let firing = try? canary.fire()
            var decoder = RecordDecoder(fields: FieldSet())
            var event = Event()
            decoder.prepare(&event)
            event.fixConstants()
            let deadline = Clock.monotonic() + 200_000_000
            while !proof.isComplete, Clock.monotonic() < deadline {
                while ring.collect() > 0 {
                    while ring.next({ record in
                        event.reset()
                        guard (try? decoder.decode(record, into: &event)) != nil else { return }
                        _ = proof.claims(event)
                    }) != nil {}
                    ring.release()
                }
                Clock.sleep(nanoseconds: 1_000_000)
            }
            let hasV6 = firing.map { $0.connected6 == Sensor.refused } ?? false
            for fact in ProbeFact.allCases where fact != .exit {
                hooks.append(HostCheck.result(probes.report(fact), proof, hasV6: hasV6))
            }
        } catch {
            throw .probes(error)
        }
    }

    private static func result(_ report: AttachReport, _ proof: HookProof, hasV6: Bool) -> HookResult {
        guard report.chosen != nil else {
            return HookResult(report: report, hasFired: nil, note: "nothing attached")
        }
        let fired: Bool
        switch report.fact {
        case .exec: fired = proof.sawExec
        case .fork: fired = proof.sawFork
        case .connect4: fired = proof.sawConnect4
        case .connect6:
            guard hasV6 || proof.sawConnect6 else {
                return HookResult(report: report, hasFired: nil, note: "this host has no IPv6: not fired")
            }
            fired = proof.sawConnect6
        case .exit:
            return HookResult(report: report, hasFired: nil, note: "attached only for rules about exits")
        }
        return HookResult(report: report, hasFired: fired, note: fired ? "fired" : "attached, but silent")
    }
}
