internal import Platform

/// How far a replay is: one line on standard error, written over and over.
struct ReplayProgress {
    private let isShown: Bool
    private let total: Int64
    private var done: Int64 = 0
    private let start = Clock.monotonic()
    private var nextTime: Int64 = 0
    private var isVisible = false
    private let passes: Int
    private var pass = 1

    /// - Parameters:
    ///   - total: bytes to read; 0 if that is not known.
    ///   - passes: how often they are read.
    init(isShown: Bool, total: Int64, passes: Int) {
        self.isShown = isShown
        self.total = total
        self.passes = passes
    }

    mutating func beginPass() {
        pass += 1
        done = 0
    }

    mutating func advance(by bytes: Int, _ events: UInt64, alerts: UInt64) {
        done += Int64(bytes)
        guard isShown else { return }
        let now = Clock.monotonic()
        guard now >= nextTime else { return }
        nextTime = now + ReplayProgress.interval
        isVisible = true
        StandardError.write(
            "\r\u{1b}[K"
                + ReplayProgress.text(
                    done: done, of: total, pass: pass, passes: passes, events: events, alerts: alerts,
                    nanoseconds: now - start))
    }

    /// Takes the line away, so that something else can be written.
    mutating func clear() {
        guard isVisible else { return }
        isVisible = false
        StandardError.write("\r\u{1b}[K")
    }

    private static let interval: Int64 = 200_000_000

    static func text(
        done: Int64, of total: Int64, pass: Int, passes: Int, events: UInt64, alerts: UInt64,
        nanoseconds: Int64
    ) -> String {
        var text = passes > 1 ? "\(pass)/\(passes) " : ""
        if total > 0 {
            let percent = min(100, done * 100 / total)
            let filled = Int(percent / 5)
            text += "[" + String(repeating: "#", count: filled) + String(repeating: ".", count: 20 - filled)
            text += "] \(percent)% of \(total >> 20) MB"
        } else {
            text += "\(done >> 20) MB"
        }
        let rate = UInt64(Double(events) / (Double(max(nanoseconds, 1)) / 1e9))
        return text + "  \(events) events (\(rate)/s)  \(alerts) alert\(alerts == 1 ? "" : "s")"
    }
}
