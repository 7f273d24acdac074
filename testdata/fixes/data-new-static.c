// SPDX-License-Identifier: GPL-3.0-or-later
// New static locals, two of one name, and a file's own static.
// replaces: second served
// state: new
#include "host.h"

#if VERSION == 2
static unsigned total;
#endif

OUT_OF_LINE static int first(int x)
{
#if VERSION == 2
	static int calls = 5;

	total += 1;
	return x + ++calls;
#else
	return x;
#endif
}

OUT_OF_LINE static int second(int x)
{
#if VERSION == 2
	static int calls = 50;

	total += 1;
	return x + --calls;
#else
	return x * x * 2 + 1;
#endif
}

void served(int x)
{
	say("%d %d", first(x), second(x));
#if VERSION == 2
	say(" %u", total);
#endif
}
