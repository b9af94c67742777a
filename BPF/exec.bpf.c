/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A program started. */
#include "family.h"
#include "process.h"
#include "send.h"

SEC("tp_btf/sched_process_exec")
int BPF_PROG(exec, struct task_struct *task, pid_t old_pid, struct linux_binprm *program)
{
	struct scratch *s = scratch_of(SLOT_EXEC);
	__u64 *counters = counters_of(COUNTER_EXEC);
	struct subject who;
	bool is_told;
	__u64 fill;

	if (!counters)
		return 0;
	add_one(counters, COUNTER_SEEN);
	if (unlikely(!s)) {
		add_one(counters, COUNTER_FAILED);
		return 0;
	}
	begin_scratch(s, bpf_ktime_get_boot_ns(), RECORD_EXEC, RECORD_HOOK_TRACEPOINT);
	find_subject(&who, task, true);
	/* what begin_new_exec() has made that of the memory; nothing of the program ran since */
	who.file = program->file;
	find_top(s, &who, true);
	fill_task(&s->record, &who, s->leaders, true);
	add_cgroup(s, &who, &s->told_group, true);
	s->record.header.time = note_start(s->record.task.parent.pid, s->record.header.time);
	if (program->interp != program->filename)
		s->record.header.flags |= RECORD_SCRIPT;
	add_string(s, TEXT_INVOKED, RECORD_PATH_MAX, program->filename);
	add_executable(s, SLOT_EXEC, &who, false, true);
	is_told = parent_was_told(s, &who, true);
	if (!is_told)
		note_parent(s, &who, true);
	add_parent(s, SLOT_EXEC, &who, is_told, true);
	s->record.argument_count = program->argc;
	fill = ring_fill();
	if (unlikely(fill > SHED_FROM(fixed.ring_size))) {
		shed(s);
	} else {
		add_directory(s, SLOT_EXEC, &who, true);
		add_arguments(s, SLOT_EXEC, TEXT_ARGV, who.mm->arg_start, who.mm->arg_end);
	}
	s->record.text[TEXT_ENV].state = TEXT_ABSENT;
	if (unlikely(settings.capture_env))
		add_arguments(s, SLOT_EXEC, TEXT_ENV, who.mm->env_start, who.mm->env_end);
	if (send_scratch(s, fill, counters, settings.wake_exec ? SOON : LATER) && !is_told)
		note_sent(s);
	note_start_again(s->record.task.parent.pid);
	return 0;
}
