// SPDX-License-Identifier: GPL-3.0-or-later
// A static of another type: the live one is too small.
// expect: changed f; changed data f.count; refuse data-layout f.count
#include "case.h"
#ifdef NEW
#define TYPE long
#else
#define TYPE int
#endif
long f(void)
{
	static TYPE count;

	return count += (TYPE)get();
}
