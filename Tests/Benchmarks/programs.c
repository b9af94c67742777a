// SPDX-License-Identifier: Apache-2.0
/*
 * Compares the run time of the exec and fork programs of several BPF objects on this
 * kernel: each object in turn is attached for a slot in which a program is started some
 * hundred times. See scripts/bench-bpf.
 *
 *   programs SLOTS PROGRAM OBJECT...
 */
#define _GNU_SOURCE
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "record.h"

#define STARTS	     500
#define MOST_OBJECTS 8

enum hook { EXEC, FORK, HOOKS };

static const char *const names[HOOKS] = {"exec", "fork"};

struct object {
	const char *path;
	struct bpf_object *object;
	struct bpf_program *programs[HOOKS];
	struct ring_buffer *ring;
	double *nanoseconds[HOOKS]; /* of a run, by slot */
};

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static int ignore(void *context, void *data, size_t size)
{
	(void)context, (void)data, (void)size;
	return 0;
}

static void load(struct object *object, int slots)
{
	int cpus = libbpf_num_possible_cpus();
	struct fixed_settings fixed = {.ring_size = 4 << 20};
	struct bpf_program *program;
	struct bpf_map *map;
	struct stat status;
	bool is_fixed = false;

	object->object = bpf_object__open_file(object->path, NULL);
	if (!object->object)
		fail(object->path);
	bpf_object__for_each_program(program, object->object)
		bpf_program__set_autoload(program, false);
	for (int hook = 0; hook < HOOKS; hook++) {
		object->programs[hook] =
			bpf_object__find_program_by_name(object->object, names[hook]);
		if (!object->programs[hook])
			fail(names[hook]);
		bpf_program__set_autoload(object->programs[hook], true);
		object->nanoseconds[hook] = calloc(slots, sizeof(double));
	}
	bpf_object__for_each_map(map, object->object)
	{
		const char *name = bpf_map__name(map);

		if (!strcmp(name, "scratch"))
			bpf_map__set_max_entries(map, SCRATCH_SLOTS * cpus);
		else if (!strcmp(name, "counters"))
			bpf_map__set_max_entries(map, cpus);
		else if (strstr(name, ".rodata") && bpf_map__value_size(map) == sizeof(fixed)) {
			/* a look at pid 1's may be denied */
			if (stat("/proc/1/ns/mnt", &status) && stat("/proc/self/ns/mnt", &status))
				fail("mount namespace");
			fixed.host_mount_namespace = status.st_ino;
			if (bpf_map__set_initial_value(map, &fixed, sizeof(fixed)))
				fail("fixed settings");
			is_fixed = true;
		}
	}
	if (!is_fixed) {
		fprintf(stderr, "%s: its fixed settings are not those of this tree\n",
			object->path);
		exit(1);
	}
	if (bpf_object__load(object->object))
		fail("load");
	object->ring = ring_buffer__new(bpf_object__find_map_fd_by_name(object->object, "records"),
					ignore, NULL, NULL);
	if (!object->ring)
		fail("ring");
}

static struct bpf_prog_info info_of(struct bpf_program *program)
{
	struct bpf_prog_info info = {0};
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size))
		fail("program's figures");
	return info;
}

/* Arguments as a typical start has them. */
static void start(const char *program)
{
	char *const arguments[] = {"nothing", "-q", "ready", "/var/lib/service/state",
				   "--all",   NULL};
	char *const environment[] = {NULL};
	pid_t pid = vfork();

	if (pid == 0) {
		execve(program, arguments, environment);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, NULL, 0) < 0)
		fail("start");
}

static void run(struct object *object, int slot, const char *program)
{
	struct bpf_prog_info before[HOOKS];
	struct bpf_link *links[HOOKS];

	for (int hook = 0; hook < HOOKS; hook++) {
		links[hook] = bpf_program__attach(object->programs[hook]);
		if (!links[hook])
			fail("attach");
	}
	for (int i = 0; i < STARTS / 10; i++)
		start(program);
	for (int hook = 0; hook < HOOKS; hook++)
		before[hook] = info_of(object->programs[hook]);
	for (int i = 0; i < STARTS; i++)
		start(program);
	for (int hook = 0; hook < HOOKS; hook++) {
		struct bpf_prog_info after = info_of(object->programs[hook]);

		object->nanoseconds[hook][slot] =
			(double)(after.run_time_ns - before[hook].run_time_ns) /
			(after.run_cnt - before[hook].run_cnt);
		bpf_link__destroy(links[hook]);
	}
	ring_buffer__consume(object->ring);
}

/* What ran before a program leaves its traces in the caches. */
static void shuffle(int *order, int count)
{
	for (int i = count - 1; i > 0; i--) {
		int other = rand() % (i + 1), kept = order[i];

		order[i] = order[other];
		order[other] = kept;
	}
}

static int compare(const void *one, const void *other)
{
	double difference = *(const double *)one - *(const double *)other;

	return (difference > 0) - (difference < 0);
}

/* Lower quartile, median and upper quartile; sorts the values. */
static void tell(const char *label, double *values, int count)
{
	qsort(values, count, sizeof(double), compare);
	printf("  %s %.0f (%.0f to %.0f)", label, values[count / 2], values[count / 4],
	       values[count * 3 / 4]);
}

int main(int argc, char **argv)
{
	int slots = argc > 3 ? atoi(argv[1]) : 0, count = argc - 3;
	struct object objects[MOST_OBJECTS];
	double *differences = calloc(slots, sizeof(double));
	int order[MOST_OBJECTS];

	if (slots < 1 || count < 1 || count > MOST_OBJECTS) {
		fprintf(stderr, "usage: programs SLOTS PROGRAM OBJECT...\n");
		return 64;
	}
	for (int i = 0; i < count; i++) {
		order[i] = i;
		objects[i].path = argv[3 + i];
		load(&objects[i], slots);
	}
	/* as long as it is open; it is off again however this ends */
	if (bpf_enable_stats(BPF_STATS_RUN_TIME) < 0)
		fail("run times");
	for (int slot = 0; slot < slots; slot++) {
		shuffle(order, count);
		for (int i = 0; i < count; i++)
			run(&objects[order[i]], slot, argv[2]);
	}
	for (int i = 0; i < count; i++) {
		printf("%s\n", objects[i].path);
		for (int hook = 0; hook < HOOKS; hook++) {
			for (int slot = 0; slot < slots; slot++)
				differences[slot] = objects[i].nanoseconds[hook][slot] -
						    objects[0].nanoseconds[hook][slot];
			tell(names[hook], differences, slots);
			printf(" ns against the first,");
		}
		printf(" code %u bytes\n", info_of(objects[i].programs[EXEC]).jited_prog_len);
	}
	for (int i = 0; i < count; i++) {
		printf("%s", objects[i].path);
		for (int hook = 0; hook < HOOKS; hook++)
			tell(names[hook], objects[i].nanoseconds[hook], slots);
		printf("\n");
	}
	return 0;
}
