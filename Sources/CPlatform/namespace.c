// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "namespace.h"

#include <errno.h>
#include <linux/netlink.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
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

static int make_directories(const char *const *names)
{
	for (; *names; names++)
		if (mkdir(*names, 0755))
			return -errno;
	return 0;
}

static int move_into(const char *root)
{
	const char *const names[] = {"proc",
				     "tmp",
				     "usr",
				     "usr/local",
				     "usr/local/bin",
				     "var",
				     "var/lib",
				     "var/lib/example",
				     NULL};
	int code;

	if (chdir(root))
		return -errno;
	code = make_directories(names);
	if (code)
		return code;
	if (mount("/proc", "proc", NULL, MS_BIND | MS_REC, NULL) ||
	    /* the old root is then over the new one: pivot_root(2) */
	    syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH) ||
	    chdir("/var/lib/example"))
		return -errno;
	return 0;
}

int namespace_replace_root(const char *over, const char *options)
{
	int code = namespace_mount_memory(over, options);

	if (code)
		return code;
	code = move_into(over);
	if (code && !chdir("/"))
		umount2(over, MNT_DETACH);
	return code;
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
