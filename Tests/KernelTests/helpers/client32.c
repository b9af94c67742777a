// SPDX-License-Identifier: Apache-2.0
//
// A 32-bit program without a library: connects to the metadata address by the
// 32-bit system calls, and reports as the player's programs do.
struct sockaddr_in {
	unsigned short family, port;
	unsigned int address;
	unsigned char zero[8];
};

enum { SYS_exit = 1, SYS_write = 4, SYS_getpid = 20, SYS_socket = 359, SYS_connect = 362 };

static int call(int number, int first, int second, int third)
{
	int result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(first), "c"(second), "d"(third)
			 : "memory");
	return result;
}

static int put(char *to, const char *text)
{
	int length = 0;

	while (text[length]) {
		to[length] = text[length];
		length++;
	}
	return length;
}

static int put_number(char *to, unsigned number)
{
	int length = number > 9 ? put_number(to, number / 10) : 0;

	to[length] = '0' + number % 10;
	return length + 1;
}

static void report(const char *kind, const char *rest)
{
	char line[128];
	int length = put(line, "act ");

	length += put(line + length, kind);
	length += put(line + length, " pid=");
	length += put_number(line + length, call(SYS_getpid, 0, 0, 0));
	length += put(line + length, rest);
	call(SYS_write, 9, (int)line, length);
}

void _start(void)
{
	struct sockaddr_in to = {.family = 2, .port = 80 << 8, .address = 0xfea9fea9};

	report("exec", " uid=0 euid=0 exe=/usr/lib/x/lua argc=1\n");
	call(SYS_connect, call(SYS_socket, 2, 1, 0), (int)&to, sizeof(to));
	report("connect", " uid=0 to=169.254.169.254 port=80\n");
	call(SYS_exit, 0, 0, 0);
}
