// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "stamped_socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

int platform_stamped_pair(int ends[2])
{
	const int on = 1;
	int error;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return -errno;
	if (!setsockopt(ends[0], SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)))
		return 0;
	error = -errno;
	close(ends[0]);
	close(ends[1]);
	return error;
}

ssize_t platform_receive_stamped(int descriptor, void *buffer, size_t size, int64_t *sent)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(struct timespec))];
	} control;
	struct iovec part = {.iov_base = buffer, .iov_len = size};
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *header;
	ssize_t count;

	*sent = 0;
	do
		count = recvmsg(descriptor, &message, 0);
	while (count < 0 && errno == EINTR);
	if (count < 0)
		return -errno;
	header = CMSG_FIRSTHDR(&message);
	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SO_TIMESTAMPNS) {
		struct timespec time;

		memcpy(&time, CMSG_DATA(header), sizeof(time));
		*sent = (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
	}
	return count;
}
