/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is known of a process. */
#ifndef IMDSWATCH_TASK_H
#define IMDSWATCH_TASK_H

#include "text.h"

#define MINOR_BITS 20
#define UNSET	   0xffffffff

/*
 * Who a record is about. These pointers are taken once: newer kernels search
 * all their types for every pointer that a program takes from an argument, a
 * millisecond each while it is loaded.
 */
struct subject {
	struct task_struct *task; /* a live thread */
	struct task_struct *leader;
	struct task_struct *parent; /* the thread that forked the process, or its heir */
	struct task_struct *parent_leader;
	struct pid *pid; /* the leader's */
	struct pid *parent_pid;
	struct signal_struct *signal;
	struct nsproxy *proxy; /* NULL once the task is exiting */
	struct css_set *groups;
	struct cred *cred;
	struct fs_struct *fs;
	struct mnt_namespace *mounts; /* NULL with `proxy` */
	struct mm_struct *mm;	      /* NULL once the task is exiting, and of kernel threads */
	struct file *file;	      /* the executable's; NULL with `mm` */
	struct mm_struct *parent_mm;
	struct file *parent_file;
};

static __always_inline struct file *file_of(struct mm_struct *mm, const bool direct)
{
	return mm ? FIELD(direct, mm, exe_file) : NULL;
}

static __always_inline void find_subject(struct subject *who, struct task_struct *task,
					 const bool direct)
{
	who->task = task;
	who->leader = FIELD(direct, task, group_leader);
	who->parent = FIELD(direct, task, real_parent);
	who->signal = FIELD(direct, task, signal);
	who->proxy = FIELD(direct, task, nsproxy);
	who->groups = FIELD(direct, task, cgroups);
	who->cred = FIELD(direct, task, cred);
	who->fs = FIELD(direct, task, fs);
	who->mm = FIELD(direct, task, mm);
	who->parent_leader = FIELD(direct, who->parent, group_leader);
	who->pid = FIELD(direct, who->leader, thread_pid);
	who->parent_pid = FIELD(direct, who->parent_leader, thread_pid);
	who->parent_mm = FIELD(direct, who->parent, mm);
	who->mounts = FIELD(direct, who->proxy, mnt_ns);
	who->file = file_of(who->mm, direct);
	who->parent_file = file_of(who->parent_mm, direct);
}

/* `leader` is a thread-group leader, which alone keeps its start for life. */
static __always_inline void identify(struct record_identity *identity, struct task_struct *leader,
				     const bool direct)
{
	identity->start = FIELD(direct, leader, start_boottime);
	identity->pid = FIELD(direct, leader, tgid);
	identity->pad = 0;
}

/* How long what was looked up or told counts: nanoseconds. */
#define KNOWN_LASTS 1000000000

/*
 * The process whose pid `pid` is; mostly one of two that are known already, or
 * that of the record before. A leader that is gone has no task.
 */
static __always_inline void identify_pid(struct record_identity *identity, struct pid *pid,
					 const struct record *record, const struct subject *who,
					 struct leader *known, const bool direct)
{
	const struct record_task *t = &record->task;
	struct hlist_node *link;
	struct task_struct *leader;

	if (pid == who->pid) {
		*identity = t->process;
		return;
	}
	if (pid == who->parent_pid) {
		*identity = t->parent;
		return;
	}
	identity->start = 0;
	identity->pid = pid ? FIELD(direct, pid, numbers[0].nr) : 0;
	identity->pad = 0;
	if (known && known->pid == pid && known->identity.pid == identity->pid &&
	    record->header.time - known->time < KNOWN_LASTS) {
		identity->start = known->identity.start;
		return;
	}
	link = pid ? FIELD(direct, pid, tasks[PIDTYPE_TGID].first) : NULL;
	if (!link)
		return;
	leader = (void *)link - bpf_core_field_offset(struct task_struct, pid_links[PIDTYPE_TGID]);
	identity->start = FIELD(false, leader, start_boottime);
	if (known) {
		known->pid = pid;
		known->identity = *identity;
		known->time = record->header.time;
	}
}

