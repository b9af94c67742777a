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

static __always_inline __u32 start_clock(__u64 time)
{
	return time >> START_SHIFT;
}

/* Whether the children of `parent` have started something within `window`. */
static __always_inline bool started(__u32 parent, __u32 now, __u32 window)
{
	return now - starts[parent % FAMILIES_MAX] + START_AHEAD <= window + START_AHEAD;
}

/*
 * Notes that a child of `parent` was forked or started a program. Families
 * that share an element make each other's connections count, no more.
 */
static __always_inline void note_start(struct record_header *header, __u32 parent)
{
	__u32 now = start_clock(header->time);

	if (started(parent, now, START_SLACK))
		return;
	starts[parent % FAMILIES_MAX] = now;
	/* a connection that looked before this store comes before the start */
	header->time = bpf_ktime_get_boot_ns();
}

/*
 * Whether nobody waits for a connection, at `time`, of the current process.
 * Its parent of now counts as well, in case the sensor has forgotten the one
 * that it told. Verified once, and without typed pointers: they took the kernel
 * 40 ms more.
 */
__noinline int is_idle(__u64 time)
{
	__u32 window = settings.start_window, now = start_clock(time), pid;
	struct task_struct *task, *leader, *parent;
	struct regular *regular;

	if (!window)
		return false;
	pid = bpf_get_current_pid_tgid() >> 32;
	regular = bpf_map_lookup_elem(&regulars, &pid);
	if (!regular || started(regular->parent, now, window))
		return false;
	task = (void *)bpf_get_current_task();
	leader = FIELD(false, task, group_leader);
	parent = FIELD(false, task, real_parent);
	return regular->start == FIELD(false, leader, start_boottime) &&
	       regular->execs == (__u32)FIELD(false, task, self_exec_id) &&
	       !started(FIELD(false, parent, tgid), now, window);
}

#endif
