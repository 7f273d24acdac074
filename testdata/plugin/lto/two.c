// SPDX-License-Identifier: GPL-3.0-or-later
#include "../truth.h"
static int count TRUTH(two);

static __attribute__((noinline)) int step(int x)
{
	count -= x;
#ifdef NEW
	use(-count);
#endif
	return count * 3;
}

int two(int x)
{
	return step(x) ^ step(x + 1);
}
