/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel types the programs read, cut down to the fields they read. Every
 * access is relocated at load (CO-RE), so order and size do not matter here;
 * a name with a ___suffix is another kernel's version of the same type.
 */
#ifndef IMDSWATCH_KERNEL_H
#define IMDSWATCH_KERNEL_H

#define __VMLINUX_H__ 1 /* bpf_tracing.h: the kernel's names for registers */

typedef unsigned char __u8;
typedef signed char __s8;
typedef unsigned short __u16;
typedef short __s16;
typedef unsigned int __u32;
typedef int __s32;
typedef unsigned long long __u64;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u64 __be64;
typedef __u16 __sum16;
typedef __u32 __wsum;
typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef _Bool bool;
typedef int pid_t;

#define NULL ((void *)0)
#define true 1
#define false 0

/* Interface of bpf(2); the values are fixed. */
enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_LPM_TRIE = 11,
	BPF_MAP_TYPE_RINGBUF = 27,
};

enum {
	BPF_ANY = 0,
	BPF_NOEXIST = 1,
	BPF_F_NO_PREALLOC = 1,
	BPF_RB_NO_WAKEUP = 1,
	BPF_RB_FORCE_WAKEUP = 2,
	BPF_RB_AVAIL_DATA = 0,
};

/* Fixed values that user space sees too. */
#define PAGE_BYTES	   4096 /* a smaller step than the real page is harmless */
#define NAME_BYTES	   256	/* a path component with its NUL */
#define AF_INET		   2
#define AF_INET6	   10
#define IPPROTO_TCP	   6
#define TCP_SYN_SENT	   2
#define PF_FORKNOEXEC	   0x00000040
#define PF_KTHREAD	   0x00200000
#define SIGNAL_GROUP_EXIT  0x00000004
#define PID_NAMESPACE_INIT 0xeffffffc /* number of the initial pid namespace */

/* for a look whether the kernel has it */
enum bpf_func_id {
	BPF_FUNC_get_current_task_btf = 158,
};

struct sockaddr_in {
	__u16 sin_family;
	__be16 sin_port;
	__u32 sin_addr;
	__u8 sin_zero[8];
};

struct sockaddr_in6 {
	__u16 sin6_family;
	__be16 sin6_port;
	__u32 sin6_flowinfo;
	__u32 sin6_addr[4];
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

enum pid_type {
	PIDTYPE_PID,
	PIDTYPE_TGID,
	PIDTYPE_PGID,
	PIDTYPE_SID,
	PIDTYPE_MAX,
};

enum cgroup_subsys_id {
	memory_cgrp_id,
	pids_cgrp_id,
};

struct hlist_node {
	struct hlist_node *next;
};

struct hlist_head {
	struct hlist_node *first;
};

struct list_head {
	struct list_head *next;
};

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	__u32 val;
} kuid_t;

typedef struct {
	__u32 val;
} kgid_t;

/* files and mounts */

struct qstr {
	__u32 len;
	const unsigned char *name;
};

struct inode {
	unsigned int i_nlink;
};

union shortname_store {
	__u8 string[1];
};

struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
	union shortname_store d_shortname;
};

/* before 6.14 */
struct dentry___array {
	__u8 d_iname[1];
};

struct vfsmount {
	struct dentry *mnt_root;
};

struct ns_common {
	unsigned int inum;
};

