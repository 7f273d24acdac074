// SPDX-License-Identifier: GPL-3.0-or-later
// A function of a header that nobody uses here changed: no code of it is here.
// expect: nothing
#include "case.h"
#ifdef NEW
#define FACTOR 300
#else
#define FACTOR 700
#endif
INLINE void unused(long value)
{
	use(value + FACTOR);
}
void f(void)
{
	use(1);
}
