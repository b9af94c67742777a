/* SPDX-License-Identifier: Apache-2.0 */
/* Files, mounts, control groups: where programs stand and what surrounds them. */
#ifndef PLAYER_PLACING_H
#define PLAYER_PLACING_H

#include "report.h"

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>

#define IMAGE "/proc/self/exe"

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

static void pour(const char *from, int target)
{
	int source = open(from, O_RDONLY | O_CLOEXEC);
	char buffer[65536];
	ssize_t count;

	if (source < 0)
		fail(from);
	while ((count = read(source, buffer, sizeof(buffer))) > 0)
		if (write(target, buffer, count) != count)
			fail("copy");
	close(source);
}

/* A path may be longer than the kernel takes at once: goes there step by step. */
static int open_new(const char *path)
{
	char *copy = strdup(path), *name = copy + 1, *slash;
	int directory = open("/", O_PATH | O_CLOEXEC), next;

	if (path[0] != '/' || strlen(path) < 4000) {
		close(directory);
		free(copy);
		make_way(path);
		unlink(path);
		return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	}
	while ((slash = strchr(name, '/'))) {
		*slash = 0;
		mkdirat(directory, name, 0755);
		next = openat(directory, name, O_PATH | O_CLOEXEC);
		close(directory);
		directory = next;
		name = slash + 1;
	}
	next = openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	close(directory);
	free(copy);
	return next;
}

static void place(const char *path, const char *from, mode_t mode, uid_t owner)
{
	int target = open_new(path);

	if (target < 0)
		fail(path);
	pour(from, target);
	if (fchown(target, owner, owner) || fchmod(target, mode))
		fail(path);
	close(target);
}

static void place_script(const char *path, const char *interpreter)
{
	int target = open_new(path);

	if (target < 0 || dprintf(target, "#!%s\n", interpreter) < 0)
		fail(path);
	close(target);
}

/* An open copy of this program that has no name, or never had one. */
static int open_nameless(const char *kind)
{
	char path[64];
	int target, again;

	if (!strcmp(kind, "memfd")) {
		target = syscall(SYS_memfd_create, "hidden", 1 /* MFD_CLOEXEC */);
		pour(IMAGE, target);
		return target;
	}
	target = open("/tmp/gone", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	pour(IMAGE, target);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", target);
	again = open(path, O_RDONLY | O_CLOEXEC);
	close(target);
	unlink("/tmp/gone");
	return again;
}

static void write_text(const char *path, const char *text)
{
	int file = open(path, O_WRONLY | O_CLOEXEC);

	if (file < 0 || write(file, text, strlen(text)) < 0)
		fail(path);
	close(file);
}

static void leave_namespace(const char *kind)
{
	static const struct {
		const char *name;
		int flag;
	} kinds[] = {{"mnt", CLONE_NEWNS},	 {"pid", CLONE_NEWPID}, {"net", CLONE_NEWNET},
		     {"user", CLONE_NEWUSER},	 {"uts", CLONE_NEWUTS}, {"ipc", CLONE_NEWIPC},
		     {"cgroup", CLONE_NEWCGROUP}};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(kind, kinds[i].name)) {
			if (unshare(kinds[i].flag)) {
				say("skip unshare %s: %s", kind, strerror(errno));
				_exit(0);
			}
			if (kinds[i].flag == CLONE_NEWNS)
				mount("", "/", "", MS_REC | MS_PRIVATE, NULL);
			if (kinds[i].flag == CLONE_NEWUSER) {
				write_text("/proc/self/setgroups", "deny");
				write_text("/proc/self/uid_map", "0 0 1");
				write_text("/proc/self/gid_map", "0 0 1");
			}
			return;
		}
	fail(kind);
}

/* The directory under which control groups can be made, of v2 or of a v1 controller. */
static const char *control_groups(const char *version)
{
	if (!strcmp(version, "v1"))
		return access("/cgroup1", F_OK) ? "/sys/fs/cgroup/pids" : "/cgroup1";
	return access("/sys/fs/cgroup/unified", F_OK) ? "/sys/fs/cgroup" : "/sys/fs/cgroup/unified";
}

static void join_group(const char *version, const char *name)
{
	char path[512], text[16];

	snprintf(path, sizeof(path), "%s/%s", control_groups(version), name);
	if (mkdir(path, 0755) && errno != EEXIST) {
		say("skip no cgroup %s: %s", version, strerror(errno));
		_exit(0);
	}
	strcat(path, "/cgroup.procs");
	snprintf(text, sizeof(text), "%d", host_pid());
	write_text(path, text);
}

static void leave_group(const char *version, const char *name)
{
	char path[512], text[16];

	snprintf(path, sizeof(path), "%s/cgroup.procs", control_groups(version));
	snprintf(text, sizeof(text), "%d", host_pid());
	write_text(path, text);
	snprintf(path, sizeof(path), "%s/%s", control_groups(version), name);
	for (int i = 0; i < 100 && rmdir(path); i++)
		sleep_ms(10);
}

/*
 * Into a directory that only another mount namespace has, which a child keeps
 * for as long as this process lives.
 */
static void go_abroad(const char *place)
{
	int home = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC), there;
	char above[4096], *slash;

	snprintf(above, sizeof(above), "%s", place);
	slash = strrchr(above, '/');
	if (!slash || slash == above)
		fail(place);
	*slash = 0;
	make_way(place);
	if (home < 0 || unshare(CLONE_NEWNS) || mount("", "/", "", MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", above, "tmpfs", 0, "size=64m") || mkdir(place, 0755))
		fail("abroad");
	there = open(place, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (there < 0)
		fail(place);
	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	if (setns(home, CLONE_NEWNS) || fchdir(there))
		fail("back from abroad");
	close(there);
	close(home);
}

/* A root directory of its own, in memory, as a container has it. */
static void enter_container(const char *place_of_program)
{
	if (mkdir("/mnt", 0755) && errno != EEXIST)
		fail("/mnt");
	if (mount("none", "/mnt", "tmpfs", 0, "size=64m"))
		fail("container root");
	mkdir("/mnt/proc", 0755);
	mkdir("/mnt/old", 0755);
	if (mount("/proc", "/mnt/proc", NULL, MS_BIND | MS_REC, NULL))
		fail("container /proc");
	char path[4096];

	snprintf(path, sizeof(path), "/mnt%s", place_of_program);
	place(path, IMAGE, 0755, 0);
	if (chdir("/mnt"))
		fail("/mnt");
	/* the first root file system of a boot cannot be left in this way */
	if (syscall(SYS_pivot_root, ".", "old") == 0) {
		if (chdir("/") || umount2("/old", MNT_DETACH))
			fail("old root");
		return;
	}
	if (mount(".", "/", NULL, MS_MOVE, NULL) || chroot(".") || chdir("/"))
		fail("container root");
}

#endif
