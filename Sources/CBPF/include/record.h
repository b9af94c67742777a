/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The records that the BPF programs send and the sensor decodes. Included by
 * both sides; nothing here depends on either's headers beyond <linux/types.h>
 * names. All integers are in host byte order unless their type says __be.
 *
 * A record is one struct record, followed by its text. Text is never
 * NUL-terminated; argv and the environment are NUL-separated.
 */
#ifndef IMDSWATCH_RECORD_H
#define IMDSWATCH_RECORD_H

#define RECORD_SIZE(type, bytes) _Static_assert(sizeof(struct type) == (bytes), #type)

/* Bytes kept of one path, of argv and of the selected environment. What is
 * longer loses its middle. */
#define RECORD_PATH_MAX 4096
#define RECORD_ARGV_MAX 32768
#define RECORD_ENV_MAX	4096
#define RECORD_COMM	16

enum record_kind {
	RECORD_EXEC = 1,
	RECORD_FORK = 2,
	RECORD_EXIT = 3,
	RECORD_CONNECT = 4,
	RECORD_TASK = 5, /* a process that was there at start, from iter/task */
};

enum record_hook {
	RECORD_HOOK_NONE = 0,
	RECORD_HOOK_TRACEPOINT = 1,
	RECORD_HOOK_FEXIT = 2,
	RECORD_HOOK_KPROBE = 3,
};

/* record.flags */
enum record_flag {
	RECORD_DEGRADED = 1 << 0,      /* argv and cwd shed: the ring was nearly full */
	RECORD_SCRIPT = 1 << 1,	       /* exec of an interpreter on behalf of a script */
	RECORD_DELETED = 1 << 2,       /* the executable has no link left */
	RECORD_MEMFD = 1 << 3,	       /* the executable is a memfd or similar */
	RECORD_HOST_MOUNTS = 1 << 4,   /* in the mount namespace of the sensor's host (pid 1) */
	RECORD_RESULT = 1 << 5,	       /* connect.result is known */
	RECORD_SOURCE = 1 << 6,	       /* connect.source_address is known, source_port unless 0 */
	RECORD_WANTED = 1 << 7,	       /* the destination is one a loaded rule waits for */
	RECORD_ARGV_MUTABLE = 1 << 8,  /* argv was read after the exec, from the live process */
	RECORD_KERNEL_THREAD = 1 << 9, /* io_uring or another kernel thread acted for the process */
	RECORD_NO_EXEC = 1 << 10, /* the process forked and has not exec'ed since (PF_FORKNOEXEC) */
	RECORD_CHROOT = 1 << 11,  /* its root directory is not that of its mount namespace */
	RECORD_BY_SIBLING = 1 << 12, /* fork by another than the parent (CLONE_PARENT) */
	RECORD_AT_START = 1 << 13,   /* fork: the time is that of the child's start, just before */
};

/* Text of a record. An empty one has length 0. */
enum record_text_index {
	TEXT_INVOKED,	 /* path as given to exec (bprm->filename); for a script, the script */
	TEXT_EXECUTABLE, /* resolved absolute path */
	TEXT_CWD,
	TEXT_ARGV,
	TEXT_ENV, /* only the variables that were asked for */
	TEXT_PARENT_EXECUTABLE,
	/* Last component of the cgroup's path, v2, else pids or memory. TEXT_TOLD: as
	 * in the last record of this kind, family and CPU that was sent with one. */
	TEXT_CGROUP,
	TEXT_COUNT,
};

/* record_text.state */
enum record_text_state {
	TEXT_ABSENT = 0,     /* not captured for this kind of record: ask the table */
	TEXT_COMPLETE = 1,   /* also with length 0: it really is empty */
	TEXT_CUT = 2,	     /* the middle is missing, at offset `gap` of the text */
	TEXT_UNREADABLE = 3, /* exists and could not be read */
	TEXT_SHED = 4,	     /* left out because the ring was nearly full */
	TEXT_TOLD = 5,	     /* left out: as in the last record of this process (see TEXT_CGROUP) */
	TEXT_FOREIGN = 6,    /* complete; a path in a mount of some other namespace */
};

