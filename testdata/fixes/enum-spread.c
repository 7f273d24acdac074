// SPDX-License-Identifier: GPL-3.0-or-later
// A constant in a header changes in all who use it.
// objects: enum-spread-2
// replaces: served theirs
#include "host.h"

enum { LIMIT = VERSION == 2 ? 5 : 7, FLAG = VERSION == 2 ? 0x100 : 0x10 };
HIDDEN int theirs(int x);

void served(int x)
{
	say("%d %d %d", x > LIMIT ? LIMIT : x, FLAG | x, theirs(x));
}
