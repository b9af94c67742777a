/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Absolute paths, found by walking from a dentry up to the root of its mount
 * namespace: bpf_d_path is not allowed in sched_process_exec.
 *
 * There are two ways. The short one serves short paths: on the first mount it
 * takes loads only, and beyond it one helper call for each component; the long
 * one takes three, and serves everything.
 */
#ifndef IMDSWATCH_PATH_H
#define IMDSWATCH_PATH_H

#include "task.h"

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

/* Where a mount hangs: three fields that stand together in every kernel known. */
struct hanging {
	struct mount *parent;
	struct dentry *point;
	struct dentry *root;
};

/* Of a dentry; the same holds. */
struct naming {
	struct dentry *parent;
	__u32 hash;
	__u32 length;
	const unsigned char *name;
};

static __always_inline struct mount *mount_of(const struct vfsmount *mount)
{
	return (void *)mount - bpf_core_field_offset(struct mount, mnt);
}

static __always_inline void read_mount(struct hanging *to, struct mount *mount)
{
	const __u32 start = bpf_core_field_offset(struct mount, mnt_parent);

	if (bpf_core_field_offset(struct mount, mnt_mountpoint) == start + 8 &&
	    bpf_core_field_offset(struct mount, mnt.mnt_root) == start + 16) {
		bpf_probe_read_kernel(to, sizeof(*to), (void *)mount + start);
	} else {
		to->parent = FIELD(false, mount, mnt_parent);
		to->point = FIELD(false, mount, mnt_mountpoint);
		to->root = FIELD(false, mount, mnt.mnt_root);
	}
}

static __always_inline void read_dentry(struct naming *to, struct dentry *dentry)
{
	const __u32 start = bpf_core_field_offset(struct dentry, d_parent);

	if (bpf_core_field_offset(struct dentry, d_name.len) == start + 12 &&
	    bpf_core_field_offset(struct dentry, d_name.name) == start + 16) {
		bpf_probe_read_kernel(to, sizeof(*to), (void *)dentry + start);
	} else {
		to->parent = FIELD(false, dentry, d_parent);
		to->length = FIELD(false, dentry, d_name.len);
		to->name = FIELD(false, dentry, d_name.name);
	}
}

/*
 * Whether the mount of the task's root directory covers the whole namespace,
 * as it does nearly always: then a path that reaches its root is complete.
 */
static __always_inline void find_top(struct scratch *s, const struct subject *who,
				     const bool direct)
{
	struct mount *root = FIELD(direct, who->mounts, root);
	struct mount *mount = mount_of(FIELD(direct, who->fs, root.mnt));
	struct hanging at;

	s->walk.top = NULL;
	s->record.header.flags |= RECORD_CHROOT;
	read_mount(&at, mount);
	if (at.parent && (at.parent == mount ||
			  (at.parent == root && at.point == FIELD(direct, root, mnt.mnt_root)))) {
		s->walk.top = mount;
		s->walk.top_root = at.root;
		if (FIELD(direct, who->fs, root.dentry) == at.root)
			s->record.header.flags &= ~RECORD_CHROOT;
	}
}

/* Where in a dentry a short name stands, and how many bytes there are for it. */
static __always_inline __u32 short_name(__u32 *size)
{
	struct dentry *dentry = NULL;

	if (bpf_core_field_exists(dentry->d_shortname)) {
		barrier(); /* or the other kernel's offset, which is poison, is taken too */
		*size = bpf_core_field_size(dentry->d_shortname);
		return bpf_core_field_offset(dentry->d_shortname);
	} else {
		struct dentry___array *old = NULL;

		barrier();
		*size = bpf_core_field_size(old->d_iname);
		return bpf_core_field_offset(old->d_iname);
	}
}

/*
 * The short way on the first mount: `dentry` is typed, so its fields are loads.
 * Collects the names, leaf first; false if the path is none of the easy ones.
 */
static __always_inline bool collect(struct scratch *s, struct dentry *dentry, struct dentry *root)
{
	__u32 size, offset = short_name(&size);

	for (__u32 i = 0; i < COMPONENTS_MAX; i++) {
		struct component *component = &s->components[i];
		const __u64 *name = (void *)dentry + offset;
		struct dentry *parent;
		__u32 length;

		if (dentry == root) {
			s->walk.count = i;
			return true;
		}
		parent = dentry->d_parent;
		if (parent == dentry)
			return false;
		length = dentry->d_name.len;
		if (length >= size || (const void *)dentry->d_name.name != name)
			return false;
		component->length = length;
		component->words[0] = name[0];
		if (length > 8) {
			component->words[1] = name[1];
			component->words[2] = name[2];
			component->words[3] = name[3];
			if (size >= COMPONENT_WORDS * 8)
				component->words[4] = name[4];
		}
		dentry = parent;
	}
	return false;
}

