// SPDX-License-Identifier: GPL-3.0-or-later
// Local variables and parameters have other names.
// expect: nothing
#include "case.h"
#ifdef NEW
#define a length
#define b total
#endif
long f(long a)
{
	long b = a * 3;

	use(b);
	return b + a;
}
