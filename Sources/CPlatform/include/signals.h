/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLATFORM_SIGNALS_H
#define PLATFORM_SIGNALS_H

#include <signal.h>
#include <sys/signalfd.h>

/* SIG_IGN and SIG_DFL are casts, which Swift does not import. Both return 0
 * or a negative errno. */
int platform_ignore_signal(int number);
int platform_default_signal(int number);

#endif
