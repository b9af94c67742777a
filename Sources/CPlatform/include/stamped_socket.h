/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLATFORM_STAMPED_SOCKET_H
#define PLATFORM_STAMPED_SOCKET_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A pair of sockets that keeps writes apart: what is written to ends[1] can be
 * received from ends[0] with the time of the write. Both are closed on exec.
 * Returns 0 or a negative errno. */
int platform_stamped_pair(int ends[2]);

/* Waits for a write and puts its bytes into buffer. Sets *sent to the time of the
 * write, nanoseconds since 1970, or to 0 if the kernel did not say. Returns their
 * number, 0 at the end, or a negative errno. */
ssize_t platform_receive_stamped(int descriptor, void *buffer, size_t size, int64_t *sent);

#endif
