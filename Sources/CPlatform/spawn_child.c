// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "spawn_child.h"

#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int child_fork(void)
{
	pid_t pid = fork();

	return pid < 0 ? -errno : pid;
}

int child_die_with_parent(int parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL))
		return -errno;
	return getppid() == parent ? 0 : -ESRCH;
}

void child_reset_signals(void)
{
	sigset_t all;

	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigfillset(&all);
	sigprocmask(SIG_UNBLOCK, &all, NULL);
}

void child_ignore_children(void)
{
	signal(SIGCHLD, SIG_IGN);
}

int child_drop_privileges(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	return syscall(SYS_capset, &header, none) ? -errno : 0;
}

int child_refuse_tracing(void)
{
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) ? -errno : 0;
}

void child_close_from(int first)
{
	/* Not in the kernel before 5.9, and then not worth failing for. */
	syscall(SYS_close_range, first, ~0U, 0);
}

int child_watch(int pid)
{
	int descriptor = syscall(SYS_pidfd_open, pid, 0);

	return descriptor < 0 ? -errno : descriptor;
}

int child_exit_code(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
