/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLATFORM_NAMESPACE_H
#define PLATFORM_NAMESPACE_H

#include <stddef.h>
#include <stdint.h>

/* All return 0 or a negative errno. */

enum namespace_kind {
	NAMESPACE_NETWORK = 1 << 0,
	NAMESPACE_MOUNTS = 1 << 1,
	NAMESPACE_PROCESSES = 1 << 2, /* for children, not for the caller */
};

/* Leaves the namespaces of these kinds for new ones. */
int namespace_unshare(uint32_t kinds);

/* Joins the namespace behind a descriptor of /proc/PID/ns/NAME. */
int namespace_join(int descriptor);

/* Keeps later mounts from being seen in other mount namespaces, and theirs here. */
int namespace_make_mounts_private(void);

/* Mounts an empty file system in memory over a directory. */
int namespace_mount_memory(const char *directory, const char *options);

/* Makes an empty file system in memory the root of the namespace, with the directories
 * proc, tmp, usr/local/bin and var/lib/example, the last of which the caller is in then.
 * It is mounted over a directory first; where the rest fails all is as before, but that
 * the caller is in the root directory. */
int namespace_replace_root(const char *over, const char *options);

/* Sends one rtnetlink request to the kernel and waits for its answer. */
int netlink_request(const uint8_t *request, size_t length);

#endif
