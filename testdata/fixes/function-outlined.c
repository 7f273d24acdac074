// SPDX-License-Identifier: GPL-3.0-or-later
// An inlined function gets a body of its own; its static variable stays the same one.
// replaces: served
#include "host.h"

#if VERSION == 2
OUT_OF_LINE
#else
__attribute__((always_inline)) inline
#endif
static int helper(int x)
{
	static int calls;

	return x + ++calls * 10 + (VERSION == 2 && x > 4);
}

void served(int x)
{
	say("%d", helper(x));
}
