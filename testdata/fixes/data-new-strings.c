// SPDX-License-Identifier: GPL-3.0-or-later
// A new table of strings and one of functions, reached only through new functions.
// replaces: served
// state: new
#include "host.h"

#if VERSION == 2
static const char *const names[] = {"zero", "one", "two",   "three", "four",
				    "five", "six", "seven", "eight", "nine"};
static char buffer[256];

OUT_OF_LINE static int twice(int x)
{
	return 2 * x;
}

OUT_OF_LINE static int thrice(int x)
{
	static int times;

	return 3 * x + times++;
}

static int (*const actions[])(int) = {twice, thrice};

OUT_OF_LINE static const char *name_of(int x)
{
	size_t length = 0;

	buffer[length++] = '<';
	for (const char *from = names[x % 10]; *from;)
		buffer[length++] = *from++;
	buffer[length++] = '>';
	buffer[length] = 0;
	return buffer;
}

OUT_OF_LINE static int act(int x)
{
	return actions[x & 1](x);
}
#endif

void served(int x)
{
#if VERSION == 2
	say("%s %d ", name_of(x), act(x));
#endif
	say("%d", x);
}
