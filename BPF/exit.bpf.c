/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A process ended: the last of its threads did. */
#include "send.h"
#include "task.h"

#define EXITING_MAX 1024

/*
 * Processes whose last threads ended together: each of them finds no thread
 * alive, and the first to get here reports. Kernels before 6.14 do not say
 * which thread was the last.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, EXITING_MAX);
	__type(key, struct record_identity);
	__type(value, __u8);
} exiting SEC(".maps");

/* Small enough for a per-CPU map: there are no paths, the memory is gone. */
struct exit_scratch {
	struct record record;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct exit_scratch);
} exit_scratch SEC(".maps");

SEC("tp_btf/sched_process_exit")
int BPF_PROG(exit_hook, struct task_struct *task)
{
	struct signal_struct *signal = task->signal;
	struct exit_scratch *s;
	struct subject who;
	__u64 *counters;
	__u32 zero = 0;
	__u8 mark = 1;

	if (signal->live.counter || task->flags & PF_KTHREAD)
		return 0;
	counters = counters_of(COUNTER_EXIT);
	if (!counters)
		return 0;
	add_one(counters, COUNTER_SEEN);
	s = bpf_map_lookup_elem(&exit_scratch, &zero);
	if (!s) {
		add_one(counters, COUNTER_FAILED);
		return 0;
	}
	begin(&s->record.header, bpf_ktime_get_boot_ns(), RECORD_EXIT, RECORD_HOOK_TRACEPOINT,
	      sizeof(s->record));
	find_subject(&who, task, true);
	fill_task(&s->record, &who, NULL, true);
	if (signal->nr_threads > 1 &&
	    bpf_map_update_elem(&exiting, &s->record.task.process, &mark, BPF_NOEXIST)) {
		add_one(counters, COUNTER_FILTERED);
		return 0;
	}
	s->record.task.exit_code =
		signal->flags & SIGNAL_GROUP_EXIT ? signal->group_exit_code : who.leader->exit_code;
	send(&s->record, sizeof(s->record), ring_fill(), counters, LATER);
	return 0;
}
