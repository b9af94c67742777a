/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

/* How often this process has asked for memory. */
uint64_t allocation_count(void);

/* Monotonic time in nanoseconds. */
uint64_t monotonic_time(void);

/* What runs between these two is counted, under a name, if callgrind runs us. */
void measure_begin(void);
void measure_end(const char *name);
