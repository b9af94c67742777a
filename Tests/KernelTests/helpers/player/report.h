/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process says of itself, to be compared with what the sensor says of
 * it: "act KIND KEY=VALUE ...", bytes that are not plain as %XX. Pids are
 * those of /proc: the host's, also in a pid namespace.
 */
#ifndef PLAYER_REPORT_H
#define PLAYER_REPORT_H

#include "../common.h"

#include <stdarg.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>

#define REPORT	    9 /* where reports go */
#define ALIVE	    8 /* closed when the last process of a scenario has ended */
#define TICK_NS	    10000000ull
#define MISSED	    75 /* exit status: the moment to connect has passed */
#define READING_NS  500000ull
#define EARLY_NS    1000000ull /* to be awake when the moment comes */
#define ARGV_SHOWN  3000
#define REPORT_SIZE 32768

static char **own_arguments;
static int own_argument_count;

struct report {
	char text[REPORT_SIZE];
	size_t length;
};

static void add(struct report *to, const char *key, const char *bytes, size_t count)
{
	to->length += snprintf(to->text + to->length, REPORT_SIZE - to->length, " %s=", key);
	for (size_t i = 0; i < count && to->length < REPORT_SIZE - 8; i++) {
		unsigned char byte = bytes[i];

		if (byte > ' ' && byte < 127 && byte != '%')
			to->text[to->length++] = byte;
		else
			to->length += sprintf(to->text + to->length, "%%%02x", byte);
	}
}

static void add_number(struct report *to, const char *key, unsigned long long number)
{
	char text[32];

	add(to, key, text, sprintf(text, "%llu", number));
}

static void add_link(struct report *to, const char *key, const char *path)
{
	char target[8192];
	ssize_t length = readlink(path, target, sizeof(target));

	/* the kernel reads no link longer than a page */
	if (length >= 0)
		add(to, key, target, length);
}

static void add_namespace(struct report *to, const char *key, const char *path)
{
	struct stat status;

	/* 5.10 answers with the link itself where it may not be followed */
	if (!stat(path, &status) && S_ISREG(status.st_mode))
		add_number(to, key, status.st_ino);
}

static size_t slurp(const char *path, char *text, size_t size)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = file < 0 ? 0 : read(file, text, size - 1);

	if (file >= 0)
		close(file);
	text[length < 0 ? 0 : length] = 0;
	return length < 0 ? 0 : length;
}

static unsigned long long time_since_boot(void)
{
	struct timespec time;

	clock_gettime(CLOCK_BOOTTIME, &time);
	return time.tv_sec * 1000000000ull + time.tv_nsec;
}

/* Since 1970, read where nothing else ran between the two clocks. */
static unsigned long long time_of_boot(void)
{
	unsigned long long before, after, span, shortest = ~0ull, best = 0;
	struct timespec real;

	for (int i = 0; i < 100 && shortest > READING_NS; i++) {
		before = time_since_boot();
		clock_gettime(CLOCK_REALTIME, &real);
		after = time_since_boot();
		span = after - before;
		if (span < shortest) {
			shortest = span;
			best = real.tv_sec * 1000000000ull + real.tv_nsec - before;
		}
	}
	return best;
}

/* This process in the numbering of /proc, which is the host's. */
static int host_pid(void)
{
	char text[32] = {};

	return readlink("/proc/self", text, sizeof(text) - 1) > 0 ? atoi(text) : getpid();
}

/* Whose rights the parent has, and where it is. */
static void add_parent(struct report *to, int parent)
{
	char text[4096], path[64], *users;
	unsigned real, effective;

	snprintf(path, sizeof(path), "/proc/%d/cwd", parent);
	add_link(to, "pcwd", path);
	snprintf(path, sizeof(path), "/proc/%d/status", parent);
	if (slurp(path, text, sizeof(text)) > 0 && (users = strstr(text, "\nUid:")) &&
	    sscanf(users, "\nUid: %u %u", &real, &effective) == 2) {
		add_number(to, "puid", real);
		add_number(to, "peuid", effective);
	}
}

