/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Swift cannot call in libbpf: a callback with variable arguments, inline
 * functions, and loads and stores with a memory order. Everything else is
 * called directly.
 */
#ifndef CBPF_H
#define CBPF_H

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <bpf/libbpf_legacy.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record.h"

/* Where libbpf's messages go: bytes [0, length) of memory the caller owns.
 * What does not fit is left out. */
struct bpf_log {
	char *bytes;
	size_t capacity;
	size_t length;
};

/* Collects the warnings that libbpf prints on this thread until it is called
 * again; a null pointer discards them. libbpf's callback has no argument for
 * the caller, so the pointer is kept per thread. */
void bpf_log_collect(struct bpf_log *log);

/* Where a global variable lies: in which section, which is also the name of
 * its map, and at which offset. Returns 0 or -ENOENT. */
int bpf_find_variable(const struct bpf_object *object, const char *name, const char **section,
		      uint32_t *offset, uint32_t *size);

/* How often a kprobe link did not run because one was running already. Returns
 * 0, or -ENOTSUP before Linux 6.7. */
int bpf_link_missed(int descriptor, uint64_t *missed);

/* Positions of a ring buffer and the lengths of its records. */
static inline uint64_t ring_load_position(const void *position)
{
	return __atomic_load_n((const unsigned long *)position, __ATOMIC_ACQUIRE);
}

static inline void ring_store_position(void *position, uint64_t value)
{
	__atomic_store_n((unsigned long *)position, value, __ATOMIC_RELEASE);
}

static inline uint32_t ring_load_length(const void *header)
{
	return __atomic_load_n((const uint32_t *)header, __ATOMIC_ACQUIRE);
}

/* Arms the wake-up: the store comes before every later load, so that either
 * this thread sees a record or its sender sees that it has to wake us. */
static inline void settings_arm(struct settings *settings)
{
	__atomic_store_n(&settings->armed, 1, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static inline void settings_disarm(struct settings *settings)
{
	__atomic_store_n(&settings->armed, 0, __ATOMIC_RELAXED);
}

#endif
