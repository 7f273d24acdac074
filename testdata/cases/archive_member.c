// SPDX-License-Identifier: GPL-3.0-or-later
// One member of an archive changed.
// build: archive 2
// expect: changed second
#include "case.h"
#if PART == 1
void first(void)
{
	use(1);
}
#else
#ifdef NEW
#define VALUE 3
#else
#define VALUE 2
#endif
void second(void)
{
	use(VALUE);
}
#endif
