// SPDX-License-Identifier: GPL-3.0-or-later
// A changed constant whose address goes out of the functions that are replaced: refused.
// refused: data-changed
// says: table.*chosen
// objects: const-returned-2
#include "host.h"

HIDDEN void keep(const int *what);
HIDDEN int kept(int x);
static const int table[10] = {1, 2, 3, VERSION == 2 ? 40 : 4, 5, 6, 7, 8, 9, 10};

OUT_OF_LINE static const int *chosen(int x)
{
	return x > 4 ? table : table + 1;
}

void served(int x)
{
	keep(chosen(x));
	say("%d", kept(x & 7));
}
