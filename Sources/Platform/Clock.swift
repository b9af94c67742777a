internal import Glibc

/// The clocks of the kernel, in nanoseconds.
public enum Clock {
    /// Since boot, suspended time included: what records carry.
    public static func boottime() -> Int64 { now(CLOCK_BOOTTIME) }

    /// Since 1970, UTC.
    public static func realtime() -> Int64 { now(CLOCK_REALTIME) }

    /// Grows steadily; its zero means nothing. For measuring how long things take.
    public static func monotonic() -> Int64 { now(CLOCK_MONOTONIC) }

    /// What must be added to a boot time to make it UTC.
    ///
    /// The two clocks cannot be read at once: of a few tries the one counts
    /// whose readings lay closest together.
    public static func bootToUTC() -> Int64 {
        var best: (window: Int64, offset: Int64) = (.max, 0)
        for _ in 0..<4 {
            let before = boottime()
            let utc = realtime()
            let window = boottime() - before
            if window < best.window { best = (window, utc - before - window / 2) }
        }
        return best.offset
    }

    /// Lets the calling thread sleep; not at all if the time is not positive.
    public static func sleep(nanoseconds: Int64) {
        guard nanoseconds > 0 else { return }
        var time = timespec(
            tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
        // SAFETY: the pointer is to a local that outlives the call. A signal
        // that cuts the sleep short is welcome.
        _ = unsafe nanosleep(&time, nil)
    }

    private static func now(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        // SAFETY: the pointer is to a local that outlives the call; these
        // clocks exist on every supported kernel, and zero is left if not.
        unsafe clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
