internal import Platform
internal import Synchronization

/// Reads the arguments of processes from /proc.
///
/// The kernel locks a process's memory for that, and the process can hold the
/// lock for as long as it likes. So a thread of its own reads, and what does not
/// answer in some time is not known.
final class ArgumentsReader: Sendable {
    struct Arguments: Sendable {
        var bytes: [UInt8]
        var isWhole: Bool
    }

    /// Threads that were given up and still wait.
    private let stuck = Atomic<Int>(0)
    private static let mostStuck = 4
    /// Of all that one call returns.
    private static let mostBytes = 32 << 20

    /// - Parameters:
    ///   - limit: bytes read of each.
    ///   - patience: how long one process may take.
    /// - Returns: what was read, by process number.
    func read(
        _ pids: [UInt32], root: String, limit: Int, patience: Duration
    ) -> [UInt32: Arguments] {
        guard let round = try? Round(pids, root: root, limit: limit) else { return [:] }
        while round.isUnfinished, stuck.load(ordering: .relaxed) < Self.mostStuck {
            let number = round.owner.load(ordering: .relaxed)
            let thread = try? Thread(name: "imdswatch-proc") { [self] in
                if !round.work(as: number) { stuck.wrappingSubtract(1, ordering: .relaxed) }
            }
            guard thread != nil else { break }
            var before = -1
            while !round.ended.wait(timeout: patience) {
                let place = round.place.load(ordering: .acquiring)
                if place == before, round.replace(number) {
                    // go on behind the one that does not answer
                    stuck.wrappingAdd(1, ordering: .relaxed)
                    round.place.store(place + 1, ordering: .releasing)
                    break
                }
                before = place
            }
        }
        return round.takeResults()
    }

    /// What the caller and the reading threads share.
    private final class Round: Sendable {
        private let pids: [UInt32]
        private let root: String
        private let limit: Int
        /// Which thread's turn it is; -1 after the last.
        let owner = Atomic<Int>(0)
        /// The index of what is being read.
        let place = Atomic<Int>(0)
        let ended: EventDescriptor
        private let results = Mutex<(found: [UInt32: Arguments], bytes: Int)>(([:], 0))

        init(_ pids: [UInt32], root: String, limit: Int) throws(ThreadError) {
            self.pids = pids
            self.root = root
            self.limit = limit
            ended = try EventDescriptor()
        }

        var isUnfinished: Bool { place.load(ordering: .acquiring) < pids.count }

        func takeResults() -> [UInt32: Arguments] { results.withLock { $0.found } }

        /// False if it was given up.
        func work(as number: Int) -> Bool {
            var bytes: [UInt8] = []
            while owner.load(ordering: .acquiring) == number {
                let index = place.load(ordering: .relaxed)
                guard index < pids.count else { break }
                let path = "\(root)/\(pids[index])/cmdline"
                let read = try? File.readStart(path, into: &bytes, limit: limit)
                guard owner.load(ordering: .acquiring) == number else { return false }
                if let read {
                    let isFull = results.withLock { results in
                        results.found[pids[index]] = Arguments(bytes: bytes, isWhole: read.isWhole)
                        results.bytes += bytes.count
                        return results.bytes > ArgumentsReader.mostBytes
                    }
                    if isFull { place.store(pids.count, ordering: .releasing) }
                }
                place.wrappingAdd(1, ordering: .releasing)
            }
            guard pass(from: number, to: -1) else { return false }
            ended.signal()
            return true
        }

        /// Gives a thread up; false if it has ended.
        func replace(_ number: Int) -> Bool { pass(from: number, to: number + 1) }

        private func pass(from number: Int, to next: Int) -> Bool {
            owner.compareExchange(expected: number, desired: next, ordering: .acquiringAndReleasing).exchanged
        }
    }
}
