// SPDX-License-Identifier: GPL-3.0-or-later
// A function with a weak second name changed: one change.
// expect: changed one|other
// reason one|other: 1 2
#include "case.h"
#ifdef NEW
#define VALUE 2
#else
#define VALUE 1
#endif
void one(void)
{
	use(VALUE);
}
void other(void) __attribute__((weak, alias("one")));
void g(void)
{
	use(1);
}
