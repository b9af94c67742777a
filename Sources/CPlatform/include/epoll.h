/* SPDX-License-Identifier: Apache-2.0 */
/* The module map of the C library leaves epoll(7) out. */
#ifndef PLATFORM_EPOLL_H
#define PLATFORM_EPOLL_H

#include <sys/epoll.h>

#endif
