/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The processes that are there already, read once at start: with starts in
 * nanoseconds, which /proc does not have. Arguments come from /proc.
 */
#include "process.h"
#include "send.h"

SEC("iter/task")
int tasks(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;
	struct subject who;
	struct scratch *s;
	struct file *file;
	__u32 size;

	if (!task || task->pid != task->tgid || task->flags & PF_KTHREAD ||
	    !task->signal->live.counter)
		return 0;
	s = scratch_of(SLOT_TASK);
	if (!s)
		return 0;
	begin_scratch(s, bpf_ktime_get_boot_ns(), RECORD_TASK, RECORD_HOOK_NONE);
	find_subject(&who, task, true);
	/* through its children too: a kernel may leave pid 1 out of the iteration */
	if (task->tgid == 1)
		settings.host_mount_namespace = who.proxy->mnt_ns->ns.inum;
	else if (who.parent->tgid == 1)
		settings.host_mount_namespace = who.parent->nsproxy->mnt_ns->ns.inum;
	find_top(s, &who, true);
	fill_task(&s->record, &who, true);
	s->record.text[TEXT_PARENT_EXECUTABLE].state = TEXT_ABSENT;
	if (who.parent->flags & PF_KTHREAD)
		add_text(s, TEXT_PARENT_EXECUTABLE, 0, TEXT_COMPLETE, 0);
	if (who.mm) {
		file = who.mm->exe_file;
		add_executable(s, SLOT_TASK, &who, false, true);
		barrier();
		if (task->mm != who.mm || who.mm->exe_file != file)
			spoil_text(s, TEXT_EXECUTABLE);
		add_directory(s, SLOT_TASK, &who, true);
	} else {
		/* a leader that ended before its threads has neither */
		add_text(s, TEXT_EXECUTABLE, 0, TEXT_UNREADABLE, 0);
		add_text(s, TEXT_CWD, 0, TEXT_UNREADABLE, 0);
	}
	add_cgroup(s, &who, true);
	size = s->record.header.size;
	if (size <= sizeof(s->record) + 2 * RECORD_PATH_MAX + NAME_BYTES)
		bpf_seq_write(seq, &s->record, size);
	return 0;
}
