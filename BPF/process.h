/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The texts that describe a process: executable, directory, arguments. */
#ifndef IMDSWATCH_PROCESS_H
#define IMDSWATCH_PROCESS_H

#include "task.h"

/* Withdraws a text: what it was read from changed meanwhile. */
static __always_inline void spoil_text(struct scratch *s, __u32 which)
{
	s->record.text[which].length = 0;
	s->record.text[which].state = TEXT_UNREADABLE;
	s->states |= 1 << TEXT_UNREADABLE;
}

static __always_inline int add_file(struct scratch *s, __u32 slot, __u32 which, struct file *file,
				    const bool direct)
{
	s->walk.start = FIELD(direct, file, f_path.mnt);
	s->walk.dentry = FIELD(direct, file, f_path.dentry);
	return add_path(slot, which);
}

/*
 * A file can be run through a descriptor from a mount that is not, or no
 * longer, in the namespace of its process; the path then means nothing there,
 * and could have been chosen to look like any other.
 */
static __always_inline void add_executable(struct scratch *s, __u32 slot, struct task_struct *task,
					   struct file *file, const bool direct)
{
	struct dentry *dentry = FIELD(direct, file, f_path.dentry);
	struct inode *inode = FIELD(direct, dentry, d_inode);
	struct record *record = &s->record;

	if (!FIELD(direct, inode, i_nlink))
		record->header.flags |= RECORD_DELETED;
	if (add_file(s, slot, TEXT_EXECUTABLE, file, direct) == WALK_MEMFD) {
		record->header.flags |= RECORD_MEMFD;
	} else if (record->header.flags & RECORD_HOST_MOUNTS) {
		struct nsproxy *proxy = FIELD(direct, task, nsproxy);
		struct mount *mount = mount_of(s->walk.start);

		if (FIELD(false, mount, mnt_ns) != FIELD(direct, proxy, mnt_ns))
			record->header.flags &= ~RECORD_HOST_MOUNTS;
	}
}

/* The directory can change under the walk where it is shared (CLONE_FS). */
static __always_inline void add_directory(struct scratch *s, __u32 slot, struct task_struct *task,
					  const bool direct)
{
	struct fs_struct *fs = FIELD(direct, task, fs);
	void *sequence = (void *)fs + bpf_core_field_offset(struct fs_struct, seq);
	__u32 before = 1, after = 0;

	bpf_probe_read_kernel(&before, sizeof(before), sequence);
	s->walk.start = FIELD(direct, fs, pwd.mnt);
	s->walk.dentry = FIELD(direct, fs, pwd.dentry);
	add_path(slot, TEXT_CWD);
	bpf_probe_read_kernel(&after, sizeof(after), sequence);
	if (before != after || before & 1)
		spoil_text(s, TEXT_CWD);
}

/*
 * The executable of the parent, which may be exiting: its memory, and with it
 * the file, is then gone or goes while we look. A kernel thread never had one.
 */
static __always_inline void add_parent(struct scratch *s, __u32 slot, struct task_struct *task,
				       const bool direct)
{
	struct task_struct *parent = FIELD(direct, task, real_parent);
	struct mm_struct *mm = FIELD(direct, parent, mm);
	struct file *file = mm ? FIELD(direct, mm, exe_file) : NULL;

	if (FIELD(direct, parent, flags) & PF_KTHREAD) {
		add_text(s, TEXT_PARENT_EXECUTABLE, 0, TEXT_COMPLETE, 0);
	} else if (!file) {
		add_text(s, TEXT_PARENT_EXECUTABLE, 0, TEXT_UNREADABLE, 0);
	} else {
		add_file(s, slot, TEXT_PARENT_EXECUTABLE, file, direct);
		if (FIELD(false, parent, mm) != mm || FIELD(false, mm, exe_file) != file)
			spoil_text(s, TEXT_PARENT_EXECUTABLE);
	}
}

/* Left out because the ring fills up: evidence goes before events do. */
static __always_inline void shed(struct scratch *s)
{
	add_text(s, TEXT_CWD, 0, TEXT_SHED, 0);
	add_text(s, TEXT_ARGV, 0, TEXT_SHED, 0);
	s->record.header.flags |= RECORD_DEGRADED;
}

#endif
