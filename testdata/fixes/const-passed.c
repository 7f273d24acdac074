// SPDX-License-Identifier: GPL-3.0-or-later
// A changed constant that is handed to functions which keep nothing is no obstacle.
// replaces: served
// objects: const-passed-2
#include "host.h"

HIDDEN int sum_of(const int *numbers, int count);
static const int table[10] = {1, 2, 3, VERSION == 2 ? 40 : 4, 5, 6, 7, 8, 9, 10};

OUT_OF_LINE static int largest(const int *numbers, int count)
{
	int best = numbers[0];

	for (int i = 1; i < count; i++)
		if (numbers[i] > best)
			best = numbers[i];
	return best;
}

void served(int x)
{
	int copy[10];

	memcpy(copy, table, sizeof(copy));
	copy[0] = x;
	say("%d %d %d %d", largest(table, x + 1), sum_of(table, x + 1), sum_of(copy, 10),
	    memcmp(copy, table, sizeof(copy)) != 0);
}
