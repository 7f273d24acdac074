// SPDX-License-Identifier: GPL-3.0-or-later
// Keeps what it is given.
#include "host.h"

HIDDEN void keep(const int *what);
HIDDEN int kept(int x);
static const int *held;

void keep(const int *what)
{
	held = what;
}

int kept(int x)
{
	return held[x];
}
