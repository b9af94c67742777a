// SPDX-License-Identifier: Apache-2.0
//
// client [ADDRESS [PORT [MILLISECONDS]]]: waits, connects, and exits with 0
// whatever came of it. Without an argument it exits at once.
#include "common.h"

int main(int count, char **arguments)
{
	limit_lifetime();
	if (count > 3)
		sleep_ms(atol(arguments[3]));
	if (count > 1)
		try_connect(arguments[1], count > 2 ? atoi(arguments[2]) : 80);
	return 0;
}
