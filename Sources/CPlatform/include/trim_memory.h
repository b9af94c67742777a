/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLATFORM_TRIM_MEMORY_H
#define PLATFORM_TRIM_MEMORY_H

/* Has large blocks be mappings of their own, which go back to the kernel when
 * they are freed; the allocator would otherwise come to keep them. */
void platform_map_large_blocks(void);

/* Gives freed memory back to the kernel. */
void platform_trim_memory(void);

#endif
