/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef IMDSWATCH_MAPS_H
#define IMDSWATCH_MAPS_H

#include "kernel.h"
#include "record.h"

#define RING_BYTES	 (4 << 20)
#define DESTINATIONS_MAX 4096
#define REGULARS_MAX	 1024
#define FAMILIES_MAX	 4096 /* a power of two */

/* A path of up to so many components, with names shorter than so many words,
 * that crosses few mounts takes the short way. */
#define COMPONENTS_MAX	16 /* a power of two */
#define COMPONENT_WORDS 5
#define CROSSINGS_MAX	3

/* Text of one record at most: four paths, argv, environment, cgroup; a page so
 * that the last page of argv always seems to fit. */
#define TEXT_BYTES                                                                                 \
	(4 * RECORD_PATH_MAX + RECORD_ARGV_MAX + RECORD_ENV_MAX + NAME_BYTES + PAGE_BYTES)

volatile struct settings settings SEC(".data");
/* When a child of a process last started, by the process' pid: see family.h. */
volatile __u32 starts[FAMILIES_MAX] SEC(".data");
const volatile struct fixed_settings fixed SEC(".rodata") = {.ring_size = RING_BYTES};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RING_BYTES);
} records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, DESTINATIONS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct destination_key);
	__type(value, __u32); /* enum destination_use */
} destinations SEC(".maps");

/* By pid: processes that connect again and again. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, REGULARS_MAX);
	__type(key, __u32);
	__type(value, struct regular);
} regulars SEC(".maps");

/* An element for each possible CPU, as user space sets it: found without a load,
 * where a per-CPU map takes one, of memory that is in no cache. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct counters);
} counters SEC(".maps");

/* A component of a path: this part of its dentry, as all kernels known have it. */
struct component {
	struct dentry *parent;
	__u32 hash;
	__u32 length;
	const unsigned char *name;
	void *inode;
	__u64 words[COMPONENT_WORDS]; /* a short name, and what stands behind it */
};

/* A walk from a dentry up to the root of its mount namespace. */
struct walk {
	struct vfsmount *start;
	struct mount *mount;
	struct dentry *dentry;
	struct dentry *root; /* of `mount` */
	struct mount *top;   /* the mount on which every path of the namespace ends; or NULL */
	struct dentry *top_root;
	__u32 offset; /* in scratch.path, where the path found so far begins */
	__u32 cut;    /* the middle was overwritten */
	__u32 count;  /* of scratch.components */
	__u32 pad;
};

/* A copy of the current process' memory. */
struct copy {
	__u64 from;
	__u64 stop;   /* where to leave the middle out, or the end */
	__u64 resume; /* behind the middle */
	__u64 end;
	__u32 length; /* copied */
	__u32 gap;    /* where something is missing */
	__u32 cut;    /* something is */
	__u32 pad;
};

/*
 * Who was last told of whole: the parent of an exec record, parent and process
 * of a connect record. What the process table has learnt from that is left out
 * of the next record if it is of the same, if no program was started and no
 * other executable set since, and not for long, lest the table have forgotten.
 */
struct told {
	__u64 time; /* 0: nobody */
	__u64 execs;
	__u64 parent_execs;
	struct record_identity process;
	struct record_identity parent;
	struct file *file;
	struct file *parent_file;
	__u32 flags; /* RECORD_MEMFD */
	__u32 mount_namespace;
};

/*
 * The leader of a session or of a process group, as it was last looked up, not
 * long ago: its number would have to be given out anew since, and its struct pid
 * to stand in the same place, for it to be taken for another.
 */
struct leader {
	struct pid *pid;
	struct record_identity identity;
	__u64 time;
};

/* The control group whose name was last told. Its number is used once, but for
 * the roots, which are 0. */
struct told_group {
	__u64 time; /* 0: none */
	__u64 serial;
	__u64 id;
};

/*
 * Where a record is put together: too large for the stack, and for a per-CPU
 * map (32 KiB an element). One element per program and CPU, because programs
 * may be preempted by each other, but never migrate, and never run twice at
 * once on a CPU. User space sets the number of elements to SCRATCH_SLOTS times
 * that of possible CPUs. What every record touches stands together: most of
 * the cost is memory that is not in the cache.
 */
struct scratch {
	__u32 states; /* 1 << record_text.state of every text of this record */
	__u32 owner;  /* enum record_hook of the program that fills it */
	struct told told;
	struct leader leaders[2]; /* of the session, of the process group */
	struct told_group told_group;
	struct walk walk;
	struct component components[COMPONENTS_MAX];
	struct record record;
	__u8 text[TEXT_BYTES];
	struct copy copy;
	__u8 path[RECORD_PATH_MAX + NAME_BYTES];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SCRATCH_SLOTS);
	__type(key, __u32);
	__type(value, struct scratch);
} scratch SEC(".maps");

static __always_inline struct scratch *scratch_of(__u32 slot)
{
	__u32 index = bpf_get_smp_processor_id() * SCRATCH_SLOTS + slot;

	return bpf_map_lookup_elem(&scratch, &index);
}

/* This CPU's counters of a hook. NULL is for the verifier: who counts twice asks once,
 * and goes no further with NULL, or all behind is verified twice. */
static __always_inline __u64 *counters_of(__u32 hook)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct counters *all = bpf_map_lookup_elem(&counters, &cpu);

	if (!all)
		return NULL;
	barrier_var(all); /* or the sum comes before the check */
	return all->count[hook];
}

/*
 * A plain add: the counters are per CPU, and 5.10 has no atomic add whose
 * result the compiler may use.
 */
static __always_inline void add_one(__u64 *counters, __u32 kind)
{
	counters[kind] += 1;
}

static __always_inline void count(__u32 hook, __u32 kind)
{
	__u64 *counters = counters_of(hook);

	if (counters)
		add_one(counters, kind);
}

#endif
