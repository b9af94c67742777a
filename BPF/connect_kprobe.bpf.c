/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The second choice: probes on the functions that connect. The arguments are
 * kept from the entry to the return, which does not have them.
 */
#include "connect.h"

#define CONNECTING_MAX 4096

/*
 * Connections between entry and return, by thread; only those somebody wants.
 * The kernel evicts the oldest: one whose return was missed would stay forever.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, CONNECTING_MAX);
	__type(key, __u64);
	__type(value, struct attempt);
} connecting SEC(".maps");

static __always_inline void enter(struct attempt *attempt, struct sock *sk, __u32 counter)
{
	__u64 thread = bpf_get_current_pid_tgid();

	attempt->use = admit(&attempt->to, counter);
	if (!attempt->use)
		return;
	attempt->sk = sk;
	if (bpf_map_update_elem(&connecting, &thread, attempt, BPF_ANY))
		count(counter, COUNTER_FAILED);
}

/* Where a return was missed, the thread's next one reports that connection. */
static __always_inline void leave(int result)
{
	__u64 thread = bpf_get_current_pid_tgid();
	struct attempt *entered = bpf_map_lookup_elem(&connecting, &thread);
	struct attempt attempt;

	if (!entered)
		return;
	attempt = *entered;
	attempt.ended = true;
	attempt.result = result;
	bpf_map_delete_elem(&connecting, &thread);
	report(&attempt, is_mapped(attempt.to.address), RECORD_HOOK_KPROBE, false);
}

SEC("kprobe/tcp_v4_connect")
int BPF_KPROBE(connect4_kprobe, struct sock *sk, struct sockaddr *address, int length)
{
	struct attempt attempt = {};

	if (settings.connect_hook4 != RECORD_HOOK_KPROBE)
		count(COUNTER_CONNECT4, COUNTER_STANDBY);
	else if (read_ipv4(&attempt.to, address, length))
		enter(&attempt, sk, COUNTER_CONNECT4);
	return 0;
}

SEC("kretprobe/tcp_v4_connect")
int BPF_KRETPROBE(connect4_kretprobe, int result)
{
	if (settings.connect_hook4 == RECORD_HOOK_KPROBE)
		leave(result);
	return 0;
}

SEC("kprobe/tcp_v6_connect")
int BPF_KPROBE(connect6_kprobe, struct sock *sk, struct sockaddr *address, int length)
{
	struct attempt attempt = {};

	if (settings.connect_hook6 != RECORD_HOOK_KPROBE)
		count(COUNTER_CONNECT6, COUNTER_STANDBY);
	else if (read_ipv6(&attempt.to, address, length))
		enter(&attempt, sk, COUNTER_CONNECT6);
	return 0;
}

SEC("kretprobe/tcp_v6_connect")
int BPF_KRETPROBE(connect6_kretprobe, int result)
{
	if (settings.connect_hook6 == RECORD_HOOK_KPROBE)
		leave(result);
	return 0;
}
