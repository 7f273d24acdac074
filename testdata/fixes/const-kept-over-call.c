// SPDX-License-Identifier: GPL-3.0-or-later
// A changed constant's address in a register that a static function leaves alone (-fipa-ra), stored later: refused.
// refused: data-changed
// says: table.*served
#include "host.h"

static const int table[10] = {1, 2, 3, VERSION == 2 ? 40 : 4, 5, 6, 7, 8, 9, 10};
static const int other[10] = {9, 9, 9};
static const int *volatile current;

OUT_OF_LINE static int twice(int x)
{
	return x * 2 + 1;
}

void served(int x)
{
	const int *chosen = x & 1 ? table : other;
	int wanted = twice(x);

	current = chosen;
	say("%d", current[wanted % 10]);
}
