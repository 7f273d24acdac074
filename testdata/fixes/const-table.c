// SPDX-License-Identifier: GPL-3.0-or-later
// A changed static table: every function that reads it is replaced, unchanged ones too.
// replaces: first second served
#include "host.h"

static const short table[10] = {1, 2, 3, VERSION == 2 ? 40 : 4, 5, 6, 7, VERSION == 2 ? 80 : 8, 9, 10};

OUT_OF_LINE static int first(int x)
{
	return table[x] * 2;
}

OUT_OF_LINE static int second(int x)
{
	int sum = 0;

	for (int i = 0; i <= x; i++)
		sum += table[i];
	return sum;
}

OUT_OF_LINE static int other(int x)
{
	return x * 7;
}

void served(int x)
{
	say("%d %d %d %d", first(x), second(x), other(x), table[9 - x]);
}
