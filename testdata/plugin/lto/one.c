// SPDX-License-Identifier: GPL-3.0-or-later
// With two.c: statics of one name in two files, which link-time optimization numbers anew.
#include "../truth.h"
static int count TRUTH(one);
int two(int);

static __attribute__((noinline)) int step(int x)
{
	count += x;
#ifdef NEW
	use(count);
#endif
	return count;
}

int one(int x)
{
	return step(x) + step(2 * x) + two(x);
}
