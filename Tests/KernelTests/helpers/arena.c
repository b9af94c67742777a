// SPDX-License-Identifier: Apache-2.0
//
// arena [OPTION...] -- PROGRAM [ARGUMENT...]
//
// Runs a program in a network and a root of its own, and exits as it did. The
// first line on standard output is "arena PID child PID". Nothing is left behind: the
// network has only a loopback with the metadata addresses, the root is a
// copy-on-write view of the host's whose changes stay in memory, and both end
// with their processes. Nothing is in the way either: where tests put files, the
// view begins empty.
//
//   -n            keep the host's root: only the network is new
//   -f PATH=FILE  put a copy of FILE at PATH, executable
//   -t PATH=TEXT  put a script or other text at PATH, executable
//   -l PATH=PATH  put a symbolic link at the first path
//   -d PATH       make a directory
//   -C PATH       start the program there
//   -T SECONDS    give up after so long, not after a minute
//   -c CPU        run the program on one CPU
//   -i PATH       execute this instead of PROGRAM, which is then only argv[0]
//   -A FILE       take the arguments, argv[0] too, from a file, NUL-terminated each
#define _GNU_SOURCE
#include "network.h"

#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

/* Makes the directories above a path. */
static void make_way(const char *path)
{
	char *copy = strdup(path);

	for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		mkdir(copy, 0755);
		*slash = '/';
	}
	free(copy);
}

/* Has the upper layer hide what the host holds in a directory of the root. */
static void hide(const char *directory, mode_t mode)
{
	char path[64];

	snprintf(path, sizeof(path), "/mnt/upper/%s", directory);
	make_way(path);
	if (mkdir(path, 0755) || chmod(path, mode) ||
	    setxattr(path, "trusted.overlay.opaque", "y", 1, 0))
		fail(path);
}

/* A root that can be written to without changing the host's. */
static void make_root(void)
{
	static const char *const kept[] = {"proc", "sys", "dev"};
	static const struct {
		const char *path;
		mode_t mode;
	} hidden[] = {{"tmp", 01777}, {"var/tmp", 01777}, {"srv", 0755}, {"usr/lib/x", 0755}};
	char from[64], to[64];

	if (unshare(CLONE_NEWNS) || mount("", "/", "", MS_REC | MS_PRIVATE, NULL))
		fail("mount namespace");
	if (mount("none", "/mnt", "tmpfs", 0, "size=256m"))
		fail("tmpfs on /mnt");
	if (mkdir("/mnt/upper", 0755) || mkdir("/mnt/work", 0755) || mkdir("/mnt/root", 0755))
		fail("layers");
	for (size_t index = 0; index < sizeof(hidden) / sizeof(*hidden); index++)
		hide(hidden[index].path, hidden[index].mode);
	if (mount("none", "/mnt/root", "overlay", 0,
		  "lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work"))
		fail("overlay");
	for (size_t index = 0; index < sizeof(kept) / sizeof(*kept); index++) {
		snprintf(from, sizeof(from), "/%s", kept[index]);
		snprintf(to, sizeof(to), "/mnt/root/%s", kept[index]);
		if (mount(from, to, NULL, MS_BIND | MS_REC, NULL))
			fail(from);
	}
	mkdir("/mnt/root/dev/shm", 01777);
	if (mount("none", "/mnt/root/dev/shm", "tmpfs", 0, "size=64m,mode=1777"))
		fail("/dev/shm");
	if (chdir("/mnt/root") || syscall(SYS_pivot_root, ".", "mnt") || chdir("/") ||
	    umount2("/mnt", MNT_DETACH))
		fail("pivot_root");
}

static void fill(const char *path, int source, const char *text)
{
	char buffer[65536];
	ssize_t count;
	int target;

	make_way(path);
	unlink(path);
	target = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);
	if (target < 0)
		fail(path);
	if (text && write(target, text, strlen(text)) < 0)
		fail(path);
	while (source >= 0 && (count = read(source, buffer, sizeof(buffer))) > 0)
		if (write(target, buffer, count) != count)
			fail(path);
	fchmod(target, 0755);
	close(target);
}

struct item {
	int kind;
	char *path, *value;
	int source;
};

static char **read_arguments(const char *file)
{
	size_t used = 0, places = 1;
	char *bytes = calloc(1, 4 << 20);
	char **arguments;
	int source = open(file, O_RDONLY);
	ssize_t count;

	if (source < 0)
		fail(file);
	while ((count = read(source, bytes + used, (4 << 20) - used)) > 0)
		used += count;
	for (size_t index = 0; index < used; index++)
		places += !bytes[index];
	arguments = calloc(places, sizeof(char *));
	places = 0;
	for (size_t index = 0; index < used; index += strlen(bytes + index) + 1)
		arguments[places++] = bytes + index;
	return arguments;
}

/*
 * A session of its own: the leader of the one that tests are run in may be
 * gone, or outside this container.
 */
static void make_session(void)
{
	int status;
	pid_t child;

	if (setsid() >= 0)
		return;
	child = fork();
	if (child < 0)
		fail("fork");
	if (child) {
		while (waitpid(child, &status, 0) < 0 && errno == EINTR)
			;
		_exit(exit_code(status));
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	limit_lifetime();
	if (setsid() < 0)
		fail("setsid");
}

int main(int count, char **arguments)
{
	struct item items[32] = {};
	char **argv = NULL;
	char *directory = NULL, *image = NULL, *equals;
	int option, status, item_count = 0, own_root = 1, cpu = -1;
	cpu_set_t cpus;
	pid_t child;

	umask(022);
	limit_lifetime();
	make_session();
	while ((option = getopt(count, arguments, "+nf:t:l:d:C:c:i:A:T:")) != -1) {
		struct item *item = &items[item_count];

		switch (option) {
		case 'n':
			own_root = 0;
			break;
		case 'C':
			directory = optarg;
			break;
		case 'T':
			alarm(atoi(optarg));
			break;
		case 'c':
			cpu = atoi(optarg);
			break;
		case 'i':
			image = optarg;
			break;
		case 'A':
			argv = read_arguments(optarg);
			break;
		case 'f':
		case 't':
		case 'l':
		case 'd':
			item->kind = option;
			item->path = optarg;
			item->source = -1;
			equals = strchr(optarg, '=');
			if (equals) {
				*equals = 0;
				item->value = equals + 1;
			}
			/* Before the root is another. */
			if (option == 'f') {
				item->source = open(item->value, O_RDONLY | O_CLOEXEC);
				if (item->source < 0)
					fail(item->value);
			}
			item_count++;
			break;
		default:
			return 64;
		}
	}
	make_network();
	if (own_root)
		make_root();
	for (int index = 0; index < item_count && own_root; index++) {
		struct item *item = &items[index];

		make_way(item->path);
		if (item->kind == 'd')
			mkdir(item->path, 0755);
		else if (item->kind == 'l' && symlink(item->value, item->path))
			fail(item->path);
		else if (item->kind == 'f' || item->kind == 't')
			fill(item->path, item->source, item->kind == 't' ? item->value : NULL);
	}
	if (!argv)
		argv = arguments + optind;
	if (!image)
		image = arguments[optind];
	child = fork();
	if (child < 0)
		fail("fork");
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (cpu >= 0) {
			CPU_ZERO(&cpus);
			CPU_SET(cpu, &cpus);
			sched_setaffinity(0, sizeof(cpus), &cpus);
		}
		if (chdir(directory ? directory : "/"))
			fail(directory);
		dprintf(1, "arena %d child %d\n", getppid(), getpid());
		alarm(0);
		execvp(image, argv);
		fail(image);
	}
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return exit_code(status);
}
