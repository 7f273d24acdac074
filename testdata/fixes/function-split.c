// SPDX-License-Identifier: GPL-3.0-or-later
// One function becomes two.
// replaces: work
// state: new
#include "host.h"

#if VERSION == 2
OUT_OF_LINE static int half(int x)
{
	static int halves;

	return ++halves + x / 2;
}
#endif

OUT_OF_LINE static int work(int x)
{
#if VERSION == 2
	return x > 3 ? half(x) : x * 3;
#else
	return x > 3 ? x / 2 : x * 3;
#endif
}

void served(int x)
{
	say("%d", work(x));
}