/*
 * The short way from walk.dentry on: collects what is above it, on other
 * mounts too. A component is one copy out of its dentry. Like walk_step(), it
 * is verified once.
 */
__noinline int climb(__u32 slot)
{
	const __u32 start = bpf_core_field_offset(struct dentry, d_parent);
	struct scratch *s = scratch_of(slot);
	__u32 size, offset = short_name(&size), count;
	struct dentry *dentry, *root;
	struct mount *mount;

	if (!s || bpf_core_field_offset(struct dentry, d_name.len) != start + 12 ||
	    bpf_core_field_offset(struct dentry, d_name.name) != start + 16 ||
	    offset != start + __builtin_offsetof(struct component, words))
		return false;
	dentry = s->walk.dentry;
	mount = s->walk.mount;
	root = s->walk.root;
	count = s->walk.count;
	for (int i = 0; i < COMPONENTS_MAX + CROSSINGS_MAX; i++) {
		struct component *component;
		struct hanging at;

		if (dentry == root) {
			if (mount == s->walk.top)
				goto complete;
			read_mount(&at, mount);
			if (!at.parent)
				return false;
			if (at.parent == mount)
				goto complete;
			dentry = at.point;
			mount = at.parent;
			root = mount == s->walk.top ? s->walk.top_root
						    : FIELD(false, mount, mnt.mnt_root);
			continue;
		}
		if (count >= COMPONENTS_MAX)
			return false;
		component = &s->components[count];
		if (bpf_probe_read_kernel(component, sizeof(*component), (void *)dentry + start) ||
		    component->length >= size ||
		    (void *)component->name != (void *)dentry + offset ||
		    component->parent == dentry)
			return false;
		dentry = component->parent;
		count++;
	}
	return false;
complete:
	s->walk.count = count;
	return true;
}

/*
 * Appends the components, each with some bytes too many that the next covers.
 * Like climb(), it is verified once.
 */
__noinline int add_components(__u32 slot, __u32 which)
{
	struct scratch *s = scratch_of(slot);
	__u32 count, length = 0;
	__u8 *text;

	if (!s)
		return 0;
	text = text_end(s, RECORD_PATH_MAX, 0);
	count = s->walk.count;
	if (!text) {
		add_text(s, which, 0, TEXT_UNREADABLE, 0);
		return 0;
	}
	for (__u32 i = 0; i < COMPONENTS_MAX && i < count; i++) {
		struct component *component = &s->components[(count - 1 - i) % COMPONENTS_MAX];
		__u64 *to;

		text[length] = '/';
		to = (__u64 *)(text + length + 1);
		to[0] = component->words[0];
		if (component->length > 8) {
			to[1] = component->words[1];
			to[2] = component->words[2];
			to[3] = component->words[3];
			to[4] = component->words[4];
		}
		length += 1 + (component->length & 63); /* a bound for the verifier */
	}
	if (!count) {
		text[0] = '/';
		length = 1;
	}
	add_text(s, which, length, TEXT_COMPLETE, 0);
	return 0;
}

/*
 * Puts "/name" in front of the path. When there is no more room, the upper
 * half of the buffer keeps the path's tail, and the lower half starts over:
 * at the end it holds the head.
 */
static __always_inline bool prepend(struct scratch *s, const unsigned char *name, __u32 length)
{
	__u32 offset = s->walk.offset;

	length &= NAME_BYTES - 1;
	if (length >= offset) {
		s->walk.cut = true;
		offset = RECORD_PATH_MAX / 2;
	}
	offset -= length + 1;
	offset &= RECORD_PATH_MAX - 1;
	s->path[offset] = '/';
	s->walk.offset = offset;
	return !bpf_probe_read_kernel(&s->path[offset + 1], length, name);
}

/*
 * The long way: goes up at most WALK_STEP components or mounts. A global
 * function with plain numbers as arguments is verified once, however often it
 * is called, and its state is in memory, where the verifier does not follow it.
 */
