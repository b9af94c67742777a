/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads the BPF object without the sensor, to try it on a kernel: loads,
 * attaches, runs a command, and prints every record and what the programs cost.
 *
 *   loader [-a FIRST[/BITS]] [-A] [-e] [-h 4=HOOK] [-h 6=HOOK] [-p PROGRAM]...
 *          [-q] [-s] [-t] [-v] OBJECT [COMMAND...]
 *
 *   -a  a wanted destination (repeatable)    -A  every destination is wanted
 *   -r  a destination to record only         -e  capture the environment
 *   -h  hook of a family: fexit, kprobe or tracepoint (default)
 *   -p  load only these programs (default: all that match the hooks)
 *   -q  count the records, print none        -s  time the programs (bpf_stats)
 *   -n  leave the ring alone until the end   -R  size of the ring in bytes
 *   -w  sleep until woken by a connection, and print how long that takes
 *   -t  list the tasks first                 -v  print the verifier's totals
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/types.h>
#include "record.h"

static const char *const kinds[] = {"?", "exec", "fork", "exit", "connect", "task"};
static const char *const hooks[] = {"none", "tracepoint", "fexit", "kprobe"};
static const char *const texts[] = {"invoked", "exe", "cwd", "argv", "env", "pexe", "cgroup"};
static const char *const states[] = {"absent", "complete", "cut", "unreadable", "shed", "told"};
static const char *const counter_hooks[] = {"exec", "fork", "exit", "connect4", "connect6"};
static const char *const counter_kinds[] = {"seen",    "submitted",  "filtered", "dropped",
					    "shed",    "unreadable", "cut",	 "failed",
					    "standby", "idle"};
static bool quiet, verbose;
static unsigned long received, bytes, connections, latency, latency_max;

static void print_bytes(const __u8 *text, __u32 length)
{
	for (__u32 i = 0; i < length; i++) {
		if (text[i] == 0)
			putchar('|');
		else if (text[i] < 32 || text[i] > 126)
			printf("\\x%02x", text[i]);
		else
			putchar(text[i]);
	}
}

static void print_text(const struct record *r, int i)
{
	const struct record_text *t = &r->text[i];
	const __u8 *text = (const __u8 *)r + t->offset;

	if (t->state == TEXT_ABSENT)
		return;
	printf(" %s", texts[i]);
	if (t->state > TEXT_TOLD) {
		printf("=BAD STATE %u", t->state);
		return;
	}
	if (t->state != TEXT_COMPLETE)
		printf("(%s,%u@%u)", states[t->state], t->length, t->gap);
	printf("=");
	if ((__u64)t->offset + t->length > r->header.size)
		printf("OUT OF RECORD %u+%u>%u", t->offset, t->length, r->header.size);
	else if (t->length > 300) {
		print_bytes(text, 100);
		printf("...");
		print_bytes(text + t->length - 100, 100);
	} else
		print_bytes(text, t->length);
}

static void print_record(const struct record *r)
{
	const struct record_task *t = &r->task;
	const struct record_connect *c = &r->connect;
	char to[INET6_ADDRSTRLEN], from[INET6_ADDRSTRLEN];

	printf("%s %s size=%u cpu=%u flags=%x pid=%u/%llu ppid=%u/%llu sid=%u/%llu pgid=%u/%llu "
	       "tid=%u "
	       "nspid=%u uid=%u,%u,%u gid=%u,%u,%u caps=%llx,%llx login=%d,%d tty=%u:%u "
	       "cg=%llu ns=%u,%u,%u,%u exit=%x comm=%.16s arguments=%u",
	       kinds[r->header.kind], hooks[r->header.hook], r->header.size, r->header.cpu,
	       r->header.flags, t->process.pid, t->process.start, t->parent.pid, t->parent.start,
	       t->session.pid, t->session.start, t->group.pid, t->group.start, t->tid,
	       t->namespaced_pid, t->uid, t->euid, t->suid, t->gid, t->egid, t->sgid,
	       t->capabilities_effective, t->capabilities_permitted, (int)t->login_uid,
	       (int)t->audit_session, t->tty_major, t->tty_minor, t->cgroup_id, t->pid_namespace,
	       t->mount_namespace, t->network_namespace, t->user_namespace, t->exit_code, t->comm,
	       r->argument_count);
	if (r->header.kind == RECORD_CONNECT) {
		inet_ntop(AF_INET6, c->destination_address, to, sizeof(to));
		inet_ntop(AF_INET6, c->source_address, from, sizeof(from));
		printf(" to=[%s]:%u from=[%s]:%u family=%u/%u result=%d", to,
		       ntohs(c->destination_port), from, ntohs(c->source_port), c->family,
		       c->socket_family, c->result);
	}
	for (int i = 0; i < TEXT_COUNT; i++)
		print_text(r, i);
	printf("\n");
}

