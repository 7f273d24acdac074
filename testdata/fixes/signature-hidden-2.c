// SPDX-License-Identifier: GPL-3.0-or-later
// Calls it, too.
#include "host.h"

HIDDEN int theirs(int x);
#if VERSION == 2
HIDDEN int clamp(int x, int most);
#define CLAMP(x) clamp(x, 6)
#else
HIDDEN int clamp(int x);
#define CLAMP(x) clamp(x)
#endif

int theirs(int x)
{
	return CLAMP(3 * x);
}
