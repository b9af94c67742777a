/* SPDX-License-Identifier: Apache-2.0 */
#include "signals.h"

#include <errno.h>
#include <signal.h>

int platform_ignore_signal(int number)
{
	return signal(number, SIG_IGN) == SIG_ERR ? -errno : 0;
}

int platform_default_signal(int number)
{
	return signal(number, SIG_DFL) == SIG_ERR ? -errno : 0;
}
