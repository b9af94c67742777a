/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * An outgoing TCP connection, whichever hook saw it. A connection to a
 * v4-mapped address passes through the functions of both families and belongs
 * to IPv4.
 */
#ifndef IMDSWATCH_CONNECT_H
#define IMDSWATCH_CONNECT_H

#include "family.h"
#include "process.h"
#include "send.h"

#define ADDRESS_BITS 128
#define MAPPED_MARK  0xffff0000 /* the third word of ::ffff:a.b.c.d in memory */

/* In words, as the destination trie and the record want it. */
struct endpoint {
	__u32 address[4] __attribute__((aligned(8)));
	__be16 port;
	__u16 pad[3];
};

static __always_inline void map_ipv4(__u32 address[4], __u32 ipv4)
{
	address[0] = 0;
	address[1] = 0;
	address[2] = MAPPED_MARK;
	address[3] = ipv4;
}

static __always_inline bool is_mapped(const __u32 address[4])
{
	return !address[0] && !address[1] && address[2] == MAPPED_MARK;
}

/* Two loads: `sk` is typed. */
static __always_inline void load_ipv6(__u32 address[4], struct in6_addr *from)
{
	const __u64 *words = (void *)from;
	__u64 *to = (__u64 *)address;

	barrier_var(words); /* see sequence_of() */
	to[0] = words[0];
	to[1] = words[1];
}

/* The address that connect(2) was given; false if it is none of this family. */
static __always_inline bool read_ipv4(struct endpoint *to, const void *address, int length)
{
	struct sockaddr_in given;

	if (length < (int)sizeof(given) || bpf_probe_read_kernel(&given, sizeof(given), address) ||
	    given.sin_family != AF_INET)
		return false;
	map_ipv4(to->address, given.sin_addr);
	to->port = given.sin_port;
	return true;
}

static __always_inline bool read_ipv6(struct endpoint *to, const void *address, int length)
{
	struct sockaddr_in6 given;

	if (length < (int)sizeof(given) || bpf_probe_read_kernel(&given, sizeof(given), address) ||
	    given.sin6_family != AF_INET6 || is_mapped(given.sin6_addr))
		return false;
	__builtin_memcpy(to->address, given.sin6_addr, sizeof(to->address));
	to->port = given.sin6_port;
	return true;
}

static __always_inline __u32 first_byte(const __u32 address[4])
{
	return is_mapped(address) ? address[3] & 0xff : address[0] & 0xff;
}

/* What the loaded rules want with a destination: enum destination_use, or 0. */
static __always_inline __u32 use_of(const struct endpoint *to)
{
	struct {
		__u32 length;
		__u32 address[4];
	} key;
	__u32 *use, first = first_byte(to->address);

	if (settings.any_destination)
		return DESTINATION_WANTED;
	if (settings.unwanted[first / 64 & 3] & 1ULL << first % 64)
		return 0;
	key.length = ADDRESS_BITS;
	key.address[0] = to->address[0];
	key.address[1] = to->address[1];
	key.address[2] = to->address[2];
	key.address[3] = to->address[3];
	use = bpf_map_lookup_elem(&destinations, &key);
	return use ? *use : 0;
}

/* Counts the connection, and says what it is wanted for. */
static __always_inline __u32 admit(const struct endpoint *to, __u32 hook)
{
	__u32 use = use_of(to);
	__u64 *counters = counters_of(hook);

	if (counters) {
		add_one(counters, COUNTER_SEEN);
		if (!use)
			add_one(counters, COUNTER_FILTERED);
	}
	return use;
}

/* A further path of an MPTCP connection: the connection was reported already. */
static __always_inline bool is_further_path(struct sock *sk)
{
	struct inet_connection_sock *connection = (void *)sk;
	struct mptcp_subflow_context *subflow = NULL;
	struct tcp_sock *tcp = (void *)sk;

	if (!bpf_core_field_exists(tcp->is_mptcp) ||
	    !bpf_core_field_exists(subflow->request_join) || !FIELD(false, tcp, is_mptcp))
		return false;
	subflow = FIELD(false, connection, icsk_ulp_data);
	return subflow && BPF_CORE_READ_BITFIELD_PROBED(subflow, request_join);
}

