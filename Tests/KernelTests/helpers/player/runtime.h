/* SPDX-License-Identifier: Apache-2.0 */
/* Containers as runc makes them, without an engine. */
#ifndef PLAYER_RUNTIME_H
#define PLAYER_RUNTIME_H

#include "placing.h"

#define RUNC	     "/usr/sbin/runc"
#define RUNC_STATE   "/run/x/runc"
#define FIRST_OPENED 3 /* descriptors from here to REPORT go into the container */
#define REFUSED	     1 /* exit status of runc where it cannot make a container */

static void write_bundle(const char *bundle, const char *program, const char *steps)
{
	char path[4096];
	int target;

	snprintf(path, sizeof(path), "%s/rootfs%s", bundle, program);
	place(path, IMAGE, 0755, 0);
	snprintf(path, sizeof(path), "%s/config.json", bundle);
	target = open_new(path);
	/* the host's /proc, so that the program can tell what it is on the host */
	if (target < 0 ||
	    dprintf(target,
		    "{\"ociVersion\": \"1.0.2\", \"hostname\": \"box\",\n"
		    "\"root\": {\"path\": \"rootfs\"},\n"
		    "\"process\": {\"user\": {\"uid\": 0, \"gid\": 0}, \"cwd\": \"/\",\n"
		    "\"args\": [\"%s\"], \"env\": [\"STEPS=%s\"], \"noNewPrivileges\": true},\n"
		    "\"mounts\": [{\"destination\": \"/proc\", \"type\": \"bind\",\n"
		    "\"source\": \"/proc\", \"options\": [\"rbind\"]},\n"
		    "{\"destination\": \"/dev\", \"type\": \"tmpfs\", \"source\": \"tmpfs\"}],\n"
		    "\"linux\": {\"namespaces\": [{\"type\": \"pid\"}, {\"type\": \"mount\"},\n"
		    "{\"type\": \"uts\"}, {\"type\": \"ipc\"}, {\"type\": \"cgroup\"},\n"
		    "{\"type\": \"network\", \"path\": \"/proc/%d/ns/net\"}]}}\n",
		    program, steps, host_pid()) < 0)
		fail(path);
	close(target);
}

/* What runc says goes into a file. Returns its status, which is that of the program. */
static int runc(const char *command, const char *id, const char *bundle, const char *messages)
{
	char count[16];
	int status, none;
	pid_t child = fork();

	if (child < 0)
		fail("fork");
	if (child) {
		while (waitpid(child, &status, 0) < 0 && errno == EINTR)
			;
		return exit_code(status);
	}
	alarm(60);
	dup2(open_new(messages), 2);
	if (!bundle) {
		execl(RUNC, "runc", "--root", RUNC_STATE, command, "--force", id, NULL);
		fail(RUNC);
	}
	/* runc hands on what follows the standard ones, without a gap */
	none = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int i = FIRST_OPENED; i < ALIVE; i++)
		dup2(none, i);
	fcntl(none, F_SETFD, none < ALIVE ? 0 : FD_CLOEXEC);
	snprintf(count, sizeof(count), "%d", REPORT - FIRST_OPENED + 1);
	execl(RUNC, "runc", "--root", RUNC_STATE, command, "--bundle", bundle, "--preserve-fds",
	      count, id, NULL);
	fail(RUNC);
	return 0;
}

/* Nothing is left of it afterwards, also if its program failed. */
static void run_container(const char *id, const char *program, const char *steps)
{
	char bundle[512], messages[600], text[512];
	int status;

	snprintf(bundle, sizeof(bundle), "/run/x/%s", id);
	snprintf(messages, sizeof(messages), "%s/messages", bundle);
	write_bundle(bundle, program, steps);
	status = runc("run", id, bundle, messages);
	slurp(messages, text, sizeof(text));
	text[strcspn(text, "\n")] = 0;
	if (status)
		say("%s runc: status %d: %s", status == REFUSED ? "skip" : "note", status, text);
	runc("delete", id, NULL, messages);
}

#endif
