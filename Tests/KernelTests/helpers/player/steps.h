/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps of a scenario.
 *
 * Programs. PATH is executed with PATH and the ARGs as arguments, or with NAME
 * as the zeroth after `as NAME`; the new program does what is in the block.
 *
 *   exec PATH ARG... { STEPS }       this process becomes the program
 *   run PATH ARG... { STEPS }        fork, exec, wait
 *   start PATH ARG... { STEPS }      fork, exec, wait until it is executing
 *   vfork, spawn PATH ARG... { }     the same as run, by vfork and posix_spawn
 *   execveat PATH ARG... { STEPS }   exec by descriptor
 *   memfd, deleted ARG... { STEPS }  exec of a copy that has no name
 *   no-arguments PATH { STEPS }      exec without any argument
 *   exiting-parent PATH { STEPS }    exec under a parent that is exiting
 *   between MS MS PATH ARG... { }    run, and connect so long after the start
 *   runc ID PATH { STEPS }           a container whose first program this is
 *
 * Processes and threads.
 *
 *   fork { }, async { }              a child does it; wait for it, or do not
 *   sibling { }                      another child of the parent does it (CLONE_PARENT)
 *   thread { STEPS }                 a thread does it
 *   each WORD... { STEPS }           once for each word, with $ for it
 *   repeat N { STEPS }
 *   orphaned                         wait until the parent is another one
 *   setsid, subreaper, reap, exit, pause-until-go, sleep MS, mark, until MS
 *   setuid ID, unshare KIND..., network, chroot DIR, container PATH
 *   reuse-pid PATH { STEPS }         a child runs PATH and ends; one of the same pid acts
 *   rewrite-arguments, hidepid N
 *
 * Places: cd, mkdir, tmpfs, abroad DIR; copy, copy-setuid PATH; copy-of FILE PATH;
 * script PATH INTERPRETER; symlink, hardlink, bind OLD NEW; overlay DIR;
 * group, ungroup VERSION NAME; have FILE (else the scenario is skipped).
 *
 * Connections: connect WAY ADDRESS PORT, proxy PORT, inherit or take ADDRESS PORT.
 *
 * Words: @pad:N is N bytes, @many:N is N arguments, @metadata the address,
 * @bytes a name that is no UTF-8, @long:N:DIR a path of N bytes under DIR,
 * @deep:N:DIR one of N directories.
 */
#ifndef PLAYER_STEPS_H
#define PLAYER_STEPS_H

#include "connecting.h"
#include "placing.h"
#include "runtime.h"

#include <ctype.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>

#define GO	  7
#define WORDS_MAX 110000

static struct timespec scenario_began;
static pid_t forker; /* the process that forked this one */

/* Every process gives up on its own: alarms are not inherited. */
static pid_t fork_child(void)
{
	pid_t parent = getpid(), child = fork();

	if (child < 0)
		fail("fork");
	if (!child) {
		forker = parent;
		alarm(600);
	}
	return child;
}

static void act(const char *steps);

/* One command: its words, and its block if it has one. */
struct command {
	char **words;
	int count;
	char *block;
};

static char *expand(const char *word)
{
	char *text;
	int size;
	size_t length;

	if (!strcmp(word, "@metadata"))
		return strdup(METADATA);
	if (!strncmp(word, "@bytes", 6)) {
		if (asprintf(&text, "%s/\xff\n\"\xc3", word + 7) < 0)
			fail("memory");
		return text;
	}
	if (sscanf(word, "@pad:%d", &size) == 1) {
		text = calloc(1, size + 1);
		memset(text, 'x', size);
		return text;
	}
	if (sscanf(word, "@long:%d:", &size) == 1) {
		text = calloc(1, size + 512);
		length = sprintf(text, "%s", strchr(word + 6, ':') + 1);
		while (length + 2 < (size_t)size) {
			size_t part = size - length - 2 < 200 ? size - length - 2 : 200;

			text[length++] = '/';
			memset(text + length, 'd', part);
			length += part;
		}
		return text;
	}
	if (sscanf(word, "@deep:%d:", &size) == 1) {
		text = calloc(1, 2 * size + 512);
		length = sprintf(text, "%s", strchr(word + 6, ':') + 1);
		for (int i = 0; i < size; i++)
			length += sprintf(text + length, "/d");
		return text;
	}
	return strdup(word);
}

