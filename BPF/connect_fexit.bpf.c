/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The first choice: the functions that connect, at their return. A connection
 * that succeeded has its address in the socket, where it is a load away; one
 * that failed does not: there it comes from the argument.
 */
#include "connect.h"

SEC("fexit/tcp_v4_connect")
int BPF_PROG(connect4_fexit, struct sock *sk, struct sockaddr *address, int length, int result)
{
	struct attempt attempt = {.ended = true};

	if (settings.connect_hook4 != RECORD_HOOK_FEXIT) {
		count(COUNTER_CONNECT4, COUNTER_STANDBY);
		return 0;
	}
	if (!result) {
		map_ipv4(attempt.to.address, sk->__sk_common.skc_daddr);
		attempt.to.port = sk->__sk_common.skc_dport;
	} else if (!read_ipv4(&attempt.to, address, length)) {
		return 0;
	}
	attempt.use = admit(&attempt.to, COUNTER_CONNECT4);
	if (!attempt.use)
		return 0;
	attempt.sk = sk;
	attempt.result = result;
	report(&attempt, true, RECORD_HOOK_FEXIT, true);
	return 0;
}

SEC("fexit/tcp_v6_connect")
int BPF_PROG(connect6_fexit, struct sock *sk, struct sockaddr *address, int length, int result)
{
	struct attempt attempt = {.ended = true};

	if (settings.connect_hook6 != RECORD_HOOK_FEXIT) {
		count(COUNTER_CONNECT6, COUNTER_STANDBY);
		return 0;
	}
	if (!result) {
		load_ipv6(attempt.to.address, &sk->__sk_common.skc_v6_daddr);
		attempt.to.port = sk->__sk_common.skc_dport;
		if (is_mapped(attempt.to.address))
			return 0;
	} else if (!read_ipv6(&attempt.to, address, length)) {
		return 0;
	}
	attempt.use = admit(&attempt.to, COUNTER_CONNECT6);
	if (!attempt.use)
		return 0;
	attempt.sk = sk;
	attempt.result = result;
	report(&attempt, false, RECORD_HOOK_FEXIT, true);
	return 0;
}
