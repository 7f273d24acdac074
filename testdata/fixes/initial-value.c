// SPDX-License-Identifier: GPL-3.0-or-later
// The initial value of live data changes.
// refused: data-changed
// says: limit
#include "host.h"

static int limit = VERSION == 2 ? 20 : 10;

void served(int x)
{
	say("%d %d", x, limit++);
}