/*
 * The process that connects. Up to 5.11 io_uring's threads are the kernel's
 * own and borrow the memory of the process they work for; those kernels are
 * the ones without typed tasks here.
 */
static __always_inline struct task_struct *responsible(struct record_header *header,
						       struct task_struct *task, const bool direct)
{
	struct task_struct *owner;
	struct mm_struct *mm;

	if (!(FIELD(direct, task, flags) & PF_KTHREAD))
		return task;
	header->flags |= RECORD_KERNEL_THREAD;
	if (direct)
		return task;
	mm = FIELD(direct, task, mm);
	if (!mm || !bpf_core_field_exists(mm->owner))
		return task;
	owner = FIELD(direct, mm, owner);
	return owner ? owner : task;
}

/*
 * The own address is chosen before the state changes to SYN_SENT; the port
 * after that, unless the program has.
 */
static __always_inline void add_source(struct record *record, struct sock *sk, __u16 family)
{
	struct record_connect *connect = &record->connect;
	__u32 *address = (__u32 *)connect->source_address;
	__u16 port = FIELD(false, sk, __sk_common.skc_num);

	if (family == AF_INET)
		map_ipv4(address, FIELD(false, sk, __sk_common.skc_rcv_saddr));
	else
		bpf_core_read(address, sizeof(connect->source_address),
			      &sk->__sk_common.skc_v6_rcv_saddr);
	connect->source_port = __builtin_bswap16(port);
	record->header.flags |= RECORD_SOURCE;
}

/* What every hook knows of a connection. */
struct attempt {
	struct sock *sk;
	struct endpoint to;
	__u32 use; /* enum destination_use */
	__s32 result;
	__u32 ended; /* with `result` */
	__u32 pad;
};

static __always_inline void fill_connect(struct record *record, const struct attempt *attempt,
					 bool ipv4)
{
	struct record_connect *connect = &record->connect;
	struct sock *sk = attempt->sk;

	__builtin_memset(connect, 0, sizeof(*connect));
	__builtin_memcpy(connect->destination_address, attempt->to.address,
			 sizeof(connect->destination_address));
	connect->destination_port = attempt->to.port;
	connect->family = ipv4 ? AF_INET : AF_INET6;
	connect->socket_family = FIELD(false, sk, __sk_common.skc_family);
	record->header.flags |= RECORD_ARGV_MUTABLE;
	if (attempt->use == DESTINATION_WANTED)
		record->header.flags |= RECORD_WANTED;
	if (attempt->ended) {
		connect->result = attempt->result;
		record->header.flags |= RECORD_RESULT;
	}
	if (!attempt->ended || !attempt->result)
		add_source(record, sk, connect->family);
}

/* Whether the last whole record was of this process, and nothing has changed. */
static __always_inline bool was_told(const struct scratch *s, const struct subject *who,
				     const bool direct)
{
	const struct told *told = &s->told;

	return parent_was_told(s, who, direct) &&
	       is_same(&told->process, &s->record.task.process) &&
	       told->execs == FIELD(direct, who->task, self_exec_id) && told->file == who->file &&
	       !(s->record.header.flags & RECORD_KERNEL_THREAD);
}

static __always_inline void note_process(struct scratch *s, const struct subject *who,
					 const bool direct)
{
	struct told *told = &s->told;

	note_parent(s, who, direct);
	told->process = s->record.task.process;
	told->execs = FIELD(direct, who->task, self_exec_id);
	told->file = who->file;
}

/* Whether a record tells all. */
static __always_inline bool is_whole(const struct scratch *s)
{
	return s->states == 1 << TEXT_COMPLETE && s->record.text[TEXT_EXECUTABLE].length &&
	       s->record.text[TEXT_ARGV].length && !(s->record.header.flags & RECORD_KERNEL_THREAD);
}

