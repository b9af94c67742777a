/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The texts that describe a process: executable, directory, arguments. */
#ifndef IMDSWATCH_PROCESS_H
#define IMDSWATCH_PROCESS_H

#include "path.h"

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
	return add_path(s, slot, which, FIELD(direct, file, f_path.mnt),
			FIELD(direct, file, f_path.dentry), direct);
}

/*
 * Through a descriptor a process can run a file, or be in a directory, of a
 * mount that is not, or no longer, in its namespace; the path then means
 * nothing there, and could have been chosen to look like any other.
 */
static __always_inline bool is_mounted(const struct scratch *s, const struct vfsmount *at,
				       const struct mnt_namespace *mounts)
{
	struct mount *mount = mount_of(at);

	/* the top mount is in the task's own namespace */
	return likely(mount == s->walk.top) || FIELD(false, mount, mnt_ns) == mounts;
}

/* Notes that a path is one of another namespace. */
static __always_inline void doubt_text(struct scratch *s, __u32 which)
{
	if (s->record.text[which].state != TEXT_COMPLETE)
		return;
	s->record.text[which].state = TEXT_FOREIGN;
	s->states |= 1 << TEXT_FOREIGN;
}

static __always_inline void add_executable(struct scratch *s, __u32 slot, const struct subject *who,
					   const bool is_told, const bool direct)
{
	struct file *file = who->file;
	__u32 *flags = &s->record.header.flags;
	struct dentry *dentry;
	struct inode *inode;

	if (unlikely(!file)) {
		/* a kernel thread has none */
		add_text(s, TEXT_EXECUTABLE, 0,
			 *flags & RECORD_KERNEL_THREAD ? TEXT_COMPLETE : TEXT_UNREADABLE, 0);
		return;
	}
	dentry = FIELD(direct, file, f_path.dentry);
	inode = FIELD(direct, dentry, d_inode);
	if (unlikely(!FIELD(direct, inode, i_nlink)))
		*flags |= RECORD_DELETED;
	if (is_told) {
		add_text(s, TEXT_EXECUTABLE, 0, TEXT_TOLD, 0);
		*flags |= s->told.flags;
	} else if (unlikely(add_file(s, slot, TEXT_EXECUTABLE, file, direct) == WALK_MEMFD)) {
		*flags |= RECORD_MEMFD;
	}
	if (!(*flags & RECORD_MEMFD) &&
	    !is_mounted(s, FIELD(direct, file, f_path.mnt), who->mounts)) {
		*flags &= ~RECORD_HOST_MOUNTS;
		doubt_text(s, TEXT_EXECUTABLE);
	}
}

/* Odd while somebody writes. */
static __always_inline __u32 sequence_of(struct fs_struct *fs, const bool direct)
{
	__u32 *sequence = (void *)fs + bpf_core_field_offset(struct fs_struct, seq);
	__u32 value = 1;

	/* keeps the offset out of the load: libbpf would compare the sizes */
	barrier_var(sequence);
	barrier();
	if (direct)
		return *sequence;
	bpf_probe_read_kernel(&value, sizeof(value), sequence);
	return value;
}

/* The directory can change under the walk where it is shared (CLONE_FS). */
static __always_inline void add_directory(struct scratch *s, __u32 slot, const struct subject *who,
					  const bool direct)
{
	struct fs_struct *fs = who->fs;
	__u32 before = sequence_of(fs, direct);
	struct vfsmount *mount = FIELD(direct, fs, pwd.mnt);
	struct dentry *entry = FIELD(direct, fs, pwd.dentry);

	s->record.directory.mount = (__u64)mount;
	s->record.directory.entry = (__u64)entry;
	add_path(s, slot, TEXT_CWD, mount, entry, direct);
	if (unlikely(before & 1 || sequence_of(fs, direct) != before))
		spoil_text(s, TEXT_CWD);
	else if (!is_mounted(s, mount, who->mounts))
		doubt_text(s, TEXT_CWD);
}

static __always_inline bool is_same(const struct record_identity *one,
				    const struct record_identity *other)
{
	return one->start == other->start && one->pid == other->pid;
}

static __always_inline bool parent_was_told(const struct scratch *s, const struct subject *who,
					    const bool direct)
{
	const struct told *told = &s->told;

	return told->time && s->record.header.time - told->time < KNOWN_LASTS &&
	       is_same(&told->parent, &s->record.task.parent) &&
	       told->mount_namespace == s->record.task.mount_namespace &&
	       told->parent_execs == FIELD(direct, who->parent, self_exec_id) &&
	       told->parent_file == who->parent_file;
}

/*
 * To be called before the parent is described, so that what changes meanwhile
 * is a change; it counts once note_sent() was called.
 */
static __always_inline void note_parent(struct scratch *s, const struct subject *who,
					const bool direct)
{
	struct told *told = &s->told;

	told->time = 0;
	barrier();
	told->parent = s->record.task.parent;
	told->mount_namespace = s->record.task.mount_namespace;
	told->parent_execs = FIELD(direct, who->parent, self_exec_id);
	told->parent_file = who->parent_file;
}

/* A kernel thread has no executable to tell. */
static __always_inline void note_sent(struct scratch *s)
{
	const struct record_text *text = &s->record.text[TEXT_PARENT_EXECUTABLE];

	if (text->state == TEXT_COMPLETE && text->length && s->told.parent_file)
		s->told.time = s->record.header.time;
}

/*
 * Whether the path of the parent's executable means something: on the host only
 * as a path of the host; elsewhere also as one of the parent's own namespace,
 * which started the container.
 */
static __always_inline bool parent_is_mounted(const struct scratch *s, const struct subject *who,
					      struct file *file, const bool direct)
{
	struct vfsmount *at = FIELD(direct, file, f_path.mnt);
	struct nsproxy *proxy;

	if (is_mounted(s, at, who->mounts))
		return true;
	if (s->record.task.mount_namespace == host_mount_namespace())
		return false;
	proxy = FIELD(false, who->parent, nsproxy);
	return proxy && is_mounted(s, at, FIELD(false, proxy, mnt_ns));
}

/*
 * The executable of the parent, which may be exiting: its memory, and with it
 * the file, is then gone or goes while we look. A kernel thread never had one.
 */
static __always_inline void add_parent(struct scratch *s, __u32 slot, const struct subject *who,
				       const bool is_told, const bool direct)
{
	struct file *file = who->parent_file;

	if (is_told) {
		add_text(s, TEXT_PARENT_EXECUTABLE, 0, TEXT_TOLD, 0);
	} else if (FIELD(direct, who->parent, flags) & PF_KTHREAD) {
		add_text(s, TEXT_PARENT_EXECUTABLE, 0, TEXT_COMPLETE, 0);
	} else if (!file) {
		add_text(s, TEXT_PARENT_EXECUTABLE, 0, TEXT_UNREADABLE, 0);
	} else {
		if (add_file(s, slot, TEXT_PARENT_EXECUTABLE, file, direct) != WALK_MEMFD &&
		    !parent_is_mounted(s, who, file, direct))
			doubt_text(s, TEXT_PARENT_EXECUTABLE);
		barrier();
		if (FIELD(false, who->parent, mm) != who->parent_mm ||
		    FIELD(direct, who->parent_mm, exe_file) != file)
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