/* Without bytes, only the state means anything: what else stands here may be of an
 * earlier record. */
struct record_text {
	__u32 offset; /* from the start of the record */
	__u32 length;
	__u32 gap; /* TEXT_CUT: bytes of the text before the missing part */
	__u16 state;
	__u16 pad;
};
RECORD_SIZE(record_text, 16);

struct record_header {
	__u64 time; /* ns since boot (bpf_ktime_get_boot_ns) */
	__u32 size; /* of the whole record, text included */
	__u16 kind;
	__u16 hook;
	__u32 flags;
	__u32 cpu;
};
RECORD_SIZE(record_header, 24);

/* A process: pid (tgid) in the initial namespace, and the start of its
 * thread-group leader in ns since boot. */
struct record_identity {
	__u64 start;
	__u32 pid;
	__u32 pad;
};
RECORD_SIZE(record_identity, 16);

struct record_task {
	struct record_identity process;
	struct record_identity parent;	/* thread-group leader of real_parent */
	struct record_identity session; /* leader; start 0 if it is gone, and not just */
	struct record_identity group;	/* process group leader; the same */
	__u32 tid;
	__u32 namespaced_pid; /* in its own pid namespace */
	__u32 uid, euid, suid;
	__u32 gid, egid, sgid;
	__u64 capabilities_effective;
	__u64 capabilities_permitted;
	__u32 login_uid;	    /* 0xffffffff: unset, or no CONFIG_AUDIT */
	__u32 audit_session;	    /* 0xffffffff: unset */
	__u32 tty_major, tty_minor; /* both 0: no controlling terminal */
	__u64 cgroup_id;
	__u32 pid_namespace, mount_namespace, network_namespace, user_namespace;
	__u32 exit_code; /* RECORD_EXIT: as wait(2) reports it */
	__u32 execs;	 /* programs started up to now in its line, low bits (self_exec_id) */
	__u8 comm[RECORD_COMM];
};
RECORD_SIZE(record_task, 176);

/* IPv4 addresses stand v4-mapped (::ffff:a.b.c.d). */
struct record_connect {
	__u8 destination_address[16];
	__u8 source_address[16];
	__be16 destination_port;
	__be16 source_port;
	__u16 family;	     /* of the destination: AF_INET (2) for v4-mapped, else AF_INET6 (10) */
	__u16 socket_family; /* of the socket */
	__s32 result;	     /* 0 or a negative errno, with RECORD_RESULT */
	__u32 pad;
};
RECORD_SIZE(record_connect, 48);

/* Which working directory it is: addresses in the kernel, to tell one from another
 * while somebody is in it; both 0: not told. */
struct record_directory {
	__u64 mount;
	__u64 entry;
};
RECORD_SIZE(record_directory, 16);

struct record {
	struct record_header header;
	struct record_task task;
	struct record_connect connect; /* RECORD_CONNECT, else zero */
	__u32 argument_count;	       /* RECORD_EXEC: all arguments, kept or not; else 0 */
	__u32 parent_execs;	       /* as task.execs, of the parent */
	struct record_directory directory;
	struct record_text text[TEXT_COUNT];
};
RECORD_SIZE(record, 384);

/* A new process, not a thread. Text-free and short: forks are frequent. */
struct record_fork {
	struct record_header header;
	struct record_identity parent;	/* thread-group leader of the process that forked */
	struct record_identity process; /* the child */
	/* of the thread that forked; the child may be in mounts of its own */
	__u32 uid, euid;
	__u32 gid, egid;
	struct record_directory directory;
};
RECORD_SIZE(record_fork, 88);

enum counter_hook {
	COUNTER_EXEC,
	COUNTER_FORK,
	COUNTER_EXIT,
	COUNTER_CONNECT4,
	COUNTER_CONNECT6,
	COUNTER_HOOKS,
};

