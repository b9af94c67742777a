public import Events
internal import Platform

/// /proc of the running kernel.
public struct ProcFileSystem: ProcessSource, Sendable {
    private let root: String
    private var stat: [UInt8] = []
    private let arguments = ArgumentsReader()
    /// While the table is seeded: arguments of all processes, read at once.
    private var known: [UInt32: ArgumentsReader.Arguments]?

    /// No value is read beyond this many bytes.
    private static let textLimit = 32 * 1024

    public init(root: String = "/proc") { self.root = root }

    public mutating func beginSeeding() {
        known = arguments.read(
            Array(processes().prefix(8192)), root: root, limit: Self.textLimit,
            patience: .milliseconds(100))
    }

    public mutating func endSeeding() { known = nil }

    public mutating func timeAfterEnd(of pid: UInt32) -> Int64? {
        isProcessAlive(pid) ? nil : Clock.boottime()
    }

    public mutating func read(
        _ text: ProcessText, of process: ProcessIdentity, into bytes: inout [UInt8]
    ) -> Slot.Traits? {
        guard process.isKnown, isStill(process) else { return nil }
        let directory = "\(root)/\(process.pid)"
        var traits: Slot.Traits = .fromProc
        do {
            switch text {
            case .executable:
                try File.readLink(directory + "/exe", into: &bytes)
                removeDeletedMark(from: &bytes)
            case .workingDirectory:
                try File.readLink(directory + "/cwd", into: &bytes)
                removeDeletedMark(from: &bytes)
            case .arguments:
                let found =
                    known.map { $0[process.pid] }
                    ?? arguments.read(
                        [process.pid], root: root, limit: Self.textLimit, patience: .milliseconds(5))[
                        process.pid]
                guard let found else { return nil }
                bytes = found.bytes
                traits.insert(.mutable)
                if !found.isWhole {
                    bytes.append(contentsOf: "…".utf8)
                    traits.insert(.cut)
                }
            case .controlGroup:
                try File.read(directory + "/cgroup", into: &bytes, limit: Self.textLimit)
                guard let range = ControlGroupFile.leaf(in: bytes.span) else { return nil }
                bytes.removeSubrange(range.upperBound...)
                bytes.removeSubrange(..<range.lowerBound)
            }
        } catch {
            return nil
        }
        // the number may have gone to another process while it was read
        return isStill(process) ? traits : nil
    }

    public mutating func facts(of pid: UInt32) -> ProcessFacts? {
        guard let before = readStat(pid) else { return nil }
        var facts = before
        let status = try? File.read("\(root)/\(pid)/status", into: &stat, limit: Self.textLimit)
        guard status != nil else { return nil }
        if let ids = StatusFile.numbers(of: "Uid:", in: stat.span) {
            (facts.realUser, facts.effectiveUser) = ids
        }
        if let ids = StatusFile.numbers(of: "Gid:", in: stat.span) {
            (facts.realGroup, facts.effectiveGroup) = ids
        }
        guard readStat(pid)?.identity == before.identity else { return nil }
        return facts
    }

    public mutating func processes() -> [UInt32] {
        guard let names = try? File.names(in: root) else { return [] }
        return names.compactMap { UInt32($0) }.sorted()
    }

    private mutating func isStill(_ process: ProcessIdentity) -> Bool {
        guard let found = readStat(process.pid) else { return false }
        let tick = ProcessTick.nanoseconds
        return process.start == 0 || found.identity.start / tick == process.start / tick
    }

    private mutating func readStat(_ pid: UInt32) -> ProcessFacts? {
        guard (try? File.read("\(root)/\(pid)/stat", into: &stat, limit: 4096)) != nil else { return nil }
        return StatFile.facts(of: pid, in: stat.span)
    }

    /// The kernel marks names that are gone. A file that really is named so
    /// still exists.
    private func removeDeletedMark(from path: inout [UInt8]) {
        let mark = " (deleted)"
        guard path.span.hasSuffix(" (deleted)"),
            (try? File.metadata(of: String(decoding: path, as: UTF8.self))) == nil
        else { return }
        path.removeLast(mark.utf8.count)
    }
}

