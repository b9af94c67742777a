// SPDX-License-Identifier: Apache-2.0
//
// player TABLE [WORD...]: plays the scenarios of Tests/Scenarios/scenarios.txt
// whose names contain one of the words (all without any), one after the other,
// and reports on standard output when each began and ended and what every
// program in it did. It prints "prepared", waits for a line on standard input,
// so that a sensor can be started in between, and then begins.
//
// A scenario's steps are commands with blocks in braces, separated by
// semicolons (see player/steps.h). Programs of a scenario are copies of this
// one: the steps of the next program are in its environment, not in its
// arguments, which rules read.
#define _GNU_SOURCE
#include "player/steps.h"

#define SCENARIOS_MAX 256
#define PATIENCE_MS   120000 /* emulation beside other work is slow */

struct scenario {
	char *name, *steps;
	int is_early; /* its leader is older than the sensor */
	int start[2]; /* lets an early leader go */
	int alive;
};

static struct scenario scenarios[SCENARIOS_MAX];
static int scenario_count;

/* Paragraphs of "key: value" lines; a value goes on in lines that begin with a blank. */
static void read_table(const char *path)
{
	char *text = calloc(1, 1 << 20), *line, *next;
	char **last = NULL;

	if (!slurp(path, text, 1 << 20))
		fail(path);
	for (line = text; *line; line = next) {
		struct scenario *current = &scenarios[scenario_count - 1];

		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = 0;
		if (!strncmp(line, "scenario: ", 10) && scenario_count < SCENARIOS_MAX) {
			scenarios[scenario_count++].name = line + 10;
			last = NULL;
		} else if (!strncmp(line, "does: ", 6) && scenario_count) {
			current->steps = line + 6;
			last = &current->steps;
		} else if (!strncmp(line, "when: early", 11) && scenario_count) {
			current->is_early = 1;
			last = NULL;
		} else if ((line[0] == ' ' || line[0] == '\t') && last) {
			char *joined = NULL;

			if (asprintf(&joined, "%s%s", *last, line) < 0)
				fail("table");
			*last = joined;
		} else {
			last = NULL;
		}
	}
}

static unsigned long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_REALTIME, &time);
	return time.tv_sec * 1000000000ull + time.tv_nsec;
}

static int move_up(int descriptor)
{
	int moved = fcntl(descriptor, F_DUPFD_CLOEXEC, 20);

	close(descriptor);
	return moved;
}

/* Starts the leader; returns where its end and that of all its descendants shows. */
static void start(struct scenario *scenario)
{
	int alive[2];
	pid_t leader;

	if (pipe2(alive, O_CLOEXEC) || pipe2(scenario->start, O_CLOEXEC))
		fail("pipe");
	/* out of the way of the numbers that programs know */
	alive[1] = move_up(alive[1]);
	scenario->start[0] = move_up(scenario->start[0]);
	leader = fork();
	if (leader < 0)
		fail("fork");
	if (!leader) {
		dup2(alive[1], ALIVE);
		if (scenario->is_early)
			dup2(scenario->start[0], GO);
		clock_gettime(CLOCK_MONOTONIC, &scenario_began);
		alarm(600);
		act(scenario->steps);
		_exit(0);
	}
	close(alive[1]);
	scenario->alive = alive[0];
}

static void play(struct scenario *scenario)
{
	struct pollfd end = {.events = POLLIN};
	int done;

	say("scenario %s", scenario->name);
	say("begin %llu", now());
	if (!scenario->is_early)
		start(scenario);
	if (write(scenario->start[1], "gggggggg", 8) < 0)
		fail("go");
	end.fd = scenario->alive;
	done = poll(&end, 1, PATIENCE_MS);
	if (done != 1)
		say("note not done in time");
	/* what a connection in the background has yet to bring */
	sleep_ms(5);
	say("end %llu", now());
	close(scenario->alive);
	close(scenario->start[0]);
	close(scenario->start[1]);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

static int is_asked_for(const struct scenario *scenario, int count, char **words)
{
	for (int i = 0; i < count; i++)
		if (strstr(scenario->name, words[i]))
			return 1;
	return count == 0;
}

int main(int count, char **arguments)
{
	unsigned long long entered = time_since_boot();
	char *steps = getenv("STEPS"), line[16];
	pid_t servers[2];

	/* of the program that brought us here */
	alarm(600);
	own_arguments = arguments;
	own_argument_count = count;
	if (steps) {
		alarm(600);
		forker = atoi(getenv("FORKER") ? getenv("FORKER") : "0");
		write_exec_report();
		set_moment(getenv("MOMENT"), entered);
		if (!moment)
			send_report(&exec_report);
		act(steps);
		/* a moment that was missed leaves no report */
		if (moment)
			send_report(&exec_report);
		return 0;
	}
	if (count < 2)
		return 64;
	if (dup2(1, REPORT) < 0)
		fail("report");
	refuse_host_network();
	read_table(arguments[1]);
	for (int i = 0; i < 2; i++) {
		servers[i] = fork();
		if (servers[i])
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (i == 0)
			serve(80);
		/* a listener whose queue is full: nobody takes from it */
		listen_at(81, 0);
		for (int full = 0; full < 3; full++) {
			struct address to = address_of("metadata", 81);
			int connection = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

			connect(connection, &to.any, to.length);
		}
		while (pause())
			;
	}
	for (int i = 0; i < scenario_count; i++)
		if (scenarios[i].is_early && is_asked_for(&scenarios[i], count - 2, arguments + 2))
			start(&scenarios[i]);
	sleep_ms(100);
	say("prepared");
	if (read(0, line, sizeof(line)) < 0)
		fail("standard input");
	for (int i = 0; i < scenario_count; i++)
		if (is_asked_for(&scenarios[i], count - 2, arguments + 2))
			play(&scenarios[i]);
	for (int i = 0; i < 2; i++)
		kill(servers[i], SIGKILL);
	say("done");
	return 0;
}
