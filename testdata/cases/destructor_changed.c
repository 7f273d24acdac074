// SPDX-License-Identifier: GPL-3.0-or-later
// A destructor has not run yet: it can be replaced.
// expect: changed end
#include "case.h"
#ifdef NEW
#define VALUE 51
#else
#define VALUE 50
#endif
static __attribute__((destructor)) void end(void)
{
	use(VALUE);
}
