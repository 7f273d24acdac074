// SPDX-License-Identifier: GPL-3.0-or-later
// A library that is opened and closed. Its second version counts in a new static, and calls what it never imported.
#include <stdlib.h>

#ifndef VERSION
#define VERSION 1
#endif

int opened_value(int x);
int opened_value(int x)
{
#if VERSION > 1
	static int counted = 100;

	counted++;
	if (x < 0)
		return counted;
	x += abs((int)lrand48()) < 0;
#endif
	return x * 10 + VERSION + (rand() < 0);
}
