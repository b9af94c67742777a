// SPDX-License-Identifier: Apache-2.0
#include "trim_memory.h"

#include <malloc.h>

void platform_trim_memory(void)
{
	malloc_trim(0);
}
