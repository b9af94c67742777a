/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "privileges.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int privileges_limit(uint64_t bits)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {
		{.effective = (uint32_t)bits, .permitted = (uint32_t)bits},
		{.effective = (uint32_t)(bits >> 32), .permitted = (uint32_t)(bits >> 32)},
	};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	/* Kernels before 4.3 have no ambient set; nothing to clear there. */
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (int number = 0; prctl(PR_CAPBSET_READ, number, 0, 0, 0) >= 0; number++) {
		if (number < 64 && bits >> number & 1)
			continue;
		/* Needs CAP_SETPCAP; without it the permitted set is still the limit. */
		prctl(PR_CAPBSET_DROP, number, 0, 0, 0);
	}
	if (syscall(SYS_capset, &header, data))
		return -errno;
	return 0;
}
