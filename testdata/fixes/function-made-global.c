// SPDX-License-Identifier: GPL-3.0-or-later
// A static function becomes global for a new caller in another object.
// objects: function-made-global-2
// replaces: served
#include "host.h"

HIDDEN int theirs(int x);
static int state = 3;
#if VERSION == 2
HIDDEN int helper(int x);
#else
static
#endif
OUT_OF_LINE int helper(int x)
{
	return x + state;
}

void served(int x)
{
	state++;
	say("%d %d %d", helper(x), theirs(x), VERSION);
}
