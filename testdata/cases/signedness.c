// SPDX-License-Identifier: GPL-3.0-or-later
// A type became unsigned: the comparison and the division with it.
// expect: changed f
// With kCFI the number in front of f says so, and new code that calls f through a pointer would look for it at the old entry.
// expect[kcfi]: refuse no-function-sections f
#include "case.h"
#ifdef NEW
typedef unsigned long number;
#else
typedef long number;
#endif
long f(number value)
{
	return value > 10 ? (long)(value / 3) : 0;
}
long g(long value)
{
	return value / 3;
}
