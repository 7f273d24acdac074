// SPDX-License-Identifier: GPL-3.0-or-later
// Calls the helper in the new build.
#include "host.h"

HIDDEN int theirs(int x);
HIDDEN int helper(int x);

int theirs(int x)
{
	return VERSION == 2 ? helper(x) + 100 : x * x + 3;
}
