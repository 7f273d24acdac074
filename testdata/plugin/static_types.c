// SPDX-License-Identifier: GPL-3.0-or-later
// Two statics of one name and size, and of different types, change places; the function changes as well.
#include "truth.h"

int f(int x)
{
#ifdef OLD
	if (x > 0) {
		static int last TRUTH(number);
		last += x;
		use(last);
	} else {
		static float last TRUTH(fraction);
		last -= 2 * x;
		use(last);
	}
#else
	if (x <= 0) {
		static float last TRUTH(fraction);
		last -= 2 * x;
		use(last);
	} else {
		static int last TRUTH(number);
		last += x;
		use(last);
	}
	use(7);
#endif
	return x;
}
