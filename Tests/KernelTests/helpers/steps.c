// SPDX-License-Identifier: Apache-2.0
//
// steps STEP [ARGUMENT...] [+ STEP ...]: a parent that does one thing after
// the other. Each child's line on standard output is "STEP PID".
//
//   run PROGRAM ARGUMENT...     fork, exec, wait
//   start PROGRAM ARGUMENT...   fork, exec, wait only until it is executing
//   apart PROGRAM ARGUMENT...   the same as run, under a parent of its own
//   fork-connect ADDRESS PORT   a child that connects without exec
//   connect ADDRESS PORT        this process itself connects
//   sleep MILLISECONDS
//   until MILLISECONDS          sleep until so long after the last run began
//   exit                        without waiting for what was started
#define _GNU_SOURCE
#include "common.h"

#include <time.h>

static struct timespec began;

static void run(const char *step, char **arguments, int wait_for_end)
{
	int started[2];
	char byte;
	pid_t child;

	if (pipe2(started, O_CLOEXEC))
		fail("pipe");
	clock_gettime(CLOCK_MONOTONIC, &began);
	child = fork();
	if (!child) {
		execv(arguments[0], arguments);
		fail(arguments[0]);
	}
	close(started[1]);
	if (read(started[0], &byte, 1) < 0)
		fail("read");
	close(started[0]);
	dprintf(1, "%s %d\n", step, child);
	if (wait_for_end)
		waitpid(child, NULL, 0);
}

static void apart(char **arguments)
{
	pid_t parent = fork();

	if (!parent) {
		run("apart", arguments, 1);
		_exit(0);
	}
	waitpid(parent, NULL, 0);
}

static void fork_connect(char **arguments)
{
	pid_t child = fork();

	if (!child) {
		try_connect(arguments[0], atoi(arguments[1]));
		_exit(0);
	}
	dprintf(1, "fork-connect %d\n", child);
	waitpid(child, NULL, 0);
}

static void sleep_until(long milliseconds)
{
	struct timespec end = began;

	end.tv_nsec += milliseconds % 1000 * 1000000;
	end.tv_sec += milliseconds / 1000 + end.tv_nsec / 1000000000;
	end.tv_nsec %= 1000000000;
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL);
}

int main(int count, char **arguments)
{
	limit_lifetime();
	for (int index = 1; index < count;) {
		char *step = arguments[index++];
		char **rest = arguments + index;

		while (index < count && strcmp(arguments[index], "+"))
			index++;
		if (index < count)
			arguments[index++] = NULL;
		if (!strcmp(step, "run"))
			run(step, rest, 1);
		else if (!strcmp(step, "start"))
			run(step, rest, 0);
		else if (!strcmp(step, "apart"))
			apart(rest);
		else if (!strcmp(step, "fork-connect"))
			fork_connect(rest);
		else if (!strcmp(step, "connect"))
			try_connect(rest[0], atoi(rest[1]));
		else if (!strcmp(step, "sleep"))
			sleep_ms(atol(rest[0]));
		else if (!strcmp(step, "until"))
			sleep_until(atol(rest[0]));
		else if (!strcmp(step, "exit"))
			_exit(0);
		else
			return 64;
	}
	return 0;
}
