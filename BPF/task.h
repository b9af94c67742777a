/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is known of a process. */
#ifndef IMDSWATCH_TASK_H
#define IMDSWATCH_TASK_H

#include "path.h"

#define MINOR_BITS 20
#define UNSET	   0xffffffff

/* `leader` is a thread-group leader, which alone keeps its start for life. */
static __always_inline void identify(struct record_identity *identity, struct task_struct *leader,
				     const bool direct)
{
	identity->start = FIELD(direct, leader, start_boottime);
	identity->pid = FIELD(direct, leader, tgid);
	identity->pad = 0;
}

/* The process whose pid `pid` is; its own is known already. */
static __always_inline void identify_pid(struct record_identity *identity, struct pid *pid,
					 struct pid *own, const struct record_identity *self)
{
	struct hlist_node *link;

	identity->start = 0;
	identity->pid = 0;
	identity->pad = 0;
	if (pid == own) {
		*identity = *self;
		return;
	}
	link = pid ? FIELD(false, pid, tasks[PIDTYPE_TGID].first) : NULL;
	if (link)
		identify(identity,
			 (void *)link -
				 bpf_core_field_offset(struct task_struct, pid_links[PIDTYPE_TGID]),
			 false);
}

static __always_inline void fill_credentials(struct record_task *t, struct task_struct *task,
					     const bool direct)
{
	struct cred *cred = FIELD(direct, task, cred);
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

static __always_inline void fill_namespaces(struct record_task *t, struct task_struct *task,
					    struct pid *pid, const bool direct)
{
	struct nsproxy *proxy = FIELD(direct, task, nsproxy);
	__u32 level = FIELD(direct, pid, level);

	t->mount_namespace = 0;
	t->network_namespace = 0;
	if (proxy) { /* NULL once the task is exiting */
		struct mnt_namespace *mounts = FIELD(direct, proxy, mnt_ns);
		struct net *net = FIELD(direct, proxy, net_ns);

		t->mount_namespace = FIELD(direct, mounts, ns.inum);
		t->network_namespace = FIELD(direct, net, ns.inum);
	}
	t->pid_namespace = PID_NAMESPACE_INIT;
	t->namespaced_pid = t->process.pid;
	if (level) {
		/* read by helper: 5.10 allows no variable offset from a typed pointer */
		struct task_struct *leader = FIELD(direct, task, group_leader);
		void *plain = FIELD(false, leader, thread_pid);
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
	if (tty) {
		struct tty_driver *driver = FIELD(direct, tty, driver);
		__u32 device = FIELD(direct, driver, major) << MINOR_BITS;

		device += FIELD(direct, driver, minor_start);
		device += FIELD(direct, tty, index);
		t->tty_major = device >> MINOR_BITS;
		t->tty_minor = device & ((1 << MINOR_BITS) - 1);
	}
}

/* User space may be denied a look at pid 1's (/proc/1/ns/mnt). */
static __always_inline __u32 host_mount_namespace(void)
{
	__u32 known = fixed.host_mount_namespace;

	return known ? known : settings.host_mount_namespace;
}

/* Everything but the texts. `task` is a live thread of the process. */
static __always_inline void fill_task(struct record *record, struct task_struct *task,
				      const bool direct)
{
	struct record_task *t = &record->task;
	struct task_struct *leader = FIELD(direct, task, group_leader);
	struct task_struct *parent = FIELD(direct, task, real_parent);
	struct task_struct *parent_leader = FIELD(direct, parent, group_leader);
	struct signal_struct *signal = FIELD(direct, task, signal);
	struct pid *own = FIELD(direct, leader, thread_pid);
	__u32 flags = FIELD(direct, leader, flags);

	identify(&t->process, leader, direct);
	identify(&t->parent, parent_leader, direct);
	identify_pid(&t->session, FIELD(direct, signal, pids[PIDTYPE_SID]), own, &t->process);
	identify_pid(&t->group, FIELD(direct, signal, pids[PIDTYPE_PGID]), own, &t->process);
	t->tid = FIELD(direct, task, pid);
	fill_credentials(t, task, direct);
	fill_namespaces(t, task, own, direct);
	fill_terminal(t, signal, direct);
	bpf_core_read(t->comm, sizeof(t->comm), &task->comm);
	if (flags & PF_FORKNOEXEC)
		record->header.flags |= RECORD_NO_EXEC;
	if (flags & PF_KTHREAD)
		record->header.flags |= RECORD_KERNEL_THREAD;
	if (t->mount_namespace == host_mount_namespace())
		record->header.flags |= RECORD_HOST_MOUNTS;
}

/* The cgroup a v1 controller has the task in; NULL without such a controller. */
static __always_inline struct cgroup *controlled(struct css_set *set, const __u32 controller)
{
	struct cgroup_subsys_state *state = NULL;

	bpf_probe_read_kernel(&state, sizeof(state),
			      (void *)set + bpf_core_field_offset(struct css_set, subsys) +
				      controller * sizeof(state));
	return state ? FIELD(false, state, cgroup) : NULL;
}

/*
 * The leaf of the cgroup path. On hosts whose controllers are still v1 the v2
 * hierarchy has everything in its root.
 */
static __always_inline void add_cgroup(struct scratch *s, struct task_struct *task,
				       const bool direct)
{
	struct css_set *set = FIELD(direct, task, cgroups);
	struct cgroup *cgroup = FIELD(direct, set, dfl_cgrp);
	struct kernfs_node *node;

	node = FIELD(direct, cgroup, kn);
	if (!FIELD(direct, cgroup, level)) {
		cgroup = NULL;
		if (bpf_core_enum_value_exists(enum cgroup_subsys_id, pids_cgrp_id))
			cgroup = controlled(
				set, bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id));
		else if (bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id))
			cgroup = controlled(
				set, bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id));
		if (cgroup)
			node = FIELD(false, cgroup, kn);
	}
	s->record.task.cgroup_id = FIELD(false, node, id);
	add_string(s, TEXT_CGROUP, NAME_BYTES, FIELD(false, node, name));
}

#endif
