// SPDX-License-Identifier: GPL-3.0-or-later
// Two statics of one name, type and initial value change places; the function changes as well.
#include "truth.h"

int f(int x)
{
#ifdef OLD
	if (x > 0) {
		static int count TRUTH(plus);
		count += x;
		use(count);
	} else {
		static int count TRUTH(minus);
		count -= 2 * x;
		use(-count);
	}
#else
	if (x <= 0) {
		static int count TRUTH(minus);
		count -= 2 * x;
		use(-count);
	} else {
		static int count TRUTH(plus);
		count += x;
		use(count);
	}
	use(7);
#endif
	return x;
}
