internal import Glibc

/// How the kernel chooses the calling thread among others that want a processor.
public enum Scheduling: Sendable {
    /// As whoever started this process asked: a policy or a nice value of
    /// their choice was found and kept.
    case given
    /// Before every ordinary thread (`SCHED_RR` at the lowest priority).
    case realTime
    /// Earlier than most ordinary threads.
    case raised
    /// Like any other: nothing more is allowed.
    case ordinary

    /// Lets the calling thread, and those that it starts later, run as soon as
    /// they wake, unless somebody has decided about it before. Takes
    /// CAP_SYS_NICE; a kernel with real-time groups can refuse the first step
    /// all the same (`sched(7)`), so there is a second one.
    public static func raise() -> Scheduling {
        guard sched_getscheduler(0) == SCHED_OTHER, niceValue == 0 else { return .given }
        var parameters = sched_param()
        parameters.sched_priority = sched_get_priority_min(SCHED_RR)
        if unsafe sched_setscheduler(0, SCHED_RR, &parameters) == 0 { return .realTime }
        return setNice(raisedNice) ? .raised : .ordinary
    }

    /// Makes the calling thread an ordinary one again, if `raise` made it real-time.
    public static func lower() {
        guard sched_getscheduler(0) == SCHED_RR else { return }
        var parameters = sched_param()
        _ = unsafe sched_setscheduler(0, SCHED_OTHER, &parameters)
    }

    private static let raisedNice: Int32 = -10

    // In Linux the "process" of these calls is a thread.
    private static var niceValue: Int32 { getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0) }

    private static func setNice(_ value: Int32) -> Bool {
        setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, value) == 0
    }
}
