// SPDX-License-Identifier: Apache-2.0
/*
 * Starts programs at a steady rate, for Tests/Scenarios/soak:
 *
 *   soak RATE SECONDS ACCESS_EVERY PROGRAM CLIENT
 *
 * RATE starts a second (0: as many as it can), most of them of PROGRAM, which
 * ends at once, and every ACCESS_EVERY-th (0: none) of CLIENT, a copy of it that
 * connects to the metadata address. Prints each second how many there were.
 * To be run in a network of its own that has the address.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static int access_metadata(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(9)};
	int socket_fd = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = inet_addr("169.254.169.254");
	connect(socket_fd, (struct sockaddr *)&address, sizeof(address));
	return 0;
}

static void start(const char *path, char *argument)
{
	char *arguments[] = {(char *)path, argument, NULL};
	char *environment[] = {NULL};
	pid_t child = vfork();

	if (child == 0) {
		execve(path, arguments, environment);
		_exit(127);
	}
	if (child > 0)
		waitpid(child, NULL, 0);
}

int main(int count, char **arguments)
{
	double begin, shown, rate, seconds;
	long started = 0, accesses = 0, every;

	if (count == 2 && !strcmp(arguments[1], "access"))
		return access_metadata();
	if (count != 6)
		return 64;
	rate = atof(arguments[1]);
	seconds = atof(arguments[2]);
	every = atol(arguments[3]);
	begin = shown = now();
	while (now() - begin < seconds) {
		if (rate > 0 && started >= (now() - begin) * rate) {
			usleep(500);
		} else {
			int is_access = every && started % every == every - 1;

			start(arguments[is_access ? 5 : 4], is_access ? "access" : "nothing");
			started++;
			accesses += is_access;
		}
		if (now() - shown >= 1) {
			shown += 1;
			printf("%.0f %ld %ld\n", shown - begin, started, accesses);
			fflush(stdout);
		}
	}
	printf("end %ld %ld\n", started, accesses);
	return 0;
}
