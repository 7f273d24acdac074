// SPDX-License-Identifier: GPL-3.0-or-later
// A function inside of another (GCC), which Clang does not have: inner.0.
// where: gcc
// expect: changed inner
// reason inner: 70 71
#include "case.h"
#ifdef NEW
#define STEP 71
#else
#define STEP 70
#endif
void each(void (*work)(long));
void f(long start)
{
	APART void inner(long value)
	{
		use(value * 3 + start);
		use(STEP);
	}
	use(inner != 0);
	inner(1);
	inner(2);
}
