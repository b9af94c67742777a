/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The processes that are there already, read once at start: with starts in
 * nanoseconds, which /proc does not have. Arguments come from /proc. By helper:
 * it runs once, and is verified in a third of the time that typed pointers take.
 */
#include "process.h"
#include "send.h"

static __always_inline __u32 mount_namespace_of(struct nsproxy *proxy)
{
	struct mnt_namespace *mounts = FIELD(false, proxy, mnt_ns);

	return FIELD(false, mounts, ns.inum);
}

SEC("iter/task")
int tasks(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;
	struct subject who;
	struct scratch *s;
	__u32 size;

	if (!task || task->pid != task->tgid || task->flags & PF_KTHREAD ||
	    !task->signal->live.counter)
		return 0;
	s = scratch_of(SLOT_TASK);
	if (!s)
		return 0;
	begin_scratch(s, bpf_ktime_get_boot_ns(), RECORD_TASK, RECORD_HOOK_NONE);
	find_subject(&who, task, false);
	/* through its children too: a kernel may leave pid 1 out of the iteration */
	if (task->tgid == 1)
		settings.host_mount_namespace = mount_namespace_of(who.proxy);
	else if (FIELD(false, who.parent, tgid) == 1)
		settings.host_mount_namespace =
			mount_namespace_of(FIELD(false, who.parent, nsproxy));
	find_top(s, &who, false);
	fill_task(&s->record, &who, NULL, false);
	s->record.text[TEXT_PARENT_EXECUTABLE].state = TEXT_ABSENT;
	if (FIELD(false, who.parent, flags) & PF_KTHREAD)
		add_text(s, TEXT_PARENT_EXECUTABLE, 0, TEXT_COMPLETE, 0);
	if (who.mm) {
		add_executable(s, SLOT_TASK, &who, false, false);
		barrier();
		if (FIELD(false, task, mm) != who.mm || FIELD(false, who.mm, exe_file) != who.file)
			spoil_text(s, TEXT_EXECUTABLE);
		add_directory(s, SLOT_TASK, &who, false);
	} else {
		/* a leader that ended before its threads has neither */
		add_text(s, TEXT_EXECUTABLE, 0, TEXT_UNREADABLE, 0);
		add_text(s, TEXT_CWD, 0, TEXT_UNREADABLE, 0);
	}
	add_cgroup(s, &who, NULL, false);
	size = s->record.header.size;
	if (size <= sizeof(s->record) + 2 * RECORD_PATH_MAX + NAME_BYTES)
		bpf_seq_write(seq, &s->record, size);
	return 0;
}
