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
	struct task_struct *task = ctx->task, *parent;
	struct scratch *s;
	struct mm_struct *mm;
	struct file *file;
	__u32 size;

	if (!task || task->pid != task->tgid || task->flags & PF_KTHREAD ||
	    !task->signal->live.counter)
		return 0;
	s = scratch_of(SLOT_TASK);
	if (!s)
		return 0;
	begin_scratch(s, RECORD_TASK, RECORD_HOOK_NONE);
	/* through its children too: a kernel may leave pid 1 out of the iteration */
	parent = task->real_parent;
	if (task->tgid == 1)
		settings.host_mount_namespace = task->nsproxy->mnt_ns->ns.inum;
	else if (parent->tgid == 1)
		settings.host_mount_namespace = parent->nsproxy->mnt_ns->ns.inum;
	fill_task(&s->record, task, true);
	s->record.text[TEXT_PARENT_EXECUTABLE].state = TEXT_ABSENT;
	if (parent->flags & PF_KTHREAD)
		add_text(s, TEXT_PARENT_EXECUTABLE, 0, TEXT_COMPLETE, 0);
	mm = task->mm;
	file = mm ? mm->exe_file : NULL;
	if (file) {
		add_executable(s, SLOT_TASK, task, file, true);
		if (FIELD(false, task, mm) != mm || FIELD(false, mm, exe_file) != file)
			spoil_text(s, TEXT_EXECUTABLE);
		add_directory(s, SLOT_TASK, task, true);
	} else {
		/* a leader that ended before its threads has neither */
		add_text(s, TEXT_EXECUTABLE, 0, TEXT_UNREADABLE, 0);
		add_text(s, TEXT_CWD, 0, TEXT_UNREADABLE, 0);
	}
	add_cgroup(s, task, true);
	size = s->record.header.size;
	if (size <= sizeof(s->record) + 2 * RECORD_PATH_MAX + NAME_BYTES)
		bpf_seq_write(seq, s, size);
	return 0;
}
