// SPDX-License-Identifier: GPL-3.0-or-later
// A comparison was the wrong way round.
// expect: changed f
#include "case.h"
#ifdef NEW
#define OPERATOR >=
#else
#define OPERATOR >
#endif
void f(long value, long limit)
{
	if (value OPERATOR limit)
		use(value);
}
void g(long value, long limit)
{
	if (value > limit)
		use(limit);
}
