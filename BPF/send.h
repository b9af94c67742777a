/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Into the ring, and when to wake its reader.
 *
 * A wake-up costs twenty times the record, so records are queued silently. The
 * reader drains the ring, sets settings.armed, looks once more and sleeps. Who
 * finds it armed, and has a reason, takes the mark away and wakes the reader.
 * Reading the mark and clearing it are two steps, because 5.10 has no atomic
 * exchange: two CPUs may both wake the reader, which is harmless.
 */
#ifndef IMDSWATCH_SEND_H
#define IMDSWATCH_SEND_H

#include "maps.h"

/* How full the ring may get: for what, see DESIGN "Overload". */
#define WAKE_FROM(size)	    ((size) / 4)
#define SHED_FROM(size)	    ((size) / 4 * 3)
#define RESERVED_FROM(size) ((size) / 8 * 7)

static __always_inline __u64 ring_fill(void)
{
	return bpf_ringbuf_query(&records, BPF_RB_AVAIL_DATA);
}

static __always_inline bool take_wakeup(void)
{
	if (!settings.armed)
		return false;
	settings.armed = 0;
	return true;
}

/* Wakes the reader without a record; one that cannot be woken stays armed. */
static __always_inline void wake(void)
{
	void *empty = bpf_ringbuf_reserve(&records, sizeof(__u64), 0);

	if (empty)
		bpf_ringbuf_discard(empty, BPF_RB_FORCE_WAKEUP);
	else
		settings.armed = 1;
}

enum urgency {
	LATER,	/* wakes nobody, unless the ring fills up */
	SOON,	/* wakes the reader */
	WANTED, /* wakes the reader, and may use the part of the ring that is kept for it */
};

/* `fill` is what ring_fill() said; false if the record was dropped. */
static __always_inline bool send(void *record, __u32 size, __u64 fill, __u64 *counters,
				 enum urgency urgency)
{
	bool full = urgency != WANTED && fill + size > RESERVED_FROM(fixed.ring_size);
	bool wakes = urgency != LATER || fill + size > WAKE_FROM(fixed.ring_size);
	bool woken = wakes && take_wakeup();

	if (full || bpf_ringbuf_output(&records, record, size,
				       woken ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP)) {
		add_one(counters, COUNTER_DROPPED);
		if (woken)
			wake();
		return false;
	}
	add_one(counters, COUNTER_SUBMITTED);
	/* the reader may have armed after the look above, and missed the record */
	if (unlikely(wakes) && !woken && take_wakeup())
		wake();
	return true;
}

/* To be called when the record was sent: its control group's name is told. */
static __always_inline void note_group(struct scratch *s)
{
	if (s->record.text[TEXT_CGROUP].state == TEXT_COMPLETE)
		s->told_group.time = s->record.header.time;
}

static __always_inline bool send_scratch(struct scratch *s, __u64 fill, __u64 *counters,
					 enum urgency urgency)
{
	__u32 size = s->record.header.size;

	if (unlikely(size > sizeof(s->record) + TEXT_BYTES)) {
		add_one(counters, COUNTER_FAILED);
		return false;
	}
	if (!send(&s->record, size, fill, counters, urgency))
		return false;
	note_group(s);
	if (unlikely(s->states & 1 << TEXT_SHED))
		add_one(counters, COUNTER_SHED);
	if (unlikely(s->states & 1 << TEXT_UNREADABLE))
		add_one(counters, COUNTER_UNREADABLE);
	if (unlikely(s->states & 1 << TEXT_CUT))
		add_one(counters, COUNTER_CUT);
	return true;
}

static __always_inline void begin(struct record_header *header, __u64 time, __u32 kind, __u32 hook,
				  __u32 size)
{
	header->time = time;
	header->size = size;
	header->kind = kind;
	header->hook = hook;
	header->flags = 0;
	header->cpu = bpf_get_smp_processor_id();
}

static __always_inline void begin_scratch(struct scratch *s, __u64 time, __u32 kind, __u32 hook)
{
	begin(&s->record.header, time, kind, hook, sizeof(s->record));
	s->record.directory.mount = 0;
	s->record.directory.entry = 0;
	s->states = 0;
	s->owner = hook;
}

#endif
