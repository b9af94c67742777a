/* SPDX-License-Identifier: Apache-2.0 */
#include "cbpf.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local struct bpf_log *collected;

static int collect(enum libbpf_print_level level, const char *format, va_list arguments)
{
	struct bpf_log *log = collected;
	size_t room;
	int length;

	if (!log || level == LIBBPF_DEBUG || log->length >= log->capacity)
		return 0;
	room = log->capacity - log->length;
	length = vsnprintf(log->bytes + log->length, room, format, arguments);
	if (length > 0)
		log->length += (size_t)length < room ? (size_t)length : room - 1;
	return 0;
}

void bpf_log_collect(struct bpf_log *log)
{
	collected = log;
	libbpf_set_print(collect);
}

int bpf_find_variable(const struct bpf_object *object, const char *name, const char **section,
		      uint32_t *offset, uint32_t *size)
{
	const struct btf *btf = bpf_object__btf(object);
	__u32 id, index;

	if (!btf)
		return -ENOENT;
	for (id = 1; id < btf__type_cnt(btf); id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);
		const struct btf_var_secinfo *entry;

		if (!btf_is_datasec(type))
			continue;
		entry = btf_var_secinfos(type);
		for (index = 0; index < btf_vlen(type); index++, entry++) {
			const struct btf_type *variable = btf__type_by_id(btf, entry->type);

			if (strcmp(btf__name_by_offset(btf, variable->name_off), name))
				continue;
			*section = btf__name_by_offset(btf, type->name_off);
			*offset = entry->offset;
			*size = entry->size;
			return 0;
		}
	}
	return -ENOENT;
}

/* The start of struct bpf_link_info of a kprobe, newer than our headers:
 * Linux 6.6 added `perf_event`, 6.7 `missed`. */
struct kprobe_link_info {
	__u32 type, id, program_id, pad;
	__u32 event_type, pad2;
	__aligned_u64 function_name;
	__u32 name_length, offset;
	__aligned_u64 address, missed, cookie;
};

int bpf_link_missed(int descriptor, uint64_t *missed)
{
	struct kprobe_link_info info;
	__u32 length = sizeof(info);
	int error;

	memset(&info, 0, sizeof(info));
	error = bpf_obj_get_info_by_fd(descriptor, &info, &length);
	if (error)
		return error;
	if (length < offsetof(struct kprobe_link_info, cookie))
		return -ENOTSUP;
	*missed = info.missed;
	return 0;
}
