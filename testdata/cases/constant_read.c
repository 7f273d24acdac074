// SPDX-License-Identifier: GPL-3.0-or-later
// A named constant changed: its readers are changed by that.
// also: gcc12-x86_64-O2-pie-sections-kasan
// expect: changed data limits; changed f
// reason f: reads limits
// reason limits: 30 31
#include "case.h"
#ifdef NEW
#define THIRD 31
#else
#define THIRD 30
#endif
const int limits[4] = {10, 20, THIRD, 40};
int f(unsigned which)
{
	return limits[which];
}
int g(unsigned which)
{
	return (int)which + 1;
}
