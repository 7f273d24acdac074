// SPDX-License-Identifier: GPL-3.0-or-later
// A function is cloned for two values; it changes, and the clones swap their numbers.
#include "truth.h"

static __attribute__((noinline)) int work(int x, int kind)
{
	for (int i = 0; i < x; i++) {
		use(i * kind);
		if (kind == 1)
			use(x);
		else
			use(-x);
	}
#ifdef NEW
	use(kind + 40);
#endif
	return x;
}

int both(int x)
{
#ifdef OLD
	int one = work(x, 1) + work(x + 1, 1), two = work(x, 2) - work(x + 1, 2);
#else
	int two = work(x, 2) - work(x + 1, 2), one = work(x, 1) + work(x + 1, 1);

	use(x);
#endif
	return one * two;
}
