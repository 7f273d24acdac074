// SPDX-License-Identifier: GPL-3.0-or-later
// Uses the constant, too.
#include "host.h"

enum { LIMIT = VERSION == 2 ? 5 : 7, FLAG = VERSION == 2 ? 0x100 : 0x10 };
HIDDEN int theirs(int x);

int theirs(int x)
{
	return x == LIMIT ? FLAG : FLAG * x;
}
