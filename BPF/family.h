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

/* Starts as close together as this, in units of START_SHIFT, are one. */
#define START_SLACK 128

static __always_inline __u32 start_clock(__u64 time)
{
	return time >> START_SHIFT;
}

/*
 * Notes that a child of `parent` was forked or started a program. Families
 * that share an element make each other's connections wanted, no more.
 */
static __always_inline void note_start(struct record_header *header, __u32 parent)
{
	volatile __u32 *last = &starts[parent % FAMILIES_MAX];
	__u32 now = start_clock(header->time);

	if (now - *last < START_SLACK)
		return;
	*last = now;
	/* a connection that looked before this store comes before the start */
	header->time = bpf_ktime_get_boot_ns();
}

/* Whether the current process is one that nobody waits for at present. */
static __always_inline bool is_idle(const bool typed)
{
	__u32 window = settings.start_window, pid;
	struct task_struct *task, *leader;
	struct regular *regular;

	if (!window)
		return false;
	pid = bpf_get_current_pid_tgid() >> 32;
	regular = bpf_map_lookup_elem(&regulars, &pid);
	if (!regular ||
	    start_clock(bpf_ktime_get_boot_ns()) - starts[regular->parent % FAMILIES_MAX] <= window)
		return false;
	if (typed && bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf)) {
		task = bpf_get_current_task_btf();
		leader = task->group_leader;
		return regular->execs == (__u32)task->self_exec_id &&
		       regular->start == leader->start_boottime;
	}
	task = (void *)bpf_get_current_task();
	leader = FIELD(false, task, group_leader);
	return regular->execs == (__u32)FIELD(false, task, self_exec_id) &&
	       regular->start == FIELD(false, leader, start_boottime);
}

#endif
