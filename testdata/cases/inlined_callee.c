// SPDX-License-Identifier: GPL-3.0-or-later
// A function that is inlined everywhere changed: its callers are named, and it as the cause.
// expect: changed f; changed g
// reason[g] f: inlined=scale
// reason[g] g: inlined=scale
#include "case.h"
#ifdef NEW
#define FACTOR 300
#else
#define FACTOR 700
#endif
INLINE void scale(long value)
{
	use(value + FACTOR);
}
void f(void)
{
	scale(get());
}
void g(void)
{
	scale(get());
	use(1);
}
void h(void)
{
	use(700);
}
