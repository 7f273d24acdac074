// SPDX-License-Identifier: GPL-3.0-or-later
// A macro that nobody uses.
// expect: nothing
#include "case.h"
#ifdef NEW
#define UNUSED 4
#else
#define UNUSED 3
#endif
long f(long value)
{
	return value * 3;
}
