// SPDX-License-Identifier: Apache-2.0
#include "trim_memory.h"

#include <malloc.h>

/* What the C library begins with, before it adapts. */
#define LARGE (128 << 10)

void platform_map_large_blocks(void)
{
	mallopt(M_MMAP_THRESHOLD, LARGE);
}

void platform_trim_memory(void)
{
	malloc_trim(0);
}