static __always_inline void fill_credentials(struct record_task *t, const struct subject *who,
					     const bool direct)
{
	struct task_struct *task = who->task;
	struct cred *cred = who->cred;
	struct user_namespace *user = FIELD(direct, cred, user_ns);

	t->uid = FIELD(direct, cred, uid.val);
	t->euid = FIELD(direct, cred, euid.val);
	t->suid = FIELD(direct, cred, suid.val);
	t->gid = FIELD(direct, cred, gid.val);
	t->egid = FIELD(direct, cred, egid.val);
	t->sgid = FIELD(direct, cred, sgid.val);
	t->user_namespace = FIELD(direct, user, ns.inum);
	if (bpf_core_field_exists(cred->cap_effective.val)) {
		t->capabilities_effective = FIELD(direct, cred, cap_effective.val);
		t->capabilities_permitted = FIELD(direct, cred, cap_permitted.val);
	} else {
		struct cred___array *old = (void *)cred;
		__u64 high = FIELD(direct, old, cap_effective.cap[1]);

		t->capabilities_effective = FIELD(direct, old, cap_effective.cap[0]) | high << 32;
		high = FIELD(direct, old, cap_permitted.cap[1]);
		t->capabilities_permitted = FIELD(direct, old, cap_permitted.cap[0]) | high << 32;
	}
	/* without CONFIG_AUDIT there are no such fields */
	t->login_uid = UNSET;
	t->audit_session = UNSET;
	if (bpf_core_field_exists(task->loginuid))
		t->login_uid = FIELD(direct, task, loginuid.val);
	if (bpf_core_field_exists(task->sessionid))
		t->audit_session = FIELD(direct, task, sessionid);
}

static __always_inline void fill_namespaces(struct record_task *t, const struct subject *who,
					    const bool direct)
{
	struct nsproxy *proxy = who->proxy;
	__u32 level = FIELD(direct, who->pid, level);

	t->mount_namespace = 0;
	t->network_namespace = 0;
	if (likely(proxy)) {
		struct net *net = FIELD(direct, proxy, net_ns);

		t->mount_namespace = FIELD(direct, who->mounts, ns.inum);
		t->network_namespace = FIELD(direct, net, ns.inum);
	}
	t->pid_namespace = PID_NAMESPACE_INIT;
	t->namespaced_pid = t->process.pid;
	if (level) {
		/* read by helper: 5.10 allows no variable offset from a typed pointer */
		void *plain = FIELD(false, who->leader, thread_pid);
		struct upid *number = plain + bpf_core_field_offset(struct pid, numbers) +
				      level * bpf_core_type_size(struct upid);
		struct pid_namespace *space = FIELD(false, number, ns);

		t->namespaced_pid = FIELD(false, number, nr);
		t->pid_namespace = FIELD(false, space, ns.inum);
	}
}

static __always_inline void fill_terminal(struct record_task *t, struct signal_struct *signal,
					  const bool direct)
{
	struct tty_struct *tty = FIELD(direct, signal, tty);

	t->tty_major = 0;
	t->tty_minor = 0;
	if (unlikely(tty)) {
		struct tty_driver *driver = FIELD(direct, tty, driver);
		__u32 device = FIELD(direct, driver, major) << MINOR_BITS;

		device += FIELD(direct, driver, minor_start);
		device += FIELD(direct, tty, index);
		t->tty_major = device >> MINOR_BITS;
		t->tty_minor = device & ((1 << MINOR_BITS) - 1);
	}
}

/* Two words are two loads. */
static __always_inline void fill_name(struct record_task *t, struct task_struct *task,
				      const bool direct)
{
	const __u64 *name = (void *)task + bpf_core_field_offset(struct task_struct, comm);
	__u64 *to = (__u64 *)t->comm;

	if (direct) {
		barrier_var(name); /* see sequence_of() */
		to[0] = name[0];
		to[1] = name[1];
	} else {
		bpf_probe_read_kernel(t->comm, sizeof(t->comm), name);
	}
}