static int on_record(void *context, void *data, size_t size)
{
	const struct record_header *header = data;

	(void)context;
	if (header->kind == RECORD_CONNECT && header->flags & RECORD_WANTED) {
		struct timespec now;
		unsigned long late;

		clock_gettime(CLOCK_BOOTTIME, &now);
		late = now.tv_sec * 1000000000ul + now.tv_nsec - header->time;
		connections++;
		latency += late;
		if (late > latency_max)
			latency_max = late;
	}
	received++;
	bytes += size;
	if (header->size != size)
		printf("BAD SIZE %u != %zu\n", header->size, size);
	else if (!quiet && header->kind == RECORD_FORK) {
		const struct record_fork *f = data;

		printf("fork pid=%u/%llu ppid=%u/%llu\n", f->process.pid, f->process.start,
		       f->parent.pid, f->parent.start);
	} else if (!quiet)
		print_record(data);
	return 0;
}

static int on_log(enum libbpf_print_level level, const char *format, va_list arguments)
{
	if (level == LIBBPF_DEBUG)
		return 0;
	return vfprintf(stderr, format, arguments);
}

static void fail(const char *what)
{
	fprintf(stderr, "loader: %s: %s\n", what, strerror(errno));
	exit(1);
}

static enum record_hook hook_named(const char *name)
{
	for (unsigned i = 1; i < sizeof(hooks) / sizeof(*hooks); i++)
		if (!strcmp(hooks[i], name))
			return i;
	fail(name);
	return 0;
}

static void add_destination(int map, char *text, __u32 use, __u64 *unwanted)
{
	struct destination_key key = {.length = 128};
	char *slash = strchr(text, '/');
	struct in_addr v4;

	if (slash)
		*slash = 0;
	if (inet_pton(AF_INET, text, &v4) == 1) {
		key.address[10] = key.address[11] = 0xff;
		memcpy(key.address + 12, &v4, 4);
		if (slash)
			key.length = 96 + atoi(slash + 1);
	} else if (inet_pton(AF_INET6, text, key.address) == 1) {
		if (slash)
			key.length = atoi(slash + 1);
	} else
		fail(text);
	if (bpf_map_update_elem(map, &key, &use, BPF_ANY))
		fail("destination");

	/* the first byte: of IPv4 behind ::ffff: */
	__u32 bits = inet_pton(AF_INET, text, &v4) == 1 ? key.length - 96 : key.length;
	__u32 first = bits == key.length ? key.address[0] : key.address[12];
	__u32 last = bits >= 8 ? first : first | 0xff >> bits;

	for (; first <= last; first++)
		unwanted[first / 64] &= ~(1ull << first % 64);
}

static void list_tasks(struct bpf_object *object)
{
	struct bpf_program *program = bpf_object__find_program_by_name(object, "tasks");
	struct bpf_link *link = bpf_program__attach_iter(program, NULL);
	int fd = link ? bpf_iter_create(bpf_link__fd(link)) : -1;
	static __u8 buffer[1 << 20];
	size_t have = 0;
	ssize_t n;

	if (fd < 0)
		fail("iter/task");
	while ((n = read(fd, buffer + have, sizeof(buffer) - have)) > 0) {
		size_t at = 0;

		have += n;
		while (have - at >= sizeof(struct record_header)) {
			__u32 size = ((struct record_header *)(buffer + at))->size;

			if (size > have - at)
				break;
			/* records follow each other unaligned */
			static struct record copy[64];

			if (size <= sizeof(copy)) {
				memcpy(copy, buffer + at, size);
				on_record(NULL, copy, size);
			}
			at += size;
		}
		memmove(buffer, buffer + at, have - at);
		have -= at;
	}
	if (n < 0)
		fail("reading tasks");
	close(fd);
	bpf_link__destroy(link);
}

