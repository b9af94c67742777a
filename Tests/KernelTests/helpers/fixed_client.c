// SPDX-License-Identifier: Apache-2.0
//
// Connects to the metadata address whatever its arguments are, so that nothing
// but its path and name can give it away.
#include "common.h"

int main(void)
{
	limit_lifetime();
	try_connect(METADATA, 80);
	return 0;
}
