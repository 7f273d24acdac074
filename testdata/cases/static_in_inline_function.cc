// SPDX-License-Identifier: GPL-3.0-or-later
// The static of an inline function, with its guard, lies in COMDAT groups; a new function comes before.
// expect: new _Z6beforev
#include "case.h"
#ifdef NEW
long before()
{
	return get() + 3;
}
#endif
inline long &counter()
{
	static long value = get();
	return value;
}
long f()
{
	return ++counter();
}
