internal import CBPF
internal import Events
internal import Glibc
internal import Platform
internal import Synchronization

/// Programs that are loaded together, because they are needed together.
enum ProgramGroup: CaseIterable, Sendable {
    case starts, ends, fexit, kprobe, tracepoint

    /// The programs of a connect hook.
    init?(_ hook: Hook) {
        switch hook {
        case .none: return nil
        case .fexit: self = .fexit
        case .kprobe: self = .kprobe
        case .tracepoint: self = .tracepoint
        }
    }

    init(_ program: ProbeProgram) {
        switch program {
        case .exec, .fork, .tasks: self = .starts
        case .exit: self = .ends
        case .connect4Fexit, .connect6Fexit: self = .fexit
        case .connectTracepoint: self = .tracepoint
        default: self = .kprobe
        }
    }

    var programs: [ProbeProgram] { ProbeProgram.allCases.filter { ProgramGroup($0) == self } }
}

/// The programs of a group that are in the kernel.
final class LoadedPrograms: Sendable {
    let object: BPFObject

    init(_ object: consuming BPFObject) { self.object = object }
}

/// What became of loading some groups.
struct LoadResult: Sendable {
    var groups: [ProgramGroup: LoadedPrograms] = [:]
    var refusals: [ProbeProgram: Refusal] = [:]
    /// Something that no other hook can make up for.
    var failure: ProbeError?

    mutating func merge(_ other: LoadResult) {
        groups.merge(other.groups) { _, new in new }
        refusals.merge(other.refusals) { _, new in new }
        failure = failure ?? other.failure
    }
}

/// Brings groups of programs into the kernel, each from an object of its own.
struct ProgramLoader: Sendable {
    let bytes: [UInt8]
    /// Open as long as the loader is used; the owner sees to that.
    let maps: [SharedMaps.Map]
    let ringSize: Int

    /// Loads a group. A program that the kernel refuses is left out if there is
    /// another hook for the same fact.
    func load(_ group: ProgramGroup) -> LoadResult {
        var result = LoadResult()
        if let refusal = ProgramLoader.foresee(group) {
            for program in group.programs { result.refusals[program] = refusal }
            return result
        }
        do throws(ProbeError) {
            while true {
                let object = try open(group, without: result.refusals)
                guard let failure = object.load() else {
                    result.groups[group] = LoadedPrograms(object)
                    return result
                }
                // the kernel names the culprit; the rest gets another chance
                let culprit = LibraryLog.program(in: failure.message)
                guard let culprit, culprit.isOptional, result.refusals[culprit] == nil else {
                    throw .load(program: culprit, code: failure.code, log: failure.message)
                }
                result.refusals[culprit] = failure
                if group.programs.allSatisfy({ result.refusals[$0] != nil }) { return result }
            }
        } catch {
            result.failure = error
            return result
        }
    }

    /// Loads the first of some connect hooks that the kernel takes.
    func loadFirst(of hooks: [Hook]) -> LoadResult {
        var result = LoadResult()
        for hook in hooks {
            guard let group = ProgramGroup(hook) else { continue }
            result.merge(load(group))
            if result.groups[group] != nil || result.failure != nil { break }
        }
        return result
    }

    /// Loads what is always needed and the first connect hook, side by side:
    /// the verifier is the slow part, and takes one processor for each program.
    func loadAtStart(_ hooks: [Hook]) -> LoadResult {
        let other = SideLoad()
        let thread: Platform.Thread
        do throws(ThreadError) {
            thread = try Platform.Thread(name: "load") { other.run { loadFirst(of: hooks) } }
        } catch {
            var result = load(.starts)
            result.merge(loadFirst(of: hooks))
            return result
        }
        var result = load(.starts)
        thread.join()
        result.merge(other.result)
        return result
    }

    private func open(
        _ group: ProgramGroup, without refusals: [ProbeProgram: Refusal]
    ) throws(ProbeError) -> BPFObject {
        let object = try BPFObject(bytes: bytes)
        for program in ProbeProgram.allCases {
            guard object.has(program) else { throw .object(lacks: program.rawValue) }
            object.setLoaded(program, ProgramGroup(program) == group && refusals[program] == nil)
        }
        for map in maps { try object.reuse(map) }
        try object.initialize(
            "fixed",
            to: fixed_settings(
                ring_size: UInt64(ringSize), host_mount_namespace: hostMountNamespace(), pad: 0))
        return object
    }

    /// What can be known without loading: kinds of program that the kernel
    /// refuses altogether.
    private static func foresee(_ group: ProgramGroup) -> Refusal? {
        switch group {
        case .fexit:
            guard let types = TypeInformation() else {
                return Refusal(code: ENOENT, message: "no \(TypeInformation.path)")
            }
            return types.tryFexit("tcp_v4_connect")
        case .kprobe:
            guard unsafe access("/sys/bus/event_source/devices/kprobe", F_OK) != 0 else { return nil }
            return Refusal(code: ENOENT, message: "this kernel is built without kprobes")
        case .starts, .ends, .tracepoint: return nil
        }
    }

    /// The number of the mount namespace of the host's first process, or 0.
    private func hostMountNamespace() -> UInt32 {
        var status = stat()
        // SAFETY: the pointer is to one structure that outlives the call.
        guard unsafe stat("/proc/1/ns/mnt", &status) == 0 else { return 0 }
        return UInt32(truncatingIfNeeded: status.st_ino)
    }
}

/// What a second thread loads, for the first to take after it has ended.
private final class SideLoad: Sendable {
    private let loaded = Mutex(LoadResult())

    func run(_ load: () -> LoadResult) {
        let result = load()
        loaded.withLock { $0 = result }
    }

    var result: LoadResult { loaded.withLock { $0 } }
}
