// SPDX-License-Identifier: Apache-2.0
//
// exiting_parent PROGRAM ARGUMENT...: runs the program as the child of a
// process that is exiting at that moment: its memory is gone already, and it is
// still the parent. Prints "parent PID" and "child PID"; exits 3 if the moment
// was missed.
#define _GNU_SOURCE
#include "common.h"

#include <sys/mman.h>
#include <sys/prctl.h>

#define MEMORY (256UL << 20)

/* Waits until the parent has no executable any more. */
static int parent_is_exiting(pid_t parent)
{
	char path[64], text[16];

	snprintf(path, sizeof(path), "/proc/%d/exe", parent);
	while (readlink(path, text, sizeof(text)) >= 0)
		if (getppid() != parent)
			return 0;
	return getppid() == parent;
}

int main(int count, char **arguments)
{
	volatile int *go;
	char *memory;
	int result[2], status = 3;
	pid_t parent, child;

	limit_lifetime();
	if (count < 2 || pipe(result))
		return 64;
	parent = fork();
	if (!parent) {
		parent = getpid();
		go = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
		/* Before the memory is touched, so that freeing it is the parent's work. */
		child = fork();
		if (!child) {
			close(result[0]);
			while (!*go)
				;
			status = parent_is_exiting(parent) ? 0 : 3;
			if (write(result[1], &status, sizeof(status)) < 0)
				_exit(98);
			close(result[1]);
			execv(arguments[1], arguments + 1);
			fail(arguments[1]);
		}
		dprintf(1, "parent %d\nchild %d\n", parent, child);
		prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
		memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			      0);
		memset(memory, 1, MEMORY);
		*go = 1;
		_exit(0);
	}
	close(result[1]);
	waitpid(parent, NULL, 0);
	if (read(result[0], &status, sizeof(status)) < 0)
		return 98;
	/* The program itself belongs to init now; its end closes standard output. */
	return status;
}