enum counter_kind {
	COUNTER_SEEN,	    /* the hook ran */
	COUNTER_SUBMITTED,  /* a record was written */
	COUNTER_FILTERED,   /* no rule can need it */
	COUNTER_DROPPED,    /* the ring was full */
	COUNTER_SHED,	    /* submitted without argv and cwd */
	COUNTER_UNREADABLE, /* submitted with a text that could not be read */
	COUNTER_CUT,	    /* submitted with a text that was cut */
	COUNTER_FAILED,	    /* no record could be built: scratch missing, argument unreadable */
	COUNTER_STANDBY,    /* a connect hook ran while another one is in use */
	COUNTER_IDLE,	    /* a connection that no rule waits for at present */
	COUNTER_KINDS,
};

/* Counters of one CPU: those of a hook stand together. */
#define COUNTER_ROOM 16
struct counters {
	__u64 count[COUNTER_HOOKS][COUNTER_ROOM];
};
RECORD_SIZE(counters, 640);
_Static_assert(COUNTER_KINDS <= COUNTER_ROOM, "counters");

/* Values in the destination trie. */
enum destination_use {
	DESTINATION_RECORD = 1, /* write a record, wake nobody */
	DESTINATION_WANTED = 2, /* a loaded rule waits for it: wake the reader */
};

/*
 * What the sensor can change while the programs run: the variable `settings`
 * in the object's mmapped .data.
 */
struct settings {
	__u32 armed;	   /* the reader sets 1 before it sleeps; who wakes it sets 0 */
	__u32 wake_exec;   /* --low-latency: program starts wake the reader too */
	__u32 capture_env; /* a rule names environment variables */
	__u32 connect_hook4,
		connect_hook6; /* enum record_hook: the one in use; the others stay silent */
	__u32 any_destination; /* a rule does not constrain the address: the trie is not asked */
	__u32 host_mount_namespace; /* set by the program `tasks` when it meets pid 1 */
	__u32 note_forks;   /* forks begin what a connection completes, as program starts do */
	__u32 start_window; /* how long after a start, of a program or a process, its siblings'
			     * connections can matter: units of START_SHIFT; 0: always */
	__u32 note_since;   /* since when starts are noted, in these units; 0: they are not */
	__u32 time_forks;   /* rules are about forks: their time is that of the hook, for which it
			     * looks at the clock; else that of the child's start, just before */
	__u32 pad;
	/* A shortcut, optional: bit n (of word n / 64) is set if the trie has no
	 * destination whose address begins with byte n, IPv4 or IPv6; then the
	 * trie is not asked. Clear bits before adding to the trie, and set them
	 * after removing from it. */
	__u64 unwanted[4];
};
RECORD_SIZE(settings, 80);

/* Times of starts are kept in units of 2^START_SHIFT nanoseconds, about milliseconds;
 * windows are START_MARGIN longer than they need be. */
#define START_SHIFT  20
#define START_MARGIN 256

/* A process that connects again and again; with other numbers it is another. */
struct regular {
	__u64 start;	 /* struct record_identity */
	__u32 execs;	 /* struct record_task */
	__u32 parent;	 /* pid of the parent that its records name */
	__u64 high, low; /* an address, as in struct record_connect */
	__be16 port;
	__u16 pad;
	__u32 seen; /* when a connection there was seen, after which the same cannot matter
		     * until something is started beside it: units of START_SHIFT; 0: never */
};
RECORD_SIZE(regular, 40);

/*
 * What is fixed before load: the variable `fixed` in .rodata.
 */
struct fixed_settings {
	__u64 ring_size;	    /* bytes */
	__u32 host_mount_namespace; /* inode number of pid 1's; 0: as found by the program `tasks`
				     */
	__u32 pad;
};
RECORD_SIZE(fixed_settings, 16);

/*
 * Elements of the map `scratch` for each possible CPU: the loader sets its
 * size before load to SCRATCH_SLOTS times the number of possible CPUs.
 */
enum scratch_slot {
	SLOT_EXEC,
	SLOT_CONNECT4,
	SLOT_CONNECT6,
	SLOT_TASK,
	SCRATCH_SLOTS,
};

/* Key of the destination trie (struct bpf_lpm_trie_key with 16 address
 * bytes; IPv4 is v4-mapped, its prefix counts from 96). One trie serves both;
 * values are enum destination_use in 4 bytes. */
struct destination_key {
	__u32 length; /* bits */
	__u8 address[16];
};
RECORD_SIZE(destination_key, 20);

#endif
