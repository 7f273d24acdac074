// SPDX-License-Identifier: GPL-3.0-or-later
// A new constructor for new data never runs by itself.
// refused: init-changed
#include <time.h>

#include "host.h"

#if VERSION == 2
static int table[10];

__attribute__((constructor)) static void fill(void)
{
	for (int i = 0; i < 10; i++)
		table[i] = i * (int)(time(NULL) & 1) + i;
}
#endif

void served(int x)
{
#if VERSION == 2
	say("%d ", table[x]);
#endif
	say("%d", x);
}
