// SPDX-License-Identifier: Apache-2.0
//
// storm COUNT ACCESSES DIRECTORY NOP CLIENT...: starts NOP so many times, as
// fast as it can, with accesses hidden among them at even distances. Access n
// is made by the n-th CLIENT in turn, in DIRECTORY/n, as
// "CLIENT access-n METADATA", under a parent of its own. Prints "access n PID PARENT".
#define _GNU_SOURCE
#include "common.h"

static void spawn(char *program, char **arguments)
{
	pid_t child = fork();

	if (!child) {
		execv(program, arguments);
		fail(program);
	}
	waitpid(child, NULL, 0);
}

static void access_metadata(int number, const char *directory, char *client)
{
	char name[32], place[4096];
	char *arguments[] = {client, name, NULL};
	pid_t child, parent = fork();

	if (parent) {
		waitpid(parent, NULL, 0);
		return;
	}
	snprintf(name, sizeof(name), "access-%d", number);
	snprintf(place, sizeof(place), "%s/%d", directory, number);
	mkdir(place, 0755);
	child = fork();
	if (!child) {
		if (chdir(place))
			fail(place);
		execv(client, arguments);
		fail(client);
	}
	dprintf(1, "access %d %d %d\n", number, child, getpid());
	waitpid(child, NULL, 0);
	_exit(0);
}

int main(int count, char **arguments)
{
	char *nothing[] = {"nop", NULL};
	int clients = count - 5, starts, accesses, done = 0;

	limit_lifetime();
	if (clients < 1)
		return 64;
	starts = atoi(arguments[1]);
	accesses = atoi(arguments[2]);
	for (int index = 0; index < starts; index++) {
		spawn(arguments[4], nothing);
		if (done < accesses && index * (long)accesses / starts >= done) {
			access_metadata(done, arguments[3], arguments[5 + done % clients]);
			done++;
		}
	}
	return 0;
}