/* User space may be denied a look at pid 1's (/proc/1/ns/mnt). */
static __always_inline __u32 host_mount_namespace(void)
{
	__u32 known = fixed.host_mount_namespace;

	return known ? known : settings.host_mount_namespace;
}

/* Everything but the texts. `known` are two leaders, or NULL. */
static __always_inline void fill_task(struct record *record, const struct subject *who,
				      struct leader *known, const bool direct)
{
	struct record_task *t = &record->task;
	struct pid *session = FIELD(direct, who->signal, pids[PIDTYPE_SID]);
	struct pid *group = FIELD(direct, who->signal, pids[PIDTYPE_PGID]);
	__u32 flags = FIELD(direct, who->leader, flags);

	identify(&t->process, who->leader, direct);
	identify(&t->parent, who->parent_leader, direct);
	identify_pid(&t->session, session, record, who, known, direct);
	if (group == session)
		t->group = t->session;
	else
		identify_pid(&t->group, group, record, who, known ? known + 1 : NULL, direct);
	t->tid = FIELD(direct, who->task, pid);
	t->execs = FIELD(direct, who->task, self_exec_id);
	record->parent_execs = FIELD(direct, who->parent, self_exec_id);
	fill_credentials(t, who, direct);
	fill_namespaces(t, who, direct);
	fill_terminal(t, who->signal, direct);
	fill_name(t, who->task, direct);
	if (flags & PF_FORKNOEXEC)
		record->header.flags |= RECORD_NO_EXEC;
	if (flags & PF_KTHREAD)
		record->header.flags |= RECORD_KERNEL_THREAD;
	if (t->mount_namespace == host_mount_namespace())
		record->header.flags |= RECORD_HOST_MOUNTS;
}

/* The cgroup a v1 controller has the task in; NULL without such a controller. */
static __always_inline struct cgroup *controlled(struct css_set *set, const __u32 controller,
						 const bool direct)
{
	struct cgroup_subsys_state **states =
		(void *)set + bpf_core_field_offset(struct css_set, subsys) + controller * 8;
	struct cgroup_subsys_state *state = NULL;

	if (direct)
		state = *states;
	else
		bpf_probe_read_kernel(&state, sizeof(state), states);
	return state ? FIELD(direct, state, cgroup) : NULL;
}

static __always_inline struct cgroup *cgroup_of(struct css_set *set, const bool direct)
{
	struct cgroup *unified = FIELD(direct, set, dfl_cgrp), *cgroup = NULL;

	/* on hosts whose controllers are still v1 all of v2 is in its root */
	if (FIELD(direct, unified, level))
		return unified;
	if (bpf_core_enum_value_exists(enum cgroup_subsys_id, pids_cgrp_id)) {
		barrier();
		cgroup = controlled(set, bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id),
				    direct);
	} else if (bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id)) {
		barrier();
		cgroup = controlled(set, bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id),
				    direct);
	}
	return cgroup ? cgroup : unified;
}

/*
 * The leaf of the cgroup's path, unless `told` has it: then the record need not.
 * It counts as told once note_group() was called. Only a group of v1 can be renamed.
 */
static __always_inline void add_cgroup(struct scratch *s, const struct subject *who,
				       struct told_group *told, const bool direct)
{
	struct cgroup *cgroup = cgroup_of(who->groups, direct);
	__u64 serial = told ? FIELD(direct, cgroup, self.serial_nr) : 0;
	struct kernfs_node *node;

	if (told && told->time && told->serial == serial &&
	    s->record.header.time - told->time < KNOWN_LASTS) {
		s->record.task.cgroup_id = told->id;
		add_text(s, TEXT_CGROUP, 0, TEXT_COMPLETE, 0);
		s->record.text[TEXT_CGROUP].state = TEXT_TOLD;
		return;
	}
	if (told)
		told->time = 0;
	barrier();
	node = FIELD(direct, cgroup, kn);
	s->record.task.cgroup_id = FIELD(direct, node, id);
	add_string(s, TEXT_CGROUP, NAME_BYTES, FIELD(direct, node, name));
	if (told) {
		told->serial = serial;
		told->id = s->record.task.cgroup_id;
	}
}

#endif