/// /proc/PID/stat.
enum StatFile {
    /// The name stands in parentheses and can hold anything, parentheses too.
    static func facts(of pid: UInt32, in bytes: borrowing Span<UInt8>) -> ProcessFacts? {
        var end = bytes.count - 1
        while end > 0, bytes[end] != UInt8(ascii: ")") { end -= 1 }
        var start = 0
        while start < end, bytes[start] != UInt8(ascii: "(") { start += 1 }
        guard start < end else { return nil }

        var facts = ProcessFacts(identity: ProcessIdentity(pid: pid, start: 0))
        for index in (start + 1)..<end { facts.threadName.append(bytes[index]) }
        var field = 2
        var value: UInt64 = 0
        var negative = false
        for index in (end + 1)...bytes.count {
            let byte = index < bytes.count ? bytes[index] : UInt8(ascii: " ")
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                value = value &* 10 &+ UInt64(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "-"): negative = true
            case UInt8(ascii: " "), UInt8(ascii: "\n"):
                let number = negative ? 0 : UInt32(truncatingIfNeeded: value)
                switch field {
                case 4: facts.parent = number
                case 5: facts.group = number
                case 6: facts.session = number
                case 7:
                    facts.terminalMajor = number >> 8 & 0xfff
                    facts.terminalMinor = number & 0xff | number >> 12 & 0xfff00
                case 22:
                    facts.identity.start = value &* ProcessTick.nanoseconds
                    return facts
                default: break
                }
                field += 1
                value = 0
                negative = false
            default: break
            }
        }
        return nil
    }
}

/// /proc/PID/status.
enum StatusFile {
    /// The first two numbers of a line: of ids, the real and the effective.
    static func numbers(of key: StaticString, in bytes: borrowing Span<UInt8>) -> (UInt32, UInt32)? {
        var start = 0
        while start < bytes.count {
            var end = start
            while end < bytes.count, bytes[end] != UInt8(ascii: "\n") { end += 1 }
            let line = bytes.extracting(start..<end)
            if line.hasPrefix(key) {
                var index = key.utf8CodeUnitCount
                let first = number(in: line, at: &index)
                let second = number(in: line, at: &index)
                return (first, second)
            }
            start = end + 1
        }
        return nil
    }

    private static func number(in line: borrowing Span<UInt8>, at index: inout Int) -> UInt32 {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        while index < line.count, !digits.contains(line[index]) { index += 1 }
        var value: UInt32 = 0
        while index < line.count, digits.contains(line[index]) {
            value = value &* 10 &+ UInt32(line[index] - UInt8(ascii: "0"))
            index += 1
        }
        return value
    }
}

/// /proc/PID/cgroup.
enum ControlGroupFile {
    /// The last component of the path in the hierarchy of version 2; where
    /// that is empty, in that of the pids or the memory controller.
    static func leaf(in bytes: borrowing Span<UInt8>) -> Range<Int>? {
        var best: (rank: Int, range: Range<Int>)?
        var start = 0
        while start < bytes.count {
            var end = start
            while end < bytes.count, bytes[end] != UInt8(ascii: "\n") { end += 1 }
            if let found = leaf(ofLine: start..<end, in: bytes), found.rank < best?.rank ?? .max {
                best = found
            }
            start = end + 1
        }
        return best?.range
    }

    /// A line is `number:controllers:path`; version 2 has no controllers.
    private static func leaf(
        ofLine line: Range<Int>, in bytes: borrowing Span<UInt8>
    ) -> (rank: Int, range: Range<Int>)? {
        let colon = UInt8(ascii: ":")
        guard let first = line.first(where: { bytes[$0] == colon }),
            let second = ((first + 1)..<line.upperBound).first(where: { bytes[$0] == colon })
        else { return nil }
        let path = bytes.extracting((second + 1)..<line.upperBound)
        let leaf = (second + 1 + path.lastComponentStart)..<line.upperBound
        guard !leaf.isEmpty else { return nil }
        let controllers = bytes.extracting((first + 1)..<second)
        if controllers.isEmpty { return (0, leaf) }
        if controllers.equals("pids") { return (1, leaf) }
        if controllers.equals("memory") { return (2, leaf) }
        return nil
    }
}
