/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The last resort: a TCP socket went to SYN_SENT. It misses connections that
 * find no route, and knows neither result nor source port. The tracepoint
 * fires for every change of state of every socket, mostly in interrupts.
 */
#include "connect.h"

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(connect_tracepoint, struct sock *sk, int old_state, int new_state)
{
	struct attempt attempt = {};
	bool ipv4;

	/* MPTCP and SCTP sockets have states of their own */
	if (new_state != TCP_SYN_SENT || sk->sk_protocol != IPPROTO_TCP)
		return 0;
	if (sk->__sk_common.skc_family == AF_INET)
		map_ipv4(attempt.to.address, sk->__sk_common.skc_daddr);
	else
		load_ipv6(attempt.to.address, &sk->__sk_common.skc_v6_daddr);
	ipv4 = is_mapped(attempt.to.address);
	if ((ipv4 ? settings.connect_hook4 : settings.connect_hook6) != RECORD_HOOK_TRACEPOINT)
		return 0;
	attempt.use = admit(&attempt.to, ipv4 ? COUNTER_CONNECT4 : COUNTER_CONNECT6);
	if (!attempt.use)
		return 0;
	attempt.sk = sk;
	attempt.to.port = sk->__sk_common.skc_dport;
	report(&attempt, ipv4, RECORD_HOOK_TRACEPOINT, true);
	return 0;
}