static __always_inline void report_task(struct scratch *s, struct task_struct *task, __u32 slot,
					__u32 hook, const bool direct)
{
	struct record *record = &s->record;
	__u32 network = record->task.network_namespace;
	__u64 *counters;
	struct subject who;
	__u64 start, end, fill;
	bool is_told;

	find_subject(&who, responsible(&record->header, task, direct), direct);
	find_top(s, &who, direct);
	fill_task(record, &who, s->leaders, direct);
	add_cgroup(s, &who, &s->told_group, direct);
	record->task.network_namespace = network;
	is_told = was_told(s, &who, direct);
	if (!is_told)
		note_process(s, &who, direct);
	add_executable(s, slot, &who, is_told, direct);
	add_parent(s, slot, &who, is_told, direct);
	start = who.mm ? FIELD(direct, who.mm, arg_start) : 0;
	end = who.mm ? FIELD(direct, who.mm, arg_end) : 0;
	record->argument_count = 0;
	fill = ring_fill();
	if (fill > SHED_FROM(fixed.ring_size)) {
		shed(s);
	} else {
		add_directory(s, slot, &who, direct);
		if (is_told)
			add_text(s, TEXT_ARGV, 0, TEXT_TOLD, 0);
		else
			add_arguments(s, slot, TEXT_ARGV, start, end);
	}

	counters = counters_of(record->connect.family == AF_INET ? COUNTER_CONNECT4
								 : COUNTER_CONNECT6);
	if (!counters)
		return;
	/* another hook of this family ran meanwhile: only while they change */
	if (s->owner != hook) {
		add_one(counters, COUNTER_FAILED);
	} else if (send_scratch(s, fill, counters,
				record->header.flags & RECORD_WANTED ? WANTED : LATER) &&
		   is_whole(s)) {
		s->told.flags = record->header.flags & RECORD_MEMFD;
		note_sent(s);
	}
}

/*
 * The rest of the record, from the process. What came before is in memory, so
 * that this can be a global function, which is verified once and not for each
 * way to get here. Typed pointers make a report faster.
 */
__noinline int report_typed(__u32 slot, __u32 hook)
{
	struct scratch *s = scratch_of(slot);

	if (!s)
		return 0;
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf))
		report_task(s, bpf_get_current_task_btf(), slot, hook, true);
	else
		report_task(s, (void *)bpf_get_current_task(), slot, hook, false);
	return 0;
}

/* The same for programs that are not given typed pointers. */
__noinline int report_plain(__u32 slot, __u32 hook)
{
	struct scratch *s = scratch_of(slot);

	if (s)
		report_task(s, (void *)bpf_get_current_task(), slot, hook, false);
	return 0;
}

/* `ipv4` says whose connection it is, also where a v6 socket makes it. */
static __always_inline void report(const struct attempt *attempt, bool ipv4, __u32 hook,
				   const bool typed)
{
	__u32 counter = ipv4 ? COUNTER_CONNECT4 : COUNTER_CONNECT6;
	__u32 slot = ipv4 ? SLOT_CONNECT4 : SLOT_CONNECT6;
	__u64 time = bpf_ktime_get_boot_ns(), address[2];
	struct scratch *s;
	struct net *net;

	__builtin_memcpy(address, attempt->to.address, sizeof(address));
	if (is_idle(time, address[0], address[1], attempt->to.port)) {
		count(counter, COUNTER_IDLE);
		return;
	}
	s = scratch_of(slot);
	if (!s) {
		count(counter, COUNTER_FAILED);
		return;
	}
	if (is_further_path(attempt->sk)) {
		count(counter, COUNTER_FILTERED);
		return;
	}
	begin_scratch(s, time, RECORD_CONNECT, hook);
	fill_connect(&s->record, attempt, ipv4);
	net = FIELD(false, attempt->sk, __sk_common.skc_net.net);
	s->record.task.network_namespace = FIELD(false, net, ns.inum);
	if (typed)
		report_typed(slot, hook);
	else
		report_plain(slot, hook);
}

#endif
