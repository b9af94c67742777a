/* SPDX-License-Identifier: Apache-2.0 */
/* Every way to open a connection. */
#ifndef PLAYER_CONNECTING_H
#define PLAYER_CONNECTING_H

#include "../network.h"
#include "report.h"

#include <linux/io_uring.h>
#include <netinet/tcp.h>
#include <sys/mman.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

struct address {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	};
	socklen_t length;
};

static struct address address_of(const char *name, int port)
{
	struct address to = {};
	const char *text = !strcmp(name, "local") ? "127.0.0.1" : address_named(name);

	if (strchr(text, ':')) {
		to.v6.sin6_family = AF_INET6;
		to.v6.sin6_port = htons(port);
		inet_pton(AF_INET6, text, &to.v6.sin6_addr);
		to.length = sizeof(to.v6);
	} else {
		to.v4.sin_family = AF_INET;
		to.v4.sin_port = htons(port);
		inet_pton(AF_INET, text, &to.v4.sin_addr);
		to.length = sizeof(to.v4);
	}
	return to;
}

/* Only in a network of its own does anything here connect. */
static void refuse_host_network(void)
{
	struct stat own, host;

	if (!stat("/proc/self/ns/net", &own) && !stat("/proc/1/ns/net", &host) &&
	    own.st_ino == host.st_ino) {
		say("note refused: this is the host's network");
		_exit(96);
	}
}

struct ring {
	int descriptor;
	struct io_uring_params parameters;
	unsigned char *submissions, *completions;
	struct io_uring_sqe *entries;
};

static int open_ring(struct ring *ring, unsigned flags)
{
	struct io_uring_params *p = &ring->parameters;

	p->flags = flags;
	p->sq_thread_idle = 500;
	ring->descriptor = syscall(SYS_io_uring_setup, 4, p);
	if (ring->descriptor < 0)
		return -1;
	ring->submissions = mmap(NULL, p->sq_off.array + p->sq_entries * sizeof(unsigned),
				 PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
				 ring->descriptor, IORING_OFF_SQ_RING);
	ring->completions = mmap(NULL, p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe),
				 PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
				 ring->descriptor, IORING_OFF_CQ_RING);
	ring->entries =
		mmap(NULL, p->sq_entries * sizeof(struct io_uring_sqe), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_POPULATE, ring->descriptor, IORING_OFF_SQES);
	return ring->submissions == MAP_FAILED || ring->completions == MAP_FAILED ||
			       ring->entries == MAP_FAILED
		       ? -1
		       : 0;
}

/* Returns the result of the operation, a negative error number on failure. */
static int ring_connect(const struct address *to, int connection, unsigned setup, unsigned flags)
{
	struct ring ring = {};
	unsigned *tail, *index, *done, *wakes;
	struct io_uring_cqe *completion;

	if (open_ring(&ring, setup)) {
		say("skip io_uring: %s", strerror(errno));
		_exit(0);
	}
	if (syscall(SYS_io_uring_register, ring.descriptor, IORING_REGISTER_FILES, &connection, 1))
		fail("io_uring_register");
	ring.entries[0] = (struct io_uring_sqe){
		.opcode = IORING_OP_CONNECT,
		.flags = flags | IOSQE_FIXED_FILE,
		.fd = 0,
		.addr = (unsigned long)&to->any,
		.off = to->length,
	};
	index = (void *)(ring.submissions + ring.parameters.sq_off.array);
	tail = (void *)(ring.submissions + ring.parameters.sq_off.tail);
	wakes = (void *)(ring.submissions + ring.parameters.sq_off.flags);
	done = (void *)(ring.completions + ring.parameters.cq_off.tail);
	completion = (void *)(ring.completions + ring.parameters.cq_off.cqes);
	*index = 0;
	__atomic_store_n(tail, 1, __ATOMIC_SEQ_CST);
	if (setup & IORING_SETUP_SQPOLL) {
		for (int i = 0; i < 3000 && !__atomic_load_n(done, __ATOMIC_ACQUIRE); i++) {
			if (__atomic_load_n(wakes, __ATOMIC_ACQUIRE) & IORING_SQ_NEED_WAKEUP)
				syscall(SYS_io_uring_enter, ring.descriptor, 1, 0,
					IORING_ENTER_SQ_WAKEUP, NULL, 0);
			sleep_ms(1);
		}
	} else if (syscall(SYS_io_uring_enter, ring.descriptor, 1, 1, IORING_ENTER_GETEVENTS, NULL,
			   0) < 0) {
		fail("io_uring_enter");
	}
	return __atomic_load_n(done, __ATOMIC_ACQUIRE) ? completion->res : -ETIME;
}

static int open_socket(const char *way, int family)
{
	int protocol = !strcmp(way, "mptcp") ? IPPROTO_MPTCP : 0;
	int type = !strcmp(way, "udp") ? SOCK_DGRAM : SOCK_STREAM;
	int connection;

	if (!strcmp(way, "nonblocking"))
		type |= SOCK_NONBLOCK;
	connection = socket(family, type | SOCK_CLOEXEC, protocol);
	if (connection < 0 && protocol) {
		say("skip this kernel has no MPTCP: %s", strerror(errno));
		_exit(0);
	}
	if (connection < 0)
		fail("socket");
	return connection;
}

/* When to connect, and when to have connected, of CLOCK_BOOTTIME; 0 is at once. */
static unsigned long long moment, moment_end;

