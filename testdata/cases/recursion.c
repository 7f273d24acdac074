// SPDX-License-Identifier: GPL-3.0-or-later
// A function that calls itself; another comes before.
// expect: new before
// Where functions share a section, the padding before a loop depends on where the function starts.
// expect[whole]: maybe changed f
#include "case.h"
#ifdef NEW
long before(long value)
{
	return value ? before(get()) * 3 : 1;
}
#endif
APART long f(long value)
{
	return value > 3 ? f(value - get()) * 5 : 1;
}
