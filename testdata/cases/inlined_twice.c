// SPDX-License-Identifier: GPL-3.0-or-later
// A function in a function in f: the innermost changed, and is named.
// expect: changed f
// reason[g] f: inlined=inner
#include "case.h"
#ifdef NEW
#define FACTOR 300
#else
#define FACTOR 700
#endif
INLINE void inner(long value)
{
	use(value + FACTOR);
}
INLINE void middle(long value)
{
	if (value > 5)
		inner(value);
}
void f(void)
{
	middle(get());
}
void g(void)
{
	use(700);
}
