/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The texts behind a record: each is appended to what is there. */
#ifndef IMDSWATCH_TEXT_H
#define IMDSWATCH_TEXT_H

#include "maps.h"

/* Notes that `length` bytes were put behind the record, as one of its texts. */
static __always_inline void add_text(struct scratch *s, __u32 which, __u32 length, __u32 state,
				     __u32 gap)
{
	struct record_text *text;

	/* 5.10 forgets a bound checked before a number was spilled: check late */
	if (!__builtin_constant_p(which)) {
		barrier_var(which);
		if (which >= TEXT_COUNT)
			return;
	}
	text = &s->record.text[which];
	text->offset = s->record.header.size;
	text->length = length;
	text->gap = gap;
	text->state = state;
	s->record.header.size += length;
	s->states |= 1 << state;
}

/*
 * Where the next text goes, of which `length` bytes are there already, with
 * room for `room` more. There always is: the largest texts fit together. The
 * check is for the verifier.
 */
static __always_inline __u8 *text_end(struct scratch *s, __u32 room, __u32 length)
{
	__u32 used = s->record.header.size - sizeof(s->record) + length;

	if (unlikely(used > TEXT_BYTES - room))
		return NULL;
	barrier_var(used); /* or the address is computed before the check */
	return s->text + used;
}

/* Appends a string of the kernel's, shorter than `room`, which is constant. */
static __always_inline void add_string(struct scratch *s, __u32 which, __u32 room,
				       const void *string)
{
	__u8 *end = text_end(s, room, 0);
	long length = end ? bpf_probe_read_kernel_str(end, room, string) : 0;

	if (likely(length > 0))
		add_text(s, which, length - 1, TEXT_COMPLETE, 0);
	else
		add_text(s, which, 0, TEXT_UNREADABLE, 0);
}

/* What was copied so far misses something behind it. */
static __always_inline void lose(struct copy *copy)
{
	if (copy->cut)
		copy->length = copy->gap;
	copy->gap = copy->length;
	copy->cut = true;
}

/*
 * Copies one page, or skips the middle; false at the end. The state is in
 * memory, and this is a function of its own, so that the verifier looks at it
 * once and not at every way through the loop.
 */
__noinline int copy_page(__u32 slot)
{
	struct scratch *s = scratch_of(slot);
	struct copy *copy;
	__u64 from, size, left;
	__u8 *text;

	if (!s)
		return false;
	copy = &s->copy;
	from = copy->from;
	if (from >= copy->stop) {
		if (copy->stop == copy->end)
			return false;
		copy->from = copy->resume;
		copy->stop = copy->end;
		lose(copy);
		return true;
	}
	size = PAGE_BYTES - (from & (PAGE_BYTES - 1));
	left = copy->stop - from;
	if (size > left)
		size = left;
	text = text_end(s, PAGE_BYTES, copy->length);
	barrier_var(size); /* or the compiler proves, and leaves out, the check */
	if (!text || size > PAGE_BYTES)
		return false;
	if (bpf_probe_read_user(text, size, (const void *)from))
		lose(copy);
	else
		copy->length += size;
	copy->from = from + size;
	return true;
}

/*
 * Appends the memory of the current process from `start` to `end`. What is
 * longer than the limit loses its middle; so does what has pages that are not
 * in memory: all from the first such page to the last is left out.
 */
__noinline int add_user_text(__u32 slot, __u32 which, __u64 start, __u64 end)
{
	__u32 limit = which == TEXT_ENV ? RECORD_ENV_MAX : RECORD_ARGV_MAX;
	struct scratch *s = scratch_of(slot);
	struct copy *copy;

	if (!s || which >= TEXT_COUNT)
		return 0;
	copy = &s->copy;
	copy->from = start;
	copy->stop = end;
	copy->end = end;
	copy->length = 0;
	copy->cut = false;
	if (end > start && end - start > limit) {
		copy->stop = start + limit / 2;
		copy->resume = end - limit / 2;
	}
	for (int i = 0; i < RECORD_ARGV_MAX / PAGE_BYTES + 4; i++)
		if (!copy_page(slot))
			break;
	if (!copy->cut)
		add_text(s, which, copy->length, TEXT_COMPLETE, 0);
	else if (copy->length)
		add_text(s, which, copy->length, TEXT_CUT, copy->gap);
	else
		add_text(s, which, 0, TEXT_UNREADABLE, 0);
	return 0;
}

/* Appends the arguments or the environment: short ones, all in memory, at once. */
static __always_inline void add_arguments(struct scratch *s, __u32 slot, __u32 which, __u64 start,
					  __u64 end)
{
	__u8 *text = text_end(s, PAGE_BYTES, 0);
	__u64 size = end - start;

	barrier_var(size);
	if (text && size <= PAGE_BYTES &&
	    likely(!bpf_probe_read_user(text, size, (const void *)start)))
		add_text(s, which, size, TEXT_COMPLETE, 0);
	else
		add_user_text(slot, which, start, end);
}

#endif
