// SPDX-License-Identifier: GPL-3.0-or-later
// New data in an object that only the new build has.
// objects: data-new-object-2
// replaces: served
// state: new
#include "host.h"

#if VERSION == 2
int remember(int x);
extern const char *const origin;
#endif

void served(int x)
{
#if VERSION == 2
	say("%s %d ", origin, remember(x));
#endif
	say("%d", x);
}