struct mnt_namespace {
	struct ns_common ns;
	struct mount *root;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
	struct mnt_namespace *mnt_ns;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct file {
	struct path f_path;
};

/* A seqcount_spinlock_t, later a seqlock_t: both begin with the sequence. */
struct fs_sequence {
	char head;
};

struct fs_struct {
	struct fs_sequence seq;
	struct path root, pwd;
};

/* processes */

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid_namespace {
	struct ns_common ns;
};

struct pid {
	unsigned int level;
	struct hlist_head tasks[PIDTYPE_MAX];
	struct upid numbers[1];
};

struct user_namespace {
	struct ns_common ns;
};

struct net {
	struct ns_common ns;
};

struct nsproxy {
	struct mnt_namespace *mnt_ns;
	struct net *net_ns;
};

typedef struct {
	__u64 val;
} kernel_cap_t;

struct cred {
	kuid_t uid, suid, euid;
	kgid_t gid, sgid, egid;
	kernel_cap_t cap_permitted, cap_effective;
	struct user_namespace *user_ns;
};

/* before 6.3 */
struct kernel_cap_struct {
	__u32 cap[2];
};

struct cred___array {
	struct kernel_cap_struct cap_permitted, cap_effective;
};

struct tty_driver {
	int major;
	int minor_start;
};

struct tty_struct {
	struct tty_driver *driver;
	int index;
};

struct signal_struct {
	atomic_t live;
	int nr_threads;
	int group_exit_code;
	unsigned int flags;
	struct pid *pids[PIDTYPE_MAX];
	struct tty_struct *tty;
};

struct mm_struct {
	unsigned long arg_start, arg_end, env_start, env_end;
	struct task_struct *owner;
	struct file *exe_file;
};

struct kernfs_node {
	const char *name;
	__u64 id;
};

struct cgroup;

struct cgroup_subsys_state {
	struct cgroup *cgroup;
	__u64 serial_nr;
};

struct cgroup {
	struct cgroup_subsys_state self;
	int level;
	struct kernfs_node *kn;
};

struct css_set {
	struct cgroup_subsys_state *subsys[1];
	struct cgroup *dfl_cgrp;
};

struct task_struct {
	unsigned int flags;
	int exit_code;
	pid_t pid, tgid;
	struct task_struct *real_parent, *group_leader;
	struct pid *thread_pid;
	struct hlist_node pid_links[PIDTYPE_MAX];
	__u64 start_boottime;
	__u64 self_exec_id; /* counts the programs that this process has started */
	struct cred *cred;
	char comm[16];
	struct fs_struct *fs;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	struct mm_struct *mm;
	kuid_t loginuid;
	unsigned int sessionid;
	struct css_set *cgroups;
};

struct linux_binprm {
	struct file *file;
	const char *filename;
	const char *interp;
	int argc;
};

/* sockets */

struct in6_addr {
	__u8 s6_addr[16];
};

typedef struct {
	struct net *net;
} possible_net_t;

struct sock_common {
	__be32 skc_daddr;
	__be32 skc_rcv_saddr;
	__be16 skc_dport;
	__u16 skc_num;
	unsigned short skc_family;
	unsigned char skc_ipv6only : 1;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
};

struct sock {
	struct sock_common __sk_common;
	__u16 sk_protocol;
};

struct inet_connection_sock {
	void *icsk_ulp_data;
};

struct tcp_sock {
	bool is_mptcp;
};

struct mptcp_subflow_context {
	__u32 request_join : 1;
};

struct sockaddr; /* sockaddr_unsized from 6.19 on: read by helper */

/* iterators */

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long di, si, dx, cx, r8, bp, ax, sp, ip;
};
#elif defined(__TARGET_ARCH_arm64)
struct user_pt_regs {
	__u64 regs[31];
	__u64 sp, pc, pstate;
};

struct pt_regs {
	__u64 regs[31];
};
#endif

#pragma clang attribute pop

/* BPF_PROG names the context and every argument of a hook, needed or not. */
#pragma clang diagnostic ignored "-Wunused-parameter"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

/*
 * Which way a program goes nearly always: the code of that way then stands together,
 * and takes fewer lines of the cache, in which a hook finds little of its own. Where it
 * is surer than this, some compilers move the other way to a function that the loader
 * does not know.
 */
#define likely(condition)   __builtin_expect_with_probability(!!(condition), 1, 0.95)
#define unlikely(condition) __builtin_expect_with_probability(!!(condition), 0, 0.95)

/*
 * A field of a kernel object. Where the verifier knows the object's type
 * (`direct`: arguments of tp_btf and iterator programs, and what is reached
 * from them) it is a plain load that yields 0 on a fault; elsewhere it takes
 * a helper call, ten times as long.
 */
#define FIELD(direct, object, field)                                                               \
	({                                                                                         \
		typeof(object) object_ = (object);                                                 \
		typeof(object_->field) value_;                                                     \
		if (direct)                                                                        \
			value_ = object_->field;                                                   \
		else                                                                               \
			bpf_core_read(&value_, sizeof(value_), &object_->field);                   \
		value_;                                                                            \
	})

#endif
