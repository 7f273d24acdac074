// SPDX-License-Identifier: GPL-3.0-or-later
// A clone with another number and another constant: the clone is changed, its caller is not.
// where: gcc
// expect: changed helper
// reason helper: 3 4
#include "case.h"
#ifdef NEW
#define NAME "helper.isra.4"
#define STEP 4
#else
#define NAME "helper.isra.0"
#define STEP 3
#endif
static long helper(long value) __asm__(NAME);
static APART long helper(long value)
{
	return value * get() + STEP;
}
long f(void)
{
	return helper(1);
}
