/* SPDX-License-Identifier: Apache-2.0 */
/* Every header by name: a build notices a new one. */
#pragma once

#include "capabilities.h"
#include "epoll.h"
#include "event_descriptor.h"
#include "load.h"
#include "namespace.h"
#include "output.h"
#include "privileges.h"
#include "signals.h"
#include "spawn_child.h"
#include "stamped_socket.h"
#include "thread.h"
#include "trim_memory.h"
