// SPDX-License-Identifier: GPL-3.0-or-later
// Two clones of one function have each other's number: they are told apart by what they do.
// where: gcc
// expect: nothing
#include "case.h"
#ifdef NEW
#define FIRST  "helper.constprop.1"
#define SECOND "helper.constprop.0"
#else
#define FIRST  "helper.constprop.0"
#define SECOND "helper.constprop.1"
#endif
static long by_three(long value) __asm__(FIRST);
static long by_seven(long value) __asm__(SECOND);
static APART long by_three(long value)
{
	return value * get() + 3;
}
static APART long by_seven(long value)
{
	return value - get() * 7;
}
long f(void)
{
	return by_three(1);
}
long g(void)
{
	return by_seven(2);
}