/* Takes a command off the text. */
static int take(const char **text, struct command *command)
{
	const char *at = *text;
	int depth = 0, many;

	command->words = calloc(WORDS_MAX, sizeof(char *));
	command->count = 0;
	command->block = NULL;
	while (*at) {
		const char *word;
		char *copy;

		at += strspn(at, " \t\n");
		if (*at == ';') {
			at++;
			break;
		}
		if (!*at)
			break;
		if (*at == '{') {
			word = ++at;
			for (depth = 1; *at && depth; at++)
				depth += *at == '{' ? 1 : *at == '}' ? -1 : 0;
			command->block = strndup(word, at - word - 1);
			continue;
		}
		word = at;
		at += strcspn(at, " \t\n;{");
		copy = strndup(word, at - word);
		if (sscanf(copy, "@many:%d", &many) == 1)
			for (int i = 0; i < many; i++)
				command->words[command->count++] = "a";
		else if (strstr(copy, "/@bytes")) {
			*strstr(copy, "/@bytes") = 0;
			if (asprintf(&command->words[command->count++], "%s/\xff\n\"\xc3", copy) <
			    0)
				fail("memory");
		} else {
			char *name = NULL;

			/* a name behind a made path: @long:N:DIR,NAME */
			if (copy[0] == '@' && (name = strchr(copy, ',')))
				*name++ = 0;
			command->words[command->count] = expand(copy);
			if (name && asprintf(&command->words[command->count], "%s/%s",
					     command->words[command->count], name) < 0)
				fail("memory");
			command->count++;
		}
	}
	*text = at;
	return command->count > 0;
}

static void forget(struct command *command)
{
	free(command->words);
	free(command->block);
}

/* The path and the arguments of a command that names a program. */
static char **arguments_of(struct command *command, int from, char **path)
{
	if (from < command->count && !strcmp(command->words[from], "as")) {
		*path = command->words[from + 2];
		command->words[from + 2] = command->words[from + 1];
		return command->words + from + 2;
	}
	*path = command->words[from];
	return command->words + from;
}

static char **environment_of(const struct command *command)
{
	static char *environment[4];

	if (asprintf(&environment[0], "STEPS=%s", command->block ? command->block : "") < 0 ||
	    asprintf(&environment[1], "FORKER=%d", forker) < 0)
		fail("memory");
	return environment;
}

static void become(struct command *command)
{
	char *path, **arguments = arguments_of(command, 1, &path);

	execve(path, arguments, environment_of(command));
	fail(path);
}

static int wait_for(pid_t child)
{
	int status = 0;

	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return exit_code(status);
}

static void run_child(struct command *command, int waits)
{
	int started[2];
	char byte;
	pid_t child;

	if (pipe2(started, O_CLOEXEC))
		fail("pipe");
	child = fork_child();
	if (!child)
		become(command);
	close(started[1]);
	if (read(started[0], &byte, 1) < 0)
		fail("read");
	close(started[0]);
	if (waits)
		wait_for(child);
}

static void run_otherwise(struct command *command, int by_vfork)
{
	char *path, **arguments = arguments_of(command, 1, &path);
	char **environment = environment_of(command);
	pid_t child;

	if (by_vfork) {
		child = vfork();
		if (!child) {
			execve(path, arguments, environment);
			_exit(99);
		}
	} else if (posix_spawn(&child, path, NULL, NULL, arguments, environment)) {
		fail(path);
	}
	wait_for(child);
}