static void add_stat(struct report *to)
{
	char text[2048], path[64], *rest;
	unsigned long long start;
	int parent, group, session;

	slurp("/proc/self/stat", text, sizeof(text));
	rest = strrchr(text, ')');
	if (!rest ||
	    sscanf(rest,
		   ") %*c %d %d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d "
		   "%llu",
		   &parent, &group, &session, &start) != 4)
		return;
	add_number(to, "ppid", parent);
	add_number(to, "pgid", group);
	add_number(to, "sid", session);
	add_number(to, "start", time_of_boot() + start * TICK_NS);
	snprintf(path, sizeof(path), "/proc/%d/exe", parent);
	add_link(to, "pexe", path);
	add_parent(to, parent);
}

/* The leaf of the cgroup: of v2, or where everything is in its root, of the pids controller. */
static void add_cgroup(struct report *to)
{
	char text[8192], *line, *leaf = NULL, *next;

	slurp("/proc/self/cgroup", text, sizeof(text));
	for (line = text; *line; line = next) {
		char *path = strchr(line, '/');

		next = strchr(line, '\n');
		if (!next || !path)
			break;
		*next++ = 0;
		if (strstr(line, ":pids:") && !leaf)
			leaf = path;
		if (!strncmp(line, "0::", 3) && path[1])
			leaf = path;
	}
	if (leaf && leaf[1])
		add(to, "cgroup", strrchr(leaf, '/') + 1, strlen(strrchr(leaf, '/') + 1));
}

static void add_arguments(struct report *to)
{
	size_t size = 0;

	for (int i = 0; i < own_argument_count; i++)
		size += strlen(own_arguments[i]) + 1;
	add_number(to, "argc", own_argument_count);
	if (size && size < ARGV_SHOWN)
		add(to, "argv", own_arguments[0], size);
}

static void send_report(const struct report *report)
{
	char line[REPORT_SIZE + 1];

	memcpy(line, report->text, report->length);
	line[report->length] = '\n';
	if (write(REPORT, line, report->length + 1) < 0)
		_exit(97);
}

/* Plain words instead of an act: "note", "skip". */
static void say(const char *format, ...)
{
	struct report report = {};
	va_list arguments;

	va_start(arguments, format);
	report.length = vsnprintf(report.text, 1024, format, arguments);
	va_end(arguments);
	send_report(&report);
}

static void add_self(struct report *to)
{
	char name[32] = {}, *slash;
	size_t length;
	uid_t real, effective, saved;

	add_number(to, "pid", host_pid());
	add_number(to, "vpid", getpid());
	if (readlink("/proc/thread-self", name, sizeof(name) - 1) > 0 &&
	    (slash = strrchr(name, '/')))
		add(to, "tid", slash + 1, strlen(slash + 1));
	length = slurp("/proc/thread-self/comm", name, sizeof(name));
	if (length > 0)
		add(to, "comm", name, length - 1);
	getresuid(&real, &effective, &saved);
	add_number(to, "uid", real);
	add_number(to, "euid", effective);
	add_number(to, "suid", saved);
	getresgid(&real, &effective, &saved);
	add_number(to, "gid", real);
	add_number(to, "egid", effective);
	add_stat(to);
	add_link(to, "exe", "/proc/self/exe");
	add_link(to, "cwd", "/proc/self/cwd");
	add_namespace(to, "mnt", "/proc/self/ns/mnt");
	add_namespace(to, "pidns", "/proc/self/ns/pid");
	add_namespace(to, "net", "/proc/self/ns/net");
	add_namespace(to, "user", "/proc/self/ns/user");
	add_namespace(to, "hostmnt", "/proc/1/ns/mnt");
	add_cgroup(to);
	add_arguments(to);
}

static struct report exec_report;

static void write_exec_report(void)
{
	exec_report.length = sprintf(exec_report.text, "act exec");
	add_self(&exec_report);
}

#endif
