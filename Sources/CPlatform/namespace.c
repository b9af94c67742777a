// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "namespace.h"

#include <errno.h>
#include <linux/netlink.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

int namespace_unshare(uint32_t kinds)
{
	int flags = 0;

	if (kinds & NAMESPACE_NETWORK)
		flags |= CLONE_NEWNET;
	if (kinds & NAMESPACE_MOUNTS)
		flags |= CLONE_NEWNS;
	if (kinds & NAMESPACE_PROCESSES)
		flags |= CLONE_NEWPID;
	return unshare(flags) ? -errno : 0;
}

int namespace_join(int descriptor)
{
	return setns(descriptor, 0) ? -errno : 0;
}

int namespace_make_mounts_private(void)
{
	return mount("", "/", "", MS_REC | MS_PRIVATE, NULL) ? -errno : 0;
}

int namespace_mount_memory(const char *directory, const char *options)
{
	return mount("none", directory, "tmpfs", MS_NOSUID | MS_NODEV, options) ? -errno : 0;
}

int netlink_request(const uint8_t *request, size_t length)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr body;
		char rest[4096];
	} answer;
	ssize_t received;
	int result;
	int channel = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (channel < 0)
		return -errno;
	result = -EIO;
	if (send(channel, request, length, 0) < 0) {
		result = -errno;
	} else {
		received = recv(channel, &answer, sizeof(answer), 0);
		if (received < 0)
			result = -errno;
		else if ((size_t)received >= sizeof(answer.header) + sizeof(answer.body.error) &&
			 answer.header.nlmsg_type == NLMSG_ERROR)
			result = answer.body.error;
	}
	close(channel);
	return result;
}