/* The program that connects so long after its start: see set_moment. */
static void become_at_the_moment(struct command *command)
{
	char *path, **arguments = arguments_of(command, 3, &path);
	char **environment = environment_of(command), text[96];

	environment[2] = text;
	snprintf(text, sizeof(text), "MOMENT=%llu %s %s", time_since_boot(), command->words[1],
		 command->words[2]);
	execve(path, arguments, environment);
	fail(path);
}

/* Every attempt has a parent of its own, or one would complete another's sequence. */
static int try_the_moment(struct command *command)
{
	pid_t parent = fork_child(), child;

	if (parent)
		return wait_for(parent);
	child = fork_child();
	if (!child)
		become_at_the_moment(command);
	_exit(wait_for(child));
}

static void run_at_the_moment(struct command *command)
{
	for (int attempt = 0; attempt < 8; attempt++)
		if (try_the_moment(command) != MISSED)
			return;
	say("skip the moment was missed eight times: this machine is busy");
}

static void become_nameless(struct command *command)
{
	char **arguments = command->words + 1;
	int image = open_nameless(command->words[0]);

	fexecve(image, arguments, environment_of(command));
	fail("fexecve");
}

static void become_by_descriptor(struct command *command)
{
	char *path, **arguments = arguments_of(command, 1, &path);
	int image = open(path, O_PATH | O_CLOEXEC);

	syscall(SYS_execveat, image, "", arguments, environment_of(command),
		0x1000 /* AT_EMPTY_PATH */);
	fail(path);
}

static void become_without_arguments(struct command *command)
{
	char *none[] = {NULL};

	execve(command->words[1], none, environment_of(command));
	fail(command->words[1]);
}

/* Runs the program when the parent's memory is gone already, and it is still the parent. */
static int try_exiting_parent(struct command *command)
{
	volatile int *go =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const size_t size = 256UL << 20;
	char path[64], text[16], *memory;
	pid_t parent, child;

	parent = fork_child();
	if (parent) {
		wait_for(parent);
		while (*go == 1)
			sleep_ms(1);
		return *go == 2;
	}
	child = fork_child();
	if (!child) {
		parent = getppid();
		snprintf(path, sizeof(path), "/proc/%d/exe", parent);
		while (!*go)
			sched_yield();
		while (readlink(path, text, sizeof(text)) >= 0 && getppid() == parent)
			;
		if (getppid() != parent) {
			*go = 3;
			_exit(0);
		}
		*go = 2;
		become(command);
	}
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(memory, 1, size);
	*go = 1;
	_exit(0);
}

static void *act_in_thread(void *block)
{
	act(block);
	return NULL;
}

static void act_in_thread_and_join(char *block)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, act_in_thread, block))
		fail("thread");
	pthread_join(thread, NULL);
}

static void act_in_child(const char *block, int waits)
{
	pid_t child = fork_child();

	if (!child) {
		act(block);
		_exit(0);
	}
	if (waits)
		wait_for(child);
}

/* Does the block in two processes, one after the other, that have the same pid. */
static void reuse_pid(const char *program, const char *second)
{
	char text[4096];
	pid_t used = fork_child(), again;

	if (!used) {
		snprintf(text, sizeof(text), "run %s {}", program);
		act(text);
		_exit(0);
	}
	wait_for(used);
	for (int attempt = 0; attempt < 20; attempt++) {
		snprintf(text, sizeof(text), "%d", used - 1);
		write_text("/proc/sys/kernel/ns_last_pid", text);
		again = fork_child();
		if (!again) {
			if (getpid() == used)
				act(second);
			_exit(0);
		}
		wait_for(again);
		if (again == used)
			return;
	}
	say("skip the pid could not be had again");
}

static void replace_dollar(char *text, const char *block, const char *word)
{
	for (; *block; block++)
		if (*block == '$')
			text += sprintf(text, "%s", word);
		else
			*text++ = *block;
	*text = 0;
}

