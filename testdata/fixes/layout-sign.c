// SPDX-License-Identifier: GPL-3.0-or-later
// A field becomes unsigned and a pointer may point to anything: what live objects hold means the same.
// replaces: served
#include "host.h"

static struct holder {
#if VERSION == 2
	unsigned count;
	const void *name;
#else
	int count;
	char *name;
#endif
} holders[2] = {{2, "two"}, {3, "three"}};

void served(int x)
{
	struct holder *holder = &holders[x & 1];

	say("%d %s %d", holder->count > 2u ? x : -x, (const char *)holder->name, VERSION);
}
