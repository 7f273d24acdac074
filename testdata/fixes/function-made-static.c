// SPDX-License-Identifier: GPL-3.0-or-later
// A global function becomes static, and does more.
// replaces: helper
#include "host.h"

#if VERSION == 2
static
#else
int helper(int x);
#endif
	OUT_OF_LINE int
	helper(int x)
{
	return VERSION == 2 && x > 4 ? 4 : x * 2;
}

void served(int x)
{
	say("%d", helper(x));
}
