/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A process was made; threads are none. */
#include "family.h"
#include "send.h"
#include "task.h"

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wincompatible-library-redeclaration"
SEC("tp_btf/sched_process_fork")
int BPF_PROG(fork, struct task_struct *caller, struct task_struct *child)
{
	struct task_struct *parent = child->real_parent;
	struct cred *cred = caller->cred;
	struct fs_struct *fs = caller->fs;
	struct record_fork record;
	__u64 *counters;

	if (child->pid != child->tgid)
		return 0;
	counters = counters_of(COUNTER_FORK);
	if (!counters)
		return 0;
	add_one(counters, COUNTER_SEEN);
	begin(&record.header, child->start_boottime, RECORD_FORK, RECORD_HOOK_TRACEPOINT,
	      sizeof(record));
	/* a look at the clock is a third of what this program costs */
	if (settings.time_forks)
		record.header.time = bpf_ktime_get_boot_ns();
	else
		record.header.flags |= RECORD_AT_START;
	if (parent != caller)
		record.header.flags |= RECORD_BY_SIBLING;
	identify(&record.parent, parent->group_leader, true);
	identify(&record.process, child, true);
	record.uid = cred->uid.val;
	record.euid = cred->euid.val;
	record.gid = cred->gid.val;
	record.egid = cred->egid.val;
	record.directory.mount = (__u64)fs->pwd.mnt;
	record.directory.entry = (__u64)fs->pwd.dentry;
	if (settings.note_forks)
		record.header.time = note_start(record.parent.pid, record.header.time);
	send(&record, sizeof(record), ring_fill(), counters, LATER);
	if (settings.note_forks)
		note_start_again(record.parent.pid);
	return 0;
}
#pragma clang diagnostic pop
