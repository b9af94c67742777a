internal import CBPF
internal import Glibc

/// The settings that the programs read while they run: their own memory, mapped.
@safe
struct SettingsMemory: ~Copyable {
    private let memory: UnsafeMutableRawPointer
    private let size: Int
    private let settings: UnsafeMutablePointer<CBPF.settings>
    private let isMapped: Bool

    /// Maps the variable in the map of its section.
    init(_ map: SharedMaps.Map, offset: Int) throws(ProbeError) {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let size = (map.valueSize + page - 1) / page * page
        let memory = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, map.descriptor, 0)
        guard let memory = unsafe memory, unsafe memory != MAP_FAILED else {
            throw .mapping(name: "settings", code: errno)
        }
        guard offset + MemoryLayout<CBPF.settings>.size <= size else {
            _ = unsafe munmap(memory, size)
            throw .object(lacks: "settings")
        }
        // SAFETY: the guard proves that the variable lies within the mapping,
        // and the linker aligned it.
        unsafe self.settings = (memory + offset).assumingMemoryBound(to: CBPF.settings.self)
        unsafe self.memory = memory
        self.size = size
        isMapped = true
    }

    /// Uses memory of a test, which must outlive this.
    @unsafe
    init(borrowing settings: UnsafeMutablePointer<CBPF.settings>) {
        unsafe memory = UnsafeMutableRawPointer(settings)
        unsafe self.settings = settings
        size = 0
        isMapped = false
    }

    deinit {
        if isMapped { _ = unsafe munmap(memory, size) }
    }

    // SAFETY of all below: the pointer is valid until `deinit`. The programs
    // read whole words, so that a plain store is enough except where said.

    /// Asks for a wake-up. Comes before every later look at the ring.
    func arm() { unsafe settings_arm(settings) }

    func disarm() { unsafe settings_disarm(settings) }

    func setWakesOnExec(_ value: Bool) { unsafe settings.pointee.wake_exec = value ? 1 : 0 }

    func setCapturesEnvironment(_ value: Bool) { unsafe settings.pointee.capture_env = value ? 1 : 0 }

    /// Says whether forks are told with the time of their hook.
    func setTimesForks(_ value: Bool) { unsafe settings.pointee.time_forks = value ? 1 : 0 }

    func setAnyDestination(_ value: Bool) { unsafe settings.pointee.any_destination = value ? 1 : 0 }

    /// Says how long after a start its siblings' connections can matter; 0: always.
    func setStartWindow(_ units: UInt32) { unsafe settings.pointee.start_window = units }

    /// Says since when starts are noted; 0: they are not.
    func setNoteSince(_ units: UInt32) { unsafe settings.pointee.note_since = units }

    /// Says whether forks count as starts.
    func setNotesForks(_ value: Bool) { unsafe settings.pointee.note_forks = value ? 1 : 0 }

    /// Says with which first bytes no destination in the trie begins.
    func setUnwanted(_ bytes: ByteSet) {
        unsafe settings.pointee.unwanted = (bytes.words[0], bytes.words[1], bytes.words[2], bytes.words[3])
    }

    /// Says which connect hook may write records; 0 silences all.
    func setConnectHook(_ family: AddressFamily, _ number: UInt32) {
        switch family {
        case .v4: unsafe settings.pointee.connect_hook4 = number
        case .v6: unsafe settings.pointee.connect_hook6 = number
        }
    }

    /// Sets what only the sensor sets, and nobody else; true if somebody has. To
    /// be followed by noting starts anew, which is left to the caller.
    func restore(
        unwanted: ByteSet, anyDestination: Bool, startWindow: UInt32, noteSince: UInt32,
        notesForks: Bool, hooks wanted: [UInt32]
    ) -> Bool {
        let words = unsafe settings.pointee.unwanted
        let numbers = unsafe [settings.pointee.connect_hook4, settings.pointee.connect_hook6]
        let any = unsafe settings.pointee.any_destination != 0
        let window = unsafe settings.pointee.start_window
        let since = unsafe settings.pointee.note_since
        let forks = unsafe settings.pointee.note_forks != 0
        let isSame =
            words.0 == unwanted.words[0] && words.1 == unwanted.words[1] && words.2 == unwanted.words[2]
            && words.3 == unwanted.words[3] && numbers == wanted
            && any == anyDestination && window == startWindow && since == noteSince && forks == notesForks
        if isSame { return false }
        setUnwanted(unwanted)
        setAnyDestination(anyDestination)
        setStartWindow(startWindow)
        setNotesForks(notesForks)
        for (family, number) in zip(AddressFamily.allCases, wanted) { setConnectHook(family, number) }
        return true
    }
}
