/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Connections that nobody waits for although a rule names their address. A
 * sequence that joins a program start and a connection by process or parent,
 * within a span, cannot be completed where the parent's children have started
 * nothing for so long: agents that ask for credentials all day cost a look.
 *
 * User space says which processes connect again and again, and who their
 * parents were when they started; the kernel has forgotten where one has died.
 */
#ifndef IMDSWATCH_FAMILY_H
#define IMDSWATCH_FAMILY_H

#include "maps.h"

/* Clocks of processors differ, and a program may be held up: a start may seem to
 * be some seconds in the future. */
#define START_AHEAD 65536

/* How far settings.note_since may lie before the moment from which on programs
 * really note: clocks of processors differ, and stores are seen late. */
#define NOTED_LATE 16

/* For how long what was seen counts, unless it is told anew: some minutes. */
#define SEEN_LASTS (1U << 18)

static __always_inline __u32 start_clock(__u64 time)
{
	return time >> START_SHIFT;
}

/*
 * When a child of `parent` last started something. Since before `since` nothing was
 * noted, one may have done so until then.
 */
static __always_inline __u32 last_start(__u32 parent, __u32 now, __u32 since)
{
	__u32 first = since + NOTED_LATE, last = starts[parent % FAMILIES_MAX];

	return now - first + START_AHEAD < now - last + START_AHEAD ? first : last;
}

/*
 * Whether a connection may complete what a child of `parent` has begun: one
 * has started something within `window`, and not before the time `seen`, at
 * which those who wait saw the same connection.
 */
static __always_inline bool matters(__u32 parent, __u32 now, __u32 window, __u32 since, __u32 seen)
{
	__u32 last = last_start(parent, now, since);
	/* units may differ by one between processors */
	bool is_over = seen && now - seen < SEEN_LASTS && seen - last - 2 < 1U << 31;

	return now - last + START_AHEAD <= window + START_AHEAD && !is_over;
}

/*
 * Notes that a child of `parent` was forked or started a program: a connection
 * that looked before comes before the time that is returned. Families that
 * share an element make each other's connections count, no more. Nothing is
 * noted before some process has connected again and again, and forks only where
 * rules ask for them, whose records then have the time of their hook (settings.time_forks).
 * To be called at `time`; who is held up in here notes a
 * second time, lest the time of another processor be replaced by an older one.
 */
static __always_inline __u64 note_start(__u32 parent, __u64 time)
{
	volatile __u32 *last = &starts[parent % FAMILIES_MAX];

	if (likely(!settings.note_since))
		return time;
	for (int i = 0; i < 2 && *last - start_clock(time) >= START_AHEAD; i++) {
		*last = start_clock(time);
		time = bpf_ktime_get_boot_ns();
	}
	return time;
}

/* Once more, when the record of the start was sent: a connection that was seen
 * before it does not count as seen after it. */
static __always_inline void note_start_again(__u32 parent)
{
	if (unlikely(settings.note_since))
		note_start(parent, bpf_ktime_get_boot_ns());
}

/*
 * Whether nobody waits for a connection, at `time`, of the current process to
 * the address `high`, `low`, in the words of memory. Its parent of now counts
 * as well, in case the sensor has forgotten the one that it told; what was
 * seen was not seen as of that one's. Verified once, and without typed
 * pointers: they took the kernel 40 ms more.
 */
__noinline int is_idle(__u64 time, __u64 high, __u64 low, __u32 port)
{
	__u32 window = settings.start_window, since = settings.note_since;
	__u32 now = start_clock(time), pid, told, seen;
	struct task_struct *task, *leader, *parent;
	volatile struct regular *regular;

	if (!window || !since)
		return false;
	pid = bpf_get_current_pid_tgid() >> 32;
	regular = bpf_map_lookup_elem(&regulars, &pid);
	if (!regular)
		return false;
	/* before the rest: another process, told later, may take this place meanwhile */
	seen = regular->seen;
	told = regular->parent;
	if (regular->high != high || regular->low != low || regular->port != port)
		seen = 0;
	if (matters(told, now, window, since, seen))
		return false;
	task = (void *)bpf_get_current_task();
	leader = FIELD(false, task, group_leader);
	parent = FIELD(false, task, real_parent);
	pid = FIELD(false, parent, tgid);
	return regular->start == FIELD(false, leader, start_boottime) &&
	       regular->execs == (__u32)FIELD(false, task, self_exec_id) &&
	       (pid == told || !matters(pid, now, window, since, 0));
}

#endif
