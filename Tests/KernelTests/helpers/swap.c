// SPDX-License-Identifier: Apache-2.0
//
// swap PID DESCRIPTOR: makes a process put its standard input in the place of
// one of its descriptors, as root with a debugger could: whatever the
// descriptor kept alive ends, and the number stays in use. 77: not on this
// architecture.
#define _GNU_SOURCE
#include "common.h"

#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>

#ifdef __x86_64__
#define SYSCALL_INSTRUCTION 0x050f
#define SYSCALL_SIZE	    2

static void step_over(pid_t pid, int request)
{
	int status;

	if (ptrace(request, pid, NULL, NULL) || waitpid(pid, &status, __WALL) != pid ||
	    !WIFSTOPPED(status))
		fail("ptrace");
}

/* Stops the process where it waits in a system call: the instruction is behind it. */
static void stop_in_system_call(pid_t pid, struct user_regs_struct *registers)
{
	for (int attempt = 0; attempt < 1000; attempt++) {
		step_over(pid, PTRACE_ATTACH);
		if (ptrace(PTRACE_GETREGS, pid, NULL, registers))
			fail("registers");
		if ((ptrace(PTRACE_PEEKTEXT, pid, registers->rip - SYSCALL_SIZE, NULL) & 0xffff) ==
		    SYSCALL_INSTRUCTION)
			return;
		ptrace(PTRACE_DETACH, pid, NULL, NULL);
		sleep_ms(1);
	}
	fail("no system call");
}

int main(int count, char **arguments)
{
	struct user_regs_struct registers, call;
	pid_t pid = count == 3 ? atoi(arguments[1]) : 0;
	int descriptor = count == 3 ? atoi(arguments[2]) : -1;

	if (pid <= 0 || descriptor < 3)
		return 64;
	limit_lifetime();
	stop_in_system_call(pid, &registers);
	call = registers;
	call.rip -= SYSCALL_SIZE;
	call.orig_rax = -1; /* nothing is to be started again */
	call.rax = SYS_dup2;
	call.rdi = 0;
	call.rsi = descriptor;
	if (ptrace(PTRACE_SETREGS, pid, NULL, &call))
		fail("registers");
	step_over(pid, PTRACE_SINGLESTEP);
	if (ptrace(PTRACE_GETREGS, pid, NULL, &call) ||
	    ptrace(PTRACE_SETREGS, pid, NULL, &registers) || ptrace(PTRACE_DETACH, pid, NULL, NULL))
		fail("registers");
	return call.rax != (unsigned long long)descriptor;
}
#else
int main(void)
{
	return 77;
}
#endif
