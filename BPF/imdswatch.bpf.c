/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* All programs, as one object: they share the ring, the maps and the settings. */
#include "kernel.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#include "exec.bpf.c"
#include "fork.bpf.c"
#include "exit.bpf.c"
#include "connect_fexit.bpf.c"
#include "connect_kprobe.bpf.c"
#include "connect_tracepoint.bpf.c"
#include "tasks.bpf.c"
