// SPDX-License-Identifier: GPL-3.0-or-later
// A static of another type: the live one is too small.
// also: clang14-x86_64-O1-pie-whole-ubsan
// also: clang16-x86_64-O2-pie-sections-kasan
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
