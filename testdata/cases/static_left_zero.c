// SPDX-License-Identifier: GPL-3.0-or-later
// From zero to a value: the static moves from .bss to .data and starts otherwise.
// expect: changed data level; refuse data-changed level
#include "case.h"
#ifdef NEW
long level = 9;
#else
long level = 0;
#endif
long f(void)
{
	return level += get();
}
