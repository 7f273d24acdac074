// SPDX-License-Identifier: GPL-3.0-or-later
// Two functions that call each other; one changed.
// expect: changed even
// reason even: immediate
#include "case.h"
#ifdef NEW
#define VALUE 11
#else
#define VALUE 10
#endif
static long odd(long value);
APART long even(long value)
{
	return value > VALUE ? odd(value - get()) * 5 : 1;
}
static APART long odd(long value)
{
	return value > 10 ? even(value - get()) * 7 : 2;
}
