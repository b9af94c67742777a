internal import CBPF

/// The processors that this host can have.
enum Processors {
    /// One more than the highest number: there may be gaps, in which case it is more
    /// than there are.
    static let limit: Int = {
        let list = readText("/sys/devices/system/cpu/possible") ?? ""
        return limit(of: list) ?? max(1, Int(libbpf_num_possible_cpus()))
    }()

    /// - Parameter list: numbers and ranges, as in `0-3,8-11`.
    static func limit(of list: String) -> Int? {
        let numbers = list.split { !("0"..."9").contains($0) }.compactMap { Int($0) }
        return numbers.max().map { $0 + 1 }
    }
}
