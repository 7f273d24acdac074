// SPDX-License-Identifier: GPL-3.0-or-later
// New globals, one set and one zero: they keep what is written to them.
// replaces: served
// state: new
#include "host.h"

#if VERSION == 2
long served_count = 40;
int zeroes[1000];
#endif

void served(int x)
{
#if VERSION == 2
	zeroes[x * 100]++;
	served_count += 2;
	say("%ld %d ", served_count, zeroes[x * 100]);
#endif
	say("%d", x);
}
