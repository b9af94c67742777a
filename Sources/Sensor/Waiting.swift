internal import Platform

/// What the reader's thread sleeps on: the ring, signals, and a broken output.
struct Waiting: ~Copyable {
    /// What there is.
    struct News {
        /// Whoever wrote a record has woken us.
        var hasRecords = false
        var hasSignal = false
        var isBroken = false
    }

    private enum Token: UInt64 {
        case ring = 1
        case signals, broken
    }

    let signals: SignalDescriptor
    private let epoll: Epoll

    /// Signals are blocked from here on, in this thread and in those it starts.
    init() throws(SystemCallError) {
        let signals = try SignalDescriptor()
        let epoll = try Epoll()
        try epoll.add(signals.number, token: Token.signals.rawValue)
        self.signals = signals
        self.epoll = epoll
    }

    func watch(_ ring: Int32, broken: Int32) throws(SensorError) {
        do throws(SystemCallError) {
            // records that need nobody at once make the ring readable all the time
            try epoll.add(ring, token: Token.ring.rawValue, .edge)
            try epoll.add(broken, token: Token.broken.rawValue)
        } catch {
            throw .system(error)
        }
    }

    /// Sleeps until there is something, at most so many nanoseconds.
    func wait(_ limit: Int64) throws(SystemCallError) -> News {
        var news = News()
        _ = try epoll.wait(timeout: .nanoseconds(limit)) { token in
            switch Token(rawValue: token) {
            case .signals: news.hasSignal = true
            case .broken: news.isBroken = true
            case .ring: news.hasRecords = true
            case nil: break
            }
        }
        return news
    }
}
