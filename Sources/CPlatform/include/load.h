/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PLATFORM_LOAD_H
#define PLATFORM_LOAD_H

#include <stdint.h>

/* The argument that makes this program one of `load_accesses`. */
#define LOAD_ACCESS "bench-access"

/* Loads for measuring: each does one thing `count` times, as fast as the kernel
 * lets it, from memory made ready before. They return the nanoseconds that took,
 * or a negative errno. */

/* Keeps this process on the n-th of the processors it may use, modulo their
 * number; what it starts stays there too. 0 or a negative errno. */
int load_pin(uint32_t place);

/* Starts a program with some arguments, as a shell script would, and waits for its end. */
int64_t load_programs(const char *path, uint32_t count);

/* Opens a TCP connection that is refused, and hangs up. The address is in host byte order. */
int64_t load_connections(uint32_t address, uint16_t port, uint32_t count);

/* The same in a process that is forked for it. */
int64_t load_fresh_connections(uint32_t address, uint16_t port, uint32_t count);

/* Makes the cheapest system call there is. */
int64_t load_calls(uint32_t count);

/* Starts a program, then reads files and counts for a while, as a compiler does
 * for each of its inputs. */
int64_t load_compilations(const char *path, uint32_t count);

/* Serves one-byte requests, a connection each, on 127.0.0.1 in a process of its
 * own that ends with this thread. Returns its pid and sets the port. */
int load_server(uint16_t *port);

/* Connects to the server, sends a byte and waits for one. */
int64_t load_requests(uint16_t port, uint32_t count);

/* Starts a program with one argument and waits for its end, so many times, with a
 * pause of microseconds after each. */
int64_t load_starts(const char *path, const char *argument, uint32_t pause, uint32_t count);

/* What a program does that is started with LOAD_ACCESS; 0 or a negative errno. */
int load_access(uint32_t address, uint16_t port);

/* Copies this process's executable to a new file; 0 or a negative errno. */
int load_copy_self(int executable, const char *path);

/* Writes the smallest program that ends at once to a new file; 0 or a negative errno. */
int load_write_program(const char *path);

#endif
