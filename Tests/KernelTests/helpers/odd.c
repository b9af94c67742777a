// SPDX-License-Identifier: Apache-2.0
//
// odd KIND PROGRAM: executes a copy of a program in a way that leaves little
// to read.
//
//   memfd     from memory
//   deleted   from a file without a name
//   deep      from a directory whose path is longer than 4,096 bytes, invoked as ./x
//   exact     with an invoked path of 4,095 bytes, the longest there can be
//   bytes     from a file whose name is no UTF-8
//   no-args   with no argument at all, not even the zeroth
#define _GNU_SOURCE
#include "common.h"

#include <sys/mman.h>

static char *none[] = {NULL};
static char *one[] = {"x", METADATA, NULL};

static int copy(const char *program, int target)
{
	int source = open(program, O_RDONLY);
	char buffer[65536];
	ssize_t count;

	while ((count = read(source, buffer, sizeof(buffer))) > 0)
		if (write(target, buffer, count) != count)
			fail("copy");
	close(source);
	return target;
}

static void put_here(const char *program)
{
	close(copy(program, open("x", O_WRONLY | O_CREAT, 0755)));
}

/* Goes down until the path has this many bytes at least. */
static size_t descend(size_t length)
{
	char name[201] = {};
	size_t done = strlen("/tmp/deep");

	mkdir("/tmp/deep", 0755);
	if (chdir("/tmp/deep"))
		fail("deep");
	memset(name, 'd', sizeof(name) - 1);
	for (; done < length; done += sizeof(name))
		if (mkdir(name, 0755) || chdir(name))
			fail(name);
	return done;
}

int main(int count, char **arguments)
{
	char path[4096];
	char *kind = arguments[1], *program = arguments[2];
	size_t length;
	int file, again;

	limit_lifetime();
	if (count < 3)
		return 64;
	if (!strcmp(kind, "memfd")) {
		fexecve(copy(program, memfd_create("hidden", MFD_CLOEXEC)), one, none);
	} else if (!strcmp(kind, "deleted")) {
		file = copy(program, open("/tmp/gone", O_WRONLY | O_CREAT | O_TRUNC, 0755));
		close(file);
		again = open("/tmp/gone", O_RDONLY | O_CLOEXEC);
		unlink("/tmp/gone");
		fexecve(again, one, none);
	} else if (!strcmp(kind, "deep")) {
		descend(5000);
		put_here(program);
		execve("./x", one, none);
	} else if (!strcmp(kind, "exact")) {
		close(copy(program, open("/tmp/x", O_WRONLY | O_CREAT, 0755)));
		/* /tmp/././…/x */
		length = snprintf(path, sizeof(path), "/tmp");
		while (length + 2 <= 4095 - strlen("/x"))
			length += sprintf(path + length, "/.");
		if (length + 2 < 4095)
			length += sprintf(path + length, "/");
		sprintf(path + length, "/x");
		execve(path, one, none);
	} else if (!strcmp(kind, "bytes")) {
		close(copy(program, open("/tmp/\xff\n\"\xc3", O_WRONLY | O_CREAT, 0755)));
		execve("/tmp/\xff\n\"\xc3", one, none);
	} else if (!strcmp(kind, "no-args")) {
		close(copy(program, open("/tmp/x", O_WRONLY | O_CREAT, 0755)));
		execve("/tmp/x", none, none);
	} else {
		return 64;
	}
	fail(kind);
}
