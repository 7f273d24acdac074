// SPDX-License-Identifier: GPL-3.0-or-later
// A new function with a static of the same name comes first: the old one gets another number and is the same.
// expect: new before; new data before.count
#include "case.h"
#ifdef NEW
long before(void)
{
	static long count;

	return count += get();
}
#endif
long f(void)
{
	static long count;

	return count += 3;
}
