// SPDX-License-Identifier: GPL-3.0-or-later
// Two arguments exchanged.
// expect: changed f
#include "case.h"
void pair(long first, long second);
#ifdef NEW
#define ARGUMENTS b, a
#else
#define ARGUMENTS a, b
#endif
void f(long a, long b)
{
	pair(ARGUMENTS);
	use(a);
}
void g(long a, long b)
{
	pair(a, b);
	use(b);
}
