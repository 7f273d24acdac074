// SPDX-License-Identifier: GPL-3.0-or-later
// A static function gets another name and another line; its state goes on.
// replaces: served
#include "host.h"

static int total;

OUT_OF_LINE static int
#if VERSION == 2
add_checked
#else
add
#endif
	(int x)
{
	total += x;
	return VERSION == 2 && x > 5 ? -total : total;
}

void served(int x)
{
#if VERSION == 2
	say("%d", add_checked(x));
#else
	say("%d", add(x));
#endif
}
