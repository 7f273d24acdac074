// SPDX-License-Identifier: GPL-3.0-or-later
// The initial value of live data changes, but all that read it write it first: allowed by name.
// allow: data-changed:limit
// carries: limit is live data whose initial value changes
// replaces: served
#include "host.h"

static int limit = VERSION == 2 ? 20 : 10;

OUT_OF_LINE static void set(int x)
{
	limit = x / 2;
}

OUT_OF_LINE static int over(int x)
{
	return x > limit;
}

void served(int x)
{
	set(x);
	say("%d %d", over(x), x * VERSION);
}
