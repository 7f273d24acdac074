// SPDX-License-Identifier: GPL-3.0-or-later
// __LINE__ in a function that is inlined moved.
// where: g
// expect: nothing
#include "case.h"
#ifdef NEW
#line 200
#else
#line 100
#endif
INLINE void check(long value)
{
	if (value > 3)
		use_line("too large", __LINE__);
}
void f(void)
{
	check(get());
}
void g(void)
{
	check(get() + 5);
}