static void sleep_until(long milliseconds)
{
	struct timespec end = scenario_began;

	end.tv_nsec += milliseconds % 1000 * 1000000;
	end.tv_sec += milliseconds / 1000 + end.tv_nsec / 1000000000;
	end.tv_nsec %= 1000000000;
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL);
}

static void rewrite_arguments(void)
{
	size_t size = 0;

	for (int i = 0; i < own_argument_count; i++)
		size += strlen(own_arguments[i]) + 1;
	memset(own_arguments[0], 'z', size - 1);
}

static void wait_until_orphaned(void)
{
	while (getppid() == forker)
		sleep_ms(1);
}

static void act_in_sibling(const char *steps)
{
	long child = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, 0);

	if (child < 0)
		fail("clone");
	if (child)
		return;
	alarm(600);
	act(steps);
	_exit(0);
}

static int act_on_process(struct command *c, const char *verb)
{
	char byte;

	if (!strcmp(verb, "fork"))
		act_in_child(c->block, 1);
	else if (!strcmp(verb, "async"))
		act_in_child(c->block, 0);
	else if (!strcmp(verb, "sibling"))
		act_in_sibling(c->block);
	else if (!strcmp(verb, "thread"))
		act_in_thread_and_join(c->block);
	else if (!strcmp(verb, "orphaned"))
		wait_until_orphaned();
	else if (!strcmp(verb, "setsid"))
		setsid();
	else if (!strcmp(verb, "subreaper"))
		prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	else if (!strcmp(verb, "reap"))
		while (wait(NULL) > 0)
			;
	else if (!strcmp(verb, "exit"))
		_exit(0);
	else if (!strcmp(verb, "pause-until-go")) {
		if (read(GO, &byte, 1) < 0)
			fail("go");
		clock_gettime(CLOCK_MONOTONIC, &scenario_began);
	} else if (!strcmp(verb, "sleep"))
		sleep_ms(atol(c->words[1]));
	else if (!strcmp(verb, "mark"))
		clock_gettime(CLOCK_MONOTONIC, &scenario_began);
	else if (!strcmp(verb, "until"))
		sleep_until(atol(c->words[1]));
	else if (!strcmp(verb, "setuid")) {
		if (setgid(atoi(c->words[1])) || setuid(atoi(c->words[1])))
			fail("setuid");
		/* or it may not look at itself any more */
		prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	} else if (!strcmp(verb, "unshare"))
		for (int i = 1; i < c->count; i++)
			leave_namespace(c->words[i]);
	else if (!strcmp(verb, "chroot")) {
		if (chroot(c->words[1]) || chdir("/"))
			fail("chroot");
	} else if (!strcmp(verb, "network"))
		make_network();
	else if (!strcmp(verb, "container"))
		enter_container(c->words[1]);
	else if (!strcmp(verb, "rewrite-arguments"))
		rewrite_arguments();
	else if (!strcmp(verb, "hidepid")) {
		char option[32];

		snprintf(option, sizeof(option), "hidepid=%s", c->words[1]);
		if (mount("proc", "/proc", "proc", MS_REMOUNT, option))
			fail("hidepid");
	} else
		return 0;
	return 1;
}

