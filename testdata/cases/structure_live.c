// SPDX-License-Identifier: GPL-3.0-or-later
// The structure of a live variable grew in front of a field.
// also: gcc12-x86_64-O2-pie-sections-kasan
// expect: changed f; changed data thing; refuse data-layout thing
#include "case.h"
struct thing {
	long first;
#ifdef NEW
	long added;
#endif
	long second;
};
struct thing thing;
long f(void)
{
	return thing.second;
}
long g(void)
{
	return thing.first;
}
