/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLATFORM_CAPABILITIES_H
#define PLATFORM_CAPABILITIES_H

#include <stdint.h>

/* The effective and permitted capabilities of this thread, one bit each.
 * Returns 0 or a negative errno. capget(2) has no function in the C library. */
int platform_capabilities(uint64_t *effective, uint64_t *permitted);

#endif
