// SPDX-License-Identifier: GPL-3.0-or-later
// A static function takes another argument, and all its callers pass it.
// replaces: served twice
#include "host.h"

#if VERSION == 2
OUT_OF_LINE static int clamp(int x, int most)
{
	return x > most ? most : x;
}
#define CLAMP(x)  clamp(x, 7)
#define CLAMP2(x) clamp(x, 11)
#else
OUT_OF_LINE static int clamp(int x)
{
	return x > 8 ? 8 : x;
}
#define CLAMP(x)  clamp(x)
#define CLAMP2(x) clamp(x)
#endif

OUT_OF_LINE static int twice(int x)
{
	return CLAMP2(2 * x);
}

void served(int x)
{
	say("%d %d", CLAMP(x), twice(x));
}
