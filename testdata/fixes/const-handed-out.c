// SPDX-License-Identifier: GPL-3.0-or-later
// A changed constant whose address functions return, and callers look at and forget.
// replaces: chosen row
#include "host.h"

static const int table[10] = {1, 2, 3, VERSION == 2 ? 40 : 4, 5, 6, 7, 8, 9, 10};
static const char rows[4][8] = {"north", "east", {'s', 'o', VERSION == 2 ? 'U' : 'u', 't', 'h'}, "west"};

OUT_OF_LINE static const int *chosen(int x)
{
	return x > 4 ? table : table + 1;
}

OUT_OF_LINE static const char *row(int x)
{
	return rows[x & 3];
}

OUT_OF_LINE static const char *same_row(int x)
{
	return row(x) + 1;
}

void served(int x)
{
	say("%d %s %s %zu", chosen(x)[x & 3], row(x), same_row(x), strlen(row(x + 1)));
}
