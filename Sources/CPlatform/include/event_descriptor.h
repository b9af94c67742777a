// SPDX-License-Identifier: Apache-2.0
#pragma once

// A new non-blocking eventfd, or a negative errno.
int event_descriptor_open(void);
