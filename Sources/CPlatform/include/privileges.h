/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

/* Makes `bits` the permitted and effective capabilities of the calling
 * process (call before there are threads), empties the inheritable and ambient
 * sets, and forbids gaining privileges through exec. 0 or a negative errno. */
int privileges_limit(uint64_t bits);
