/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLATFORM_OUTPUT_H
#define PLATFORM_OUTPUT_H

/* Writes what stdio still holds for standard output. Returns 0, or a negative
 * errno if that or an earlier write failed. */
int platform_flush_output(void);

#endif
