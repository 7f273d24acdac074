// SPDX-License-Identifier: GPL-3.0-or-later
// A static moves into a nested block; another of its name and type stays.
#include "truth.h"

int f(int x)
{
	{
		static int n TRUTH(stays);
		n ^= x;
		use(n);
	}
#ifdef OLD
	{
		static int n TRUTH(moves);
		n += x;
		use(n);
	}
#else
	if (x > 3) {
		use(x);
		if (x > 5) {
			static int n TRUTH(moves);
			n += x;
			use(n);
		}
	}
#endif
	return x;
}
