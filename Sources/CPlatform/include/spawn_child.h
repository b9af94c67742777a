/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLATFORM_SPAWN_CHILD_H
#define PLATFORM_SPAWN_CHILD_H

/* fork(2), which Swift does not import: 0 in the child, else the child's pid or
 * a negative errno. */
int child_fork(void);

/* Asks for SIGKILL when the thread that forked this process ends. Returns 0, or
 * -ESRCH if the parent is gone already. */
int child_die_with_parent(int parent);

/* Gives every signal its default action and unblocks it. */
void child_reset_signals(void);

/* Has the kernel take away ended children. */
void child_ignore_children(void);

/* Gives up all capabilities, and the ways to gain any by exec. */
int child_drop_privileges(void);

/* Keeps other processes from tracing this one, unless they have CAP_SYS_PTRACE.
 * Returns 0 or a negative errno. */
int child_refuse_tracing(void);

/* Closes the descriptors from `first` on. */
void child_close_from(int first);

/* Opens a descriptor that becomes readable when the process ends. */
int child_watch(int pid);

/* The exit status as a shell shows it: the code, or 128 and the signal. */
int child_exit_code(int status);

#endif
