/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Absolute paths, found by walking from a dentry up to the root of its mount
 * namespace: bpf_d_path is not allowed in sched_process_exec.
 */
#ifndef IMDSWATCH_PATH_H
#define IMDSWATCH_PATH_H

#include "text.h"

/* The longest path has 2048 components, and crosses some mounts. */
#define WALK_STEP  16
#define WALK_STEPS 160

enum walk_result {
	WALK_MORE,    /* not at the root yet */
	WALK_ROOT,    /* complete */
	WALK_MEMFD,   /* a file without a directory; its name is its path */
	WALK_OUTSIDE, /* left the mount sideways, or too deep: the head is missing */
	WALK_FAILED,
};

static __always_inline struct mount *mount_of(const struct vfsmount *mount)
{
	return (void *)mount - bpf_core_field_offset(struct mount, mnt);
}

/*
 * Puts "/name" in front of the path. When there is no more room, the upper
 * half of the buffer keeps the path's tail, and the lower half starts over:
 * at the end it holds the head.
 */
static __always_inline bool prepend(struct scratch *s, struct walk *walk, const unsigned char *name,
				    __u32 length)
{
	__u32 offset = walk->offset;

	length &= NAME_BYTES - 1;
	if (length >= offset) {
		walk->cut = true;
		offset = RECORD_PATH_MAX / 2;
	}
	offset -= length + 1;
	offset &= RECORD_PATH_MAX - 1;
	s->path[offset] = '/';
	walk->offset = offset;
	return !bpf_probe_read_kernel(&s->path[offset + 1], length, name);
}

/* Goes up at most WALK_STEP components or mounts; resumable. */
__noinline int walk_step(__u32 slot)
{
	struct scratch *s = scratch_of(slot);
	struct walk *walk;

	if (!s)
		return WALK_FAILED;
	walk = &s->walk;
	for (int i = 0; i < WALK_STEP; i++) {
		struct dentry *dentry = walk->dentry, *parent;
		const unsigned char *name;
		__u32 length;

		if (dentry == walk->root) {
			struct mount *mount = walk->mount, *above;

			if (mount == walk->top)
				return WALK_ROOT;
			above = FIELD(false, mount, mnt_parent);
			if (!above)
				return WALK_FAILED;
			if (above == mount) {
				if (walk->offset == walk->crossed)
					walk->top = walk->crossed_mount;
				return WALK_ROOT;
			}
			walk->crossed = walk->offset;
			walk->crossed_mount = mount;
			walk->dentry = FIELD(false, mount, mnt_mountpoint);
			walk->mount = above;
			walk->root = FIELD(false, above, mnt.mnt_root);
			continue;
		}
		parent = FIELD(false, dentry, d_parent);
		length = FIELD(false, dentry, d_name.len);
		name = FIELD(false, dentry, d_name.name);
		if (!parent)
			return WALK_FAILED;
		if (parent == dentry) {
			if (walk->offset != RECORD_PATH_MAX || length < 2)
				return WALK_OUTSIDE;
			return prepend(s, walk, name, length) ? WALK_MEMFD : WALK_FAILED;
		}
		if (!prepend(s, walk, name, length))
			return WALK_FAILED;
		walk->dentry = parent;
	}
	return WALK_MORE;
}

/* Appends the path of walk.dentry in walk.start, and says how the walk ended. */
__noinline int add_path(__u32 slot, __u32 which)
{
	struct scratch *s = scratch_of(slot);
	int result = WALK_MORE;
	__u32 length, gap = 0;
	__u8 *text;

	if (!s || which >= TEXT_COUNT)
		return WALK_FAILED;
	s->walk.mount = mount_of(s->walk.start);
	s->walk.root = FIELD(false, s->walk.start, mnt_root);
	s->walk.offset = RECORD_PATH_MAX;
	s->walk.cut = false;
	s->walk.crossed = 0;
	s->walk.crossed_mount = NULL;
	for (int i = 0; i < WALK_STEPS; i++) {
		result = walk_step(slot);
		if (result != WALK_MORE)
			break;
	}
	if (result == WALK_FAILED) {
		add_text(s, which, 0, TEXT_UNREADABLE, 0);
		return WALK_FAILED;
	}
	if (s->walk.offset >= RECORD_PATH_MAX) {
		s->walk.offset = RECORD_PATH_MAX - 1;
		s->path[RECORD_PATH_MAX - 1] = '/';
	}
	text = text_end(s, RECORD_PATH_MAX, 0);
	length = RECORD_PATH_MAX - s->walk.offset;
	if (!text || length > RECORD_PATH_MAX)
		return WALK_FAILED;
	bpf_probe_read_kernel(text, length, &s->path[s->walk.offset & (RECORD_PATH_MAX - 1)]);
	if (s->walk.cut)
		gap = RECORD_PATH_MAX / 2 - s->walk.offset;
	if (result == WALK_MORE || result == WALK_OUTSIDE)
		add_text(s, which, length, TEXT_CUT, 0);
	else
		add_text(s, which, length, s->walk.cut ? TEXT_CUT : TEXT_COMPLETE, gap);
	return result;
}

#endif
