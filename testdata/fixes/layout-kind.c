// SPDX-License-Identifier: GPL-3.0-or-later
// A field stays where it was and holds something else: live objects hold numbers of the old kind.
// refused: data-layout
// says: rate at 4, 32-bit integer → 32-bit floating point
#include "host.h"

static struct limit {
	int first;
#if VERSION == 2
	float rate;
#else
	int rate;
#endif
} limits[4] = {{1, 2}, {3, 4}};

void served(int x)
{
	say("%d %d", limits[x % 4].first, (int)limits[x % 4].rate);
	limits[x % 4].rate += 3;
}
