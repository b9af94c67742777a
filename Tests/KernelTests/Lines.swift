import Foundation
import Synchronization

/// Lines of a pipe, each with the time it came.
final class Lines: Sendable {
    struct Line: Sendable {
        let bytes: [UInt8]
        /// Nanoseconds since 1970.
        let arrival: UInt64

        var text: String { String(decoding: bytes, as: UTF8.self) }
    }

    private struct State {
        var lines: [Line] = []
        var rest: [UInt8] = []
        var ended = false
    }

    private let state = Mutex(State())

    /// Reads on a thread of its own until the end.
    init(reading handle: FileHandle) {
        let descriptor = handle.fileDescriptor
        Thread.detachNewThread { [self] in
            withExtendedLifetime(handle) { read(descriptor) }
        }
    }

    var all: [Line] { state.withLock { $0.lines } }

    /// What came after the last line feed.
    var rest: [UInt8] { state.withLock { $0.rest } }

    var text: String { all.map(\.text).joined(separator: "\n") }

    /// Waits until a line satisfies the condition.
    func wait(_ timeout: Duration, until condition: (Line) -> Bool) -> Line? {
        let end = ContinuousClock.now + timeout
        var seen = 0
        while true {
            let (lines, ended) = state.withLock { (Array($0.lines[seen...]), $0.ended) }
            if let line = lines.first(where: condition) { return line }
            seen += lines.count
            if ended || ContinuousClock.now >= end { return nil }
            usleep(500)
        }
    }

    /// Waits until the other side has closed the pipe.
    func waitForEnd(_ timeout: Duration) -> Bool {
        let end = ContinuousClock.now + timeout
        while !state.withLock({ $0.ended }) {
            if ContinuousClock.now >= end { return false }
            usleep(500)
        }
        return true
    }

    private func read(_ descriptor: Int32) {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe Foundation.read(descriptor, &buffer, buffer.count)
            guard count > 0 else { break }
            let arrival = Self.now
            state.withLock { state in
                state.rest += buffer[..<count]
                while let end = state.rest.firstIndex(of: UInt8(ascii: "\n")) {
                    state.lines.append(Line(bytes: Array(state.rest[..<end]), arrival: arrival))
                    state.rest.removeFirst(end + 1)
                }
            }
        }
        state.withLock { $0.ended = true }
    }

    static var now: UInt64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