static int act_on_places(struct command *c, const char *verb)
{
	char **w = c->words;

	if (!strcmp(verb, "cd")) {
		if (chdir(w[1]))
			fail(w[1]);
	} else if (!strcmp(verb, "abroad")) {
		go_abroad(w[1]);
	} else if (!strcmp(verb, "mkdir")) {
		make_way(w[1]);
		mkdir(w[1], 0755);
	} else if (!strcmp(verb, "tmpfs")) {
		make_way(w[1]);
		mkdir(w[1], 0755);
		if (mount("none", w[1], "tmpfs", 0, "size=64m"))
			fail(w[1]);
	} else if (!strcmp(verb, "copy"))
		place(w[1], IMAGE, 0755, 0);
	else if (!strcmp(verb, "copy-of"))
		place(w[2], w[1], 0755, 0);
	else if (!strcmp(verb, "copy-setuid"))
		place(w[1], IMAGE, 04755, 1000);
	else if (!strcmp(verb, "script"))
		place_script(w[1], w[2]);
	else if (!strcmp(verb, "symlink") || !strcmp(verb, "hardlink")) {
		make_way(w[2]);
		unlink(w[2]);
		if (*verb == 's' ? symlink(w[1], w[2]) : link(w[1], w[2]))
			fail(w[2]);
	} else if (!strcmp(verb, "bind")) {
		int file;

		make_way(w[2]);
		file = open(w[2], O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
		close(file);
		if (mount(w[1], w[2], NULL, MS_BIND, NULL))
			fail(w[2]);
	} else if (!strcmp(verb, "overlay")) {
		if (mount("none", w[1], "overlay", 0,
			  "lowerdir=/ov/lower,upperdir=/ov/over/upper,workdir=/ov/over/work")) {
			say("skip no overlay file system: %s", strerror(errno));
			_exit(0);
		}
	} else if (!strcmp(verb, "group"))
		join_group(w[1], w[2]);
	else if (!strcmp(verb, "ungroup"))
		leave_group(w[1], w[2]);
	else if (!strcmp(verb, "have")) {
		if (access(w[1], X_OK)) {
			say("skip there is no %s", w[1]);
			_exit(0);
		}
	} else
		return 0;
	return 1;
}

static int act_on_programs(struct command *c, const char *verb)
{
	if (!strcmp(verb, "exec"))
		become(c);
	else if (!strcmp(verb, "run"))
		run_child(c, 1);
	else if (!strcmp(verb, "start"))
		run_child(c, 0);
	else if (!strcmp(verb, "vfork"))
		run_otherwise(c, 1);
	else if (!strcmp(verb, "spawn"))
		run_otherwise(c, 0);
	else if (!strcmp(verb, "execveat"))
		become_by_descriptor(c);
	else if (!strcmp(verb, "memfd") || !strcmp(verb, "deleted"))
		become_nameless(c);
	else if (!strcmp(verb, "no-arguments"))
		become_without_arguments(c);
	else if (!strcmp(verb, "between"))
		run_at_the_moment(c);
	else if (!strcmp(verb, "runc"))
		run_container(c->words[1], c->words[2], c->block);
	else if (!strcmp(verb, "exiting-parent")) {
		for (int attempt = 0; attempt < 10; attempt++)
			if (try_exiting_parent(c))
				return 1;
		say("skip the moment was missed ten times");
	} else
		return 0;
	return 1;
}

static void act(const char *steps)
{
	struct command c;

	while (take(&steps, &c)) {
		char *verb = c.words[0], *text;

		if (act_on_process(&c, verb) || act_on_places(&c, verb) ||
		    act_on_programs(&c, verb))
			;
		else if (!strcmp(verb, "connect"))
			connect_by(c.words[1], c.words[2], atoi(c.words[3]));
		else if (!strcmp(verb, "proxy"))
			proxy(atoi(c.words[1]));
		else if (!strcmp(verb, "inherit"))
			open_connection(c.words[1], atoi(c.words[2]));
		else if (!strcmp(verb, "take"))
			take_connection(c.words[1], atoi(c.words[2]));
		else if (!strcmp(verb, "reuse-pid"))
			reuse_pid(c.words[1], c.block);
		else if (!strcmp(verb, "repeat"))
			for (int i = 0; i < atoi(c.words[1]); i++)
				act(c.block);
		else if (!strcmp(verb, "each"))
			for (int i = 1; i < c.count; i++) {
				text = malloc(strlen(c.block) + 4096);
				replace_dollar(text, c.block, c.words[i]);
				act(text);
				free(text);
			}
		else {
			say("note unknown step %s", verb);
			_exit(64);
		}
		forget(&c);
	}
}

#endif
