// SPDX-License-Identifier: Apache-2.0
#include "event_descriptor.h"

#include <errno.h>
#include <sys/eventfd.h>

int event_descriptor_open(void)
{
	int descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	return descriptor < 0 ? -errno : descriptor;
}
