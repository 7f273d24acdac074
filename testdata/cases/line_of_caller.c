// SPDX-License-Identifier: GPL-3.0-or-later
// A macro passes the line of each place that uses it; all moved.
// where: g
// expect: nothing
#include "case.h"
#define CHECK(condition)                                                                                     \
	do {                                                                                                 \
		if (!(condition))                                                                            \
			use_line(#condition, __LINE__);                                                      \
	} while (0)
#ifdef NEW
#line 140
#else
#line 120
#endif
void f(long value)
{
	CHECK(value > 3);
	use(value);
	CHECK(value < 1000);
}
void g(long value)
{
	CHECK(value != 17);
}
