// SPDX-License-Identifier: GPL-3.0-or-later
// A hidden function takes another argument; callers in two objects.
// objects: signature-hidden-2
// replaces: served theirs clamp
#include "host.h"

HIDDEN int theirs(int x);
#if VERSION == 2
HIDDEN int clamp(int x, int most);

int clamp(int x, int most)
{
	return x > most ? most : x;
}
#define CLAMP(x) clamp(x, 7)
#else
HIDDEN int clamp(int x);

int clamp(int x)
{
	return x > 8 ? 8 : x;
}
#define CLAMP(x) clamp(x)
#endif

void served(int x)
{
	say("%d %d", CLAMP(x), theirs(x));
}
