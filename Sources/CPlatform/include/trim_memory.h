/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLATFORM_TRIM_MEMORY_H
#define PLATFORM_TRIM_MEMORY_H

/* Gives freed memory back to the kernel. */
void platform_trim_memory(void);

#endif
