// SPDX-License-Identifier: Apache-2.0
#pragma once

// Starts a thread with every signal blocked, so that signals stay with the
// threads that wait for them. Returns 0 or a negative errno.
int thread_start(unsigned long *thread, const char *name, void *(*body)(void *), void *argument);

// Waits until the thread has ended.
void thread_join(unsigned long thread);

// Lets the thread end on its own.
void thread_detach(unsigned long thread);
