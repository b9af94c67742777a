// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "load.h"

#include <arpa/inet.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

int load_pin(uint32_t place)
{
	/* As it was before the first time. */
	static cpu_set_t allowed;
	cpu_set_t one;
	int left;

	if (!CPU_COUNT(&allowed) && sched_getaffinity(0, sizeof(allowed), &allowed))
		return -errno;
	left = place % CPU_COUNT(&allowed);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &allowed) || left--)
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		return sched_setaffinity(0, sizeof(one), &one) ? -errno : 0;
	}
	return -EINVAL;
}

/* 0 or a negative errno. */
static int launch(const char *path, char *const arguments[])
{
	char *const environment[] = {NULL};
	int status;
	pid_t child = vfork();

	if (child < 0)
		return -errno;
	if (!child) {
		execve(path, arguments, environment);
		_exit(127);
	}
	if (waitpid(child, &status, 0) < 0)
		return -errno;
	return status ? -ENOEXEC : 0;
}

static int start(const char *path)
{
	char *const arguments[] = {(char *)path,
				   "--config",
				   "/etc/example/service.conf",
				   "--output",
				   "/var/lib/example/output.dat",
				   NULL};

	return launch(path, arguments);
}

int64_t load_programs(const char *path, uint32_t count)
{
	int64_t begin = now();

	for (uint32_t index = 0; index < count; index++) {
		int status = start(path);

		if (status)
			return status;
	}
	return now() - begin;
}

static int try_connect(uint32_t address, uint16_t port, int *connection)
{
	struct sockaddr_in peer = {
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(address)};
	int status;

	*connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*connection < 0)
		return -errno;
	status = connect(*connection, (struct sockaddr *)&peer, sizeof(peer)) ? -errno : 0;
	return status;
}

int64_t load_starts(const char *path, const char *argument, uint32_t pause, uint32_t count)
{
	char *const arguments[] = {(char *)path, (char *)argument, NULL};
	int64_t begin = now();

	for (uint32_t index = 0; index < count; index++) {
		int status = launch(path, arguments);

		if (status)
			return status;
		if (pause)
			usleep(pause);
	}
	return now() - begin;
}

int load_copy_self(int executable, const char *path)
{
	int target = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	ssize_t count;
	off_t start = 0;

	if (target < 0)
		return -errno;
	while ((count = sendfile(target, executable, &start, 1 << 20)) > 0)
		;
	close(target);
	return count < 0 ? -errno : 0;
}

int load_access(uint32_t address, uint16_t port)
{
	int connection;

	return try_connect(address, port, &connection);
}

int64_t load_connections(uint32_t address, uint16_t port, uint32_t count)
{
	int64_t begin = now();
	int connection;

	for (uint32_t index = 0; index < count; index++) {
		int status = try_connect(address, port, &connection);

		close(connection);
		if (status && status != -ECONNREFUSED)
			return status;
	}
	return now() - begin;
}

int64_t load_fresh_connections(uint32_t address, uint16_t port, uint32_t count)
{
	int64_t result = -EIO;
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	child = fork();
	if (!child) {
		result = load_connections(address, port, count);
		_exit(write(ends[1], &result, sizeof(result)) != sizeof(result));
	}
	close(ends[1]);
	if (child < 0)
		result = -errno;
	else if (read(ends[0], &result, sizeof(result)) != sizeof(result))
		result = -EIO;
	close(ends[0]);
	while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	return result;
}

int64_t load_calls(uint32_t count)
{
	int64_t begin = now();

	for (uint32_t index = 0; index < count; index++)
		syscall(SYS_getppid);
	return now() - begin;
}

int64_t load_compilations(const char *path, uint32_t count)
{
	static char buffer[16384];
	volatile uint64_t work = 0;
	int64_t begin = now();

	for (uint32_t index = 0; index < count; index++) {
		int status = start(path);

		if (status)
			return status;
		for (int file = 0; file < 8; file++) {
			int source = open(path, O_RDONLY | O_CLOEXEC);

			if (source < 0)
				return -errno;
			while (read(source, buffer, sizeof(buffer)) > 0)
				;
			close(source);
		}
		/* About a millisecond on the processors of today. */
		for (uint32_t step = 0; step < 1000000; step++)
			work += step ^ index;
	}
	return now() - begin;
}

int load_server(uint16_t *port)
{
	struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(own);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pid_t parent = getpid(), child;
	char byte;

	if (listener < 0 || bind(listener, (struct sockaddr *)&own, sizeof(own)) ||
	    listen(listener, 128) || getsockname(listener, (struct sockaddr *)&own, &length))
		return -errno;
	*port = ntohs(own.sin_port);
	child = fork();
	if (child) {
		close(listener);
		return child < 0 ? -errno : child;
	}
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
		_exit(1);
	for (;;) {
		int connection = accept(listener, NULL, NULL);

		if (connection < 0)
			_exit(1);
		if (read(connection, &byte, 1) == 1)
			(void)!write(connection, &byte, 1);
		close(connection);
	}
}

int64_t load_requests(uint16_t port, uint32_t count)
{
	int64_t begin = now();
	char byte = 'r';

	for (uint32_t index = 0; index < count; index++) {
		int connection;
		int status = try_connect(INADDR_LOOPBACK, port, &connection);

		if (!status &&
		    (write(connection, &byte, 1) != 1 || read(connection, &byte, 1) != 1))
			status = -EPIPE;
		close(connection);
		if (status)
			return status;
	}
	return now() - begin;
}

#if defined(__x86_64__)
#define MACHINE EM_X86_64
/* mov eax, 60 (exit); xor edi, edi; syscall */
static const uint8_t code[] = {0xb8, 0x3c, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05};
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
/* mov x8, #93 (exit); mov x0, #0; svc #0 */
static const uint8_t code[] = {0xa8, 0x0b, 0x80, 0xd2, 0x00, 0x00, 0x80, 0xd2, 0x01, 0, 0, 0xd4};
#endif

int load_write_program(const char *path)
{
	const uint64_t base = 0x400000;
	struct {
		Elf64_Ehdr file;
		Elf64_Phdr segment;
		uint8_t code[sizeof(code)];
	} image = {};
	int target, status;

	memcpy(image.file.e_ident, ELFMAG, SELFMAG);
	image.file.e_ident[EI_CLASS] = ELFCLASS64;
	image.file.e_ident[EI_DATA] = ELFDATA2LSB;
	image.file.e_ident[EI_VERSION] = EV_CURRENT;
	image.file.e_type = ET_EXEC;
	image.file.e_machine = MACHINE;
	image.file.e_version = EV_CURRENT;
	image.file.e_entry = base + offsetof(typeof(image), code);
	image.file.e_phoff = offsetof(typeof(image), segment);
	image.file.e_ehsize = sizeof(image.file);
	image.file.e_phentsize = sizeof(image.segment);
	image.file.e_phnum = 1;
	image.segment.p_type = PT_LOAD;
	image.segment.p_flags = PF_R | PF_X;
	image.segment.p_vaddr = base;
	image.segment.p_filesz = sizeof(image);
	image.segment.p_memsz = sizeof(image);
	image.segment.p_align = 0x1000;
	memcpy(image.code, code, sizeof(code));

	target = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	if (target < 0)
		return -errno;
	status = write(target, &image, sizeof(image)) == sizeof(image) ? 0 : -EIO;
	close(target);
	return status;
}
