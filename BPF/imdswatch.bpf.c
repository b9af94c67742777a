/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
typedef unsigned char __u8;
char LICENSE[] __attribute__((section("license"), used)) = "Dual BSD/GPL";
__u8 dummy __attribute__((section(".data"), used));