static bool is_wanted(const char *name, enum record_hook hook4, enum record_hook hook6, char **only,
		      int count)
{
	if (count) {
		for (int i = 0; i < count; i++)
			if (!strcmp(only[i], name))
				return true;
		return false;
	}
	if (!strcmp(name, "connect_tracepoint"))
		return hook4 == RECORD_HOOK_TRACEPOINT || hook6 == RECORD_HOOK_TRACEPOINT;
	if (strstr(name, "_fexit"))
		return (name[7] == '4' ? hook4 : hook6) == RECORD_HOOK_FEXIT;
	if (strstr(name, "probe"))
		return (name[7] == '4' ? hook4 : hook6) == RECORD_HOOK_KPROBE;
	return true;
}

int main(int argc, char **argv)
{
	enum record_hook hook4 = RECORD_HOOK_TRACEPOINT, hook6 = RECORD_HOOK_TRACEPOINT;
	char *wanted[64], *recorded[64], *only[32];
	int wanted_count = 0, recorded_count = 0, only_count = 0;
	bool any = false, environment = false, tasks = false, timed = false, idle = false;
	int cpus = libbpf_num_possible_cpus();
	__u64 sums[COUNTER_HOOKS][COUNTER_KINDS] = {};
	__u32 ring_size = 0;
	struct timespec begin, end;
	struct bpf_program *program;
	struct bpf_object *object;
	int patience = 20, option, status = 0, stats = -1, logged = 0, shown = 0;
	static char logs[16][65536];

	while ((option = getopt(argc, argv, "+a:Ar:eh:np:qR:stvw")) != -1) {
		switch (option) {
		case 'a':
			wanted[wanted_count++] = optarg;
			break;
		case 'r':
			recorded[recorded_count++] = optarg;
			break;
		case 'A':
			any = true;
			break;
		case 'e':
			environment = true;
			break;
		case 'h':
			if (optarg[0] == '4')
				hook4 = hook_named(optarg + 2);
			else
				hook6 = hook_named(optarg + 2);
			break;
		case 'n':
			idle = true;
			break;
		case 'p':
			only[only_count++] = optarg;
			break;
		case 'q':
			quiet = true;
			break;
		case 'R':
			ring_size = atoi(optarg);
			break;
		case 's':
			timed = true;
			break;
		case 't':
			tasks = true;
			break;
		case 'v':
			verbose = true;
			break;
		case 'w':
			patience = 10000;
			break;
		default:
			return 2;
		}
	}
	if (optind >= argc) {
		fprintf(stderr, "usage: loader [options] OBJECT [COMMAND...]\n");
		return 2;
	}
	setlinebuf(stdout);
	libbpf_set_print(on_log);
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	object = bpf_object__open_file(argv[optind], NULL);
	if (!object)
		fail("open");
	bpf_object__for_each_program(program, object)
	{
		bool load = is_wanted(bpf_program__name(program), hook4, hook6, only, only_count);

		bpf_program__set_autoload(program, load);
		if (verbose && load) {
			bpf_program__set_log_level(program, 4); /* totals only */
			bpf_program__set_log_buf(program, logs[logged++ % 16], sizeof(*logs));
		}
	}
	bpf_map__set_max_entries(bpf_object__find_map_by_name(object, "scratch"),
				 SCRATCH_SLOTS * cpus);
	bpf_map__set_max_entries(bpf_object__find_map_by_name(object, "counters"), cpus);
	if (ring_size)
		bpf_map__set_max_entries(bpf_object__find_map_by_name(object, "records"),
					 ring_size);

	size_t size;
	struct fixed_settings *fixed = NULL;
	struct bpf_map *map, *data = NULL;

	bpf_object__for_each_map(map, object)
	{
		if (strstr(bpf_map__name(map), ".rodata"))
			fixed = (void *)bpf_map__initial_value(map, &size);
		else if (strstr(bpf_map__name(map), ".data"))
			data = map;
	}
	if (!fixed || !data)
		fail("settings");
	if (ring_size)
		fixed->ring_size = ring_size;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	if (bpf_object__load(object))
		fail("load");
	clock_gettime(CLOCK_MONOTONIC, &end);
	printf("loaded in %.1f ms\n",
	       (end.tv_sec - begin.tv_sec) * 1e3 + (end.tv_nsec - begin.tv_nsec) / 1e6);

	volatile struct settings *settings = mmap(NULL, sizeof(*settings), PROT_READ | PROT_WRITE,
						  MAP_SHARED, bpf_map__fd(data), 0);

	if (settings == MAP_FAILED)
		fail("mmap");
	settings->connect_hook4 = hook4;
	settings->connect_hook6 = hook6;
	settings->any_destination = any;
	settings->capture_env = environment;

	__u64 unwanted[4] = {~0ull, ~0ull, ~0ull, ~0ull};

	map = bpf_object__find_map_by_name(object, "destinations");
	for (int i = 0; i < wanted_count; i++)
		add_destination(bpf_map__fd(map), wanted[i], DESTINATION_WANTED, unwanted);
	for (int i = 0; i < recorded_count; i++)
		add_destination(bpf_map__fd(map), recorded[i], DESTINATION_RECORD, unwanted);

	for (int i = 0; i < 4; i++)
		settings->unwanted[i] = unwanted[i];
	if (tasks)
		list_tasks(object);
	bpf_object__for_each_program(program, object)
	{
		struct bpf_prog_info info = {};
		__u32 length = sizeof(info);
		int fd = bpf_program__fd(program);

		if (fd < 0)
			continue;
		bpf_obj_get_info_by_fd(fd, &info, &length);
		if (verbose && logged)
			printf("%s", logs[shown++ % 16]);
		printf("%-20s %6u insns, %u verified\n", bpf_program__name(program),
		       info.xlated_prog_len / 8, info.verified_insns);
		if (!strcmp(bpf_program__name(program), "tasks"))
			continue;
		if (!bpf_program__attach(program))
			fail(bpf_program__name(program));
	}

	struct ring_buffer *ring =
		ring_buffer__new(bpf_map__fd(bpf_object__find_map_by_name(object, "records")),
				 on_record, NULL, NULL);

	if (!ring)
		fail("ring");
	if (timed)
		stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
	if (optind + 1 < argc) {
		pid_t child = fork();

		if (!child) {
			execvp(argv[optind + 1], argv + optind + 1);
			_exit(127);
		}
		while (waitpid(child, &status, WNOHANG) == 0) {
			struct epoll_event event;

			if (idle) {
				usleep(10000);
				continue;
			}
			ring_buffer__consume(ring);
			settings->armed = 1;
			__sync_synchronize();
			ring_buffer__consume(ring);
			epoll_wait(ring_buffer__epoll_fd(ring), &event, 1, patience);
			settings->armed = 0;
		}
	}
	ring_buffer__consume(ring);
	bpf_object__for_each_program(program, object)
	{
		struct bpf_prog_info info = {};
		__u32 length = sizeof(info);

		if (bpf_program__fd(program) < 0)
			continue;
		bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &length);
		if (info.run_cnt)
			printf("%-20s ran %llu times, %llu ns each, %llu recursion misses\n",
			       bpf_program__name(program), info.run_cnt,
			       info.run_time_ns / info.run_cnt, info.recursion_misses);
	}
	if (stats >= 0)
		close(stats);
	printf("received %lu records, %lu bytes\n", received, bytes);
	if (connections)
		printf("wanted connections took %lu us on average to arrive, %lu us at most\n",
		       latency / connections / 1000, latency_max / 1000);
	map = bpf_object__find_map_by_name(object, "counters");
	for (int cpu = 0; cpu < cpus; cpu++) {
		struct counters values;

		if (bpf_map_lookup_elem(bpf_map__fd(map), &cpu, &values))
			fail("counters");
		for (int hook = 0; hook < COUNTER_HOOKS; hook++)
			for (int kind = 0; kind < COUNTER_KINDS; kind++)
				sums[hook][kind] += values.count[hook][kind];
	}
	for (int hook = 0; hook < COUNTER_HOOKS; hook++)
		for (int kind = 0; kind < COUNTER_KINDS; kind++)
			if (sums[hook][kind])
				printf("%s.%s %llu\n", counter_hooks[hook], counter_kinds[kind],
				       sums[hook][kind]);
	ring_buffer__free(ring);
	bpf_object__close(object);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
