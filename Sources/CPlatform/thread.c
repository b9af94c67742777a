// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "thread.h"

#include <pthread.h>
#include <signal.h>

_Static_assert(sizeof(pthread_t) == sizeof(unsigned long), "pthread_t");

int thread_start(unsigned long *thread, const char *name, void *(*body)(void *), void *argument)
{
	sigset_t all, before;
	pthread_t started;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&started, NULL, body, argument);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error)
		return -error;
	pthread_setname_np(started, name);
	*thread = (unsigned long)started;
	return 0;
}

void thread_join(unsigned long thread)
{
	pthread_join((pthread_t)thread, NULL);
}

void thread_detach(unsigned long thread)
{
	pthread_detach((pthread_t)thread);
}
