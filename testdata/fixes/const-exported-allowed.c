// SPDX-License-Identifier: GPL-3.0-or-later
// A changed constant that a library exports, allowed: the library itself reads the new one.
// objects: const-global-default-2
// form: library
// allow: data-changed:limits
// carries: exports
// replaces: own theirs
#include "host.h"

int theirs(int x);
extern const int limits[10];
const int limits[10] = {10, 20, 30, 40, VERSION == 2 ? 55 : 50, 60, 70, 80, 90, 100};

OUT_OF_LINE static int own(int x)
{
	return limits[x] + 1;
}

void served(int x)
{
	say("%d %d", own(x), theirs(x));
}
