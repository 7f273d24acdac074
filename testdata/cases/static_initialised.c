// SPDX-License-Identifier: GPL-3.0-or-later
// A static starts with another value: live state is not what the new build starts with.
// expect: changed data f.level; refuse data-changed f.level
#include "case.h"
#ifdef NEW
#define START 8
#else
#define START 7
#endif
long f(void)
{
	static long level = START;

	return level += get();
}
