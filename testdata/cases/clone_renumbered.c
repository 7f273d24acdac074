// SPDX-License-Identifier: GPL-3.0-or-later
// The only clone of a function has another number.
// where: gcc
// expect: nothing
#include "case.h"
#ifdef NEW
#define NAME "helper.isra.4"
#else
#define NAME "helper.isra.0"
#endif
static long helper(long value) __asm__(NAME);
static APART long helper(long value)
{
	return value * get() + 3;
}
long f(void)
{
	return helper(1);
}
