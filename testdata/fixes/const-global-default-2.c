// SPDX-License-Identifier: GPL-3.0-or-later
// Reads the other object's constant.
#include "host.h"

int theirs(int x);
extern const int limits[10];

int theirs(int x)
{
	return limits[x] - 1;
}