__noinline int walk_step(__u32 slot)
{
	struct scratch *s = scratch_of(slot);
	struct walk *walk;

	if (!s)
		return WALK_FAILED;
	walk = &s->walk;
	for (int i = 0; i < WALK_STEP; i++) {
		struct dentry *dentry = walk->dentry;
		struct naming at;

		if (dentry == walk->root) {
			struct hanging mount;

			if (walk->mount == walk->top)
				return WALK_ROOT;
			read_mount(&mount, walk->mount);
			if (!mount.parent)
				return WALK_FAILED;
			if (mount.parent == walk->mount)
				return WALK_ROOT;
			walk->dentry = mount.point;
			walk->mount = mount.parent;
			walk->root = FIELD(false, mount.parent, mnt.mnt_root);
			continue;
		}
		read_dentry(&at, dentry);
		if (!at.parent)
			return WALK_FAILED;
		if (at.parent == dentry) {
			if (walk->offset != RECORD_PATH_MAX || at.length < 2)
				return WALK_OUTSIDE;
			return prepend(s, at.name, at.length) ? WALK_MEMFD : WALK_FAILED;
		}
		if (!prepend(s, at.name, at.length))
			return WALK_FAILED;
		walk->dentry = at.parent;
	}
	return WALK_MORE;
}

/* Appends the path of walk.dentry in walk.start, and says how the walk ended. */
__noinline int add_long_path(__u32 slot, __u32 which)
{
	struct scratch *s = scratch_of(slot);
	int result = WALK_MORE;
	__u32 length, gap = 0;
	__u8 *text;

	if (!s)
		return WALK_FAILED;
	s->walk.mount = mount_of(s->walk.start);
	s->walk.root = FIELD(false, s->walk.start, mnt_root);
	s->walk.offset = RECORD_PATH_MAX;
	s->walk.cut = false;
	for (int i = 0; i < WALK_STEPS; i++) {
		result = walk_step(slot);
		if (result != WALK_MORE)
			break;
	}
	if (s->walk.offset >= RECORD_PATH_MAX) {
		s->walk.offset = RECORD_PATH_MAX - 1;
		s->path[RECORD_PATH_MAX - 1] = '/';
	}
	/* without the root the lower half is no head, but a part of the middle */
	if (s->walk.cut && (result == WALK_MORE || result == WALK_OUTSIDE))
		s->walk.offset = RECORD_PATH_MAX / 2;
	text = text_end(s, RECORD_PATH_MAX, 0);
	length = RECORD_PATH_MAX - s->walk.offset;
	if (result == WALK_FAILED || !text || length > RECORD_PATH_MAX) {
		add_text(s, which, 0, TEXT_UNREADABLE, 0);
		return WALK_FAILED;
	}
	bpf_probe_read_kernel(text, length, &s->path[s->walk.offset & (RECORD_PATH_MAX - 1)]);
	if (s->walk.cut)
		gap = RECORD_PATH_MAX / 2 - s->walk.offset;
	if (result == WALK_MORE || result == WALK_OUTSIDE)
		add_text(s, which, length, TEXT_CUT, 0);
	else
		add_text(s, which, length, s->walk.cut ? TEXT_CUT : TEXT_COMPLETE, gap);
	return result;
}

static __always_inline int find_path(struct scratch *s, __u32 slot, __u32 which,
				     struct vfsmount *mount, struct dentry *dentry,
				     const bool direct)
{
	struct dentry *root = FIELD(direct, mount, mnt_root);
	bool is_short = true;

	s->walk.start = mount;
	s->walk.mount = mount_of(mount);
	s->walk.root = root;
	s->walk.dentry = dentry;
	s->walk.count = 0;
	if (direct) {
		is_short = collect(s, dentry, root);
		s->walk.dentry = root;
	}
	if (is_short && (!direct || s->walk.mount != s->walk.top))
		is_short = climb(slot);
	if (likely(is_short)) {
		add_components(slot, which);
		return WALK_ROOT;
	}
	s->walk.dentry = dentry;
	return add_long_path(slot, which);
}

/* A function, not inlined: most of a record's code is in no cache when it runs, and so
 * this is for all paths of a record but the first. */
static __noinline int find_typed_path(struct scratch *s, __u32 slot, __u32 which,
				      struct vfsmount *mount, struct dentry *dentry)
{
	return find_path(s, slot, which, mount, dentry, true);
}

/* Appends the path of `dentry` in `mount`, and says how the walk ended. */
static __always_inline int add_path(struct scratch *s, __u32 slot, __u32 which,
				    struct vfsmount *mount, struct dentry *dentry,
				    const bool direct)
{
	return direct ? find_typed_path(s, slot, which, mount, dentry)
		      : find_path(s, slot, which, mount, dentry, false);
}

#endif
