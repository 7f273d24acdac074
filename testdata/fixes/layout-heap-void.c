// SPDX-License-Identifier: GPL-3.0-or-later
// The same through untyped pointers: nothing but the allocation tells.
// refused: data-layout
// says: struct entry.*allocated by
#include "host.h"

struct entry {
#if VERSION == 2
	int weight;
#endif
	int value;
	char name[20];
};

static void *all[10];

OUT_OF_LINE static void set(void *where, int x)
{
	((struct entry *)where)->value += x;
#if VERSION == 2
	((struct entry *)where)->weight++;
#endif
}

void served(int x)
{
	if (!all[x])
		all[x] = calloc(1, sizeof(struct entry));
	set(all[x], x);
	say("%d", ((struct entry *)all[x])->value);
}