/*
 * The kernel's time of a start is not before the reading that its parent made
 * last, and not after the one that the program made first. A connection inside
 * a span counts from the earlier, one outside of it from the later.
 */
static void set_moment(const char *text, unsigned long long entered)
{
	unsigned long long before, from, to;

	if (!text || sscanf(text, "%llu %llu %llu", &before, &from, &to) != 3)
		return;
	moment = (from < 1000 ? before : entered) + from * 1000000;
	moment_end = moment + (to - from) * 1000000;
}

static void await_moment(void)
{
	struct sched_param urgent = {.sched_priority = 1};
	struct timespec wake;

	if (!moment)
		return;
	sched_setscheduler(0, SCHED_FIFO, &urgent);
	wake.tv_sec = (moment - EARLY_NS) / 1000000000;
	wake.tv_nsec = (moment - EARLY_NS) % 1000000000;
	clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &wake, NULL);
	while (time_since_boot() < moment)
		;
}

/* Connects and reports: the error number is that of the attempt, 0 if it was made. */
static void connect_by(const char *way, const char *name, int port)
{
	static struct report report;
	struct timeval patience = {.tv_usec = 300000};
	struct address to = address_of(name, port);
	struct sockaddr_in6 local = {};
	socklen_t length = sizeof(local);
	int connection, result = 0;
	char text[INET6_ADDRSTRLEN];

	refuse_host_network();
	connection = open_socket(way, to.any.sa_family);
	report.length = sprintf(report.text, "act connect");
	add_self(&report);
	await_moment();
	if (!strcmp(way, "fastopen"))
		result = sendto(connection, "GET /\n", 6, MSG_FASTOPEN, &to.any, to.length) < 0;
	else if (!strcmp(way, "uring"))
		result = errno = -ring_connect(&to, connection, 0, 0);
	else if (!strcmp(way, "uring-async"))
		result = errno = -ring_connect(&to, connection, 0, IOSQE_ASYNC);
	else if (!strcmp(way, "uring-sqpoll"))
		result = errno = -ring_connect(&to, connection, IORING_SETUP_SQPOLL, 0);
	else if (!strcmp(way, "timeout")) {
		setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
		result = connect(connection, &to.any, to.length);
	} else
		result = connect(connection, &to.any, to.length);
	result = result ? errno : 0;
	if (moment && time_since_boot() >= moment_end)
		_exit(MISSED);
	add(&report, "way", way, strlen(way));
	add_number(&report, "errno", result);
	inet_ntop(to.any.sa_family,
		  to.any.sa_family == AF_INET ? (void *)&to.v4.sin_addr : (void *)&to.v6.sin6_addr,
		  text, sizeof(text));
	add(&report, "to", text, strlen(text));
	add_number(&report, "port", port);
	if (!getsockname(connection, (void *)&local, &length))
		add_number(&report, "from", ntohs(local.sin6_port));
	send_report(&report);
	close(connection);
}

static int open_connection(const char *name, int port)
{
	struct address to = address_of(name, port);
	int connection = socket(to.any.sa_family, SOCK_STREAM, 0);

	refuse_host_network();
	if (connect(connection, &to.any, to.length))
		fail("connection");
	return connection;
}

/* Sends one descriptor, or takes one, and returns it. */
static int pass(int channel, int descriptor)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {.header = {.cmsg_level = SOL_SOCKET,
				.cmsg_type = SCM_RIGHTS,
				.cmsg_len = CMSG_LEN(sizeof(int))}};
	char byte = 'd';
	struct iovec content = {.iov_base = &byte, .iov_len = 1};
	struct msghdr message = {.msg_iov = &content,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};

	if (descriptor >= 0)
		memcpy(CMSG_DATA(&control.header), &descriptor, sizeof(int));
	if ((descriptor >= 0 ? sendmsg(channel, &message, 0) : recvmsg(channel, &message, 0)) < 0)
		fail("descriptor");
	memcpy(&descriptor, CMSG_DATA(&control.header), sizeof(int));
	return descriptor;
}

/* Another process connects, and hands the connection over. */
static void take_connection(const char *name, int port)
{
	int channel[2];
	pid_t giver;

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, channel))
		fail("socketpair");
	giver = fork();
	if (giver < 0)
		fail("fork");
	if (!giver) {
		pass(channel[0], open_connection(name, port));
		_exit(0);
	}
	pass(channel[1], -1);
	waitpid(giver, NULL, 0);
}

static int listen_at(int port, int backlog)
{
	struct sockaddr_in6 every = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	int listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (listener < 0 || bind(listener, (void *)&every, sizeof(every)) ||
	    listen(listener, backlog))
		fail("listen");
	return listener;
}

/* Answers one client after the other, until it is killed. */
static void serve(int port)
{
	int listener = listen_at(port, 64), client;
	char byte;

	while ((client = accept(listener, NULL, NULL)) >= 0) {
		struct pollfd ready = {.fd = client, .events = POLLIN};

		if (poll(&ready, 1, 20) > 0 && read(client, &byte, 1) < 0)
			errno = 0;
		close(client);
	}
}

/* Waits for one client and connects on its behalf. */
static void proxy(int port)
{
	int client = accept(listen_at(port, 1), NULL, NULL);

	connect_by("plain", "metadata", 80);
	close(client);
}

#endif
