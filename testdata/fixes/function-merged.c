// SPDX-License-Identifier: GPL-3.0-or-later
// Two functions become one.
// replaces: served
#include "host.h"

#if VERSION == 1
OUT_OF_LINE static int first(int x)
{
	return x * 3;
}

OUT_OF_LINE static int second(int x)
{
	return x + 4;
}
#else
OUT_OF_LINE static int both(int x)
{
	return x * 3 + x + 5;
}
#endif

void served(int x)
{
#if VERSION == 1
	say("%d", first(x) + second(x));
#else
	say("%d", both(x));
#endif
}
