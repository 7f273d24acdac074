// SPDX-License-Identifier: GPL-3.0-or-later
// A function is inlined into its caller, and changes.
// replaces: served
#include "host.h"

#if VERSION == 1
OUT_OF_LINE
#else
__attribute__((always_inline)) inline
#endif
static int helper(int x)
{
	return VERSION == 2 && x > 4 ? 4 : x * 2;
}

void served(int x)
{
	say("%d", helper(x));
}
