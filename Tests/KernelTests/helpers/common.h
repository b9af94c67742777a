/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KERNEL_TESTS_COMMON_H
#define KERNEL_TESTS_COMMON_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define METADATA "169.254.169.254"

static inline void fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	_exit(99);
}

/* Every test program gives up on its own after this long. */
static inline void limit_lifetime(void)
{
	alarm(60);
}

/* Names for the addresses keep these off command lines, which the rule reads. */
static inline const char *address_named(const char *name)
{
	if (!strcmp(name, "metadata"))
		return METADATA;
	if (!strcmp(name, "metadata6"))
		return "fd00:ec2::254";
	if (!strcmp(name, "mapped"))
		return "::ffff:" METADATA;
	return strcmp(name, "other") ? name : "10.20.30.40";
}

/* Opens a TCP connection and hangs up. Returns 0 or the error number. */
static inline int try_connect(const char *address, int port)
{
	struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	int is_ipv6 = strchr(address = address_named(address), ':') != NULL;
	int family = is_ipv6 ? AF_INET6 : AF_INET;
	int connection = socket(family, SOCK_STREAM, 0);
	int result;

	if (connection < 0)
		return errno;
	if (is_ipv6)
		inet_pton(AF_INET6, address, &ipv6.sin6_addr);
	else
		inet_pton(AF_INET, address, &ipv4.sin_addr);
	result = is_ipv6 ? connect(connection, (struct sockaddr *)&ipv6, sizeof(ipv6))
			 : connect(connection, (struct sockaddr *)&ipv4, sizeof(ipv4));
	result = result ? errno : 0;
	close(connection);
	return result;
}

static inline void sleep_ms(long milliseconds)
{
	usleep(milliseconds * 1000);
}

static inline int exit_code(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

#endif
