// SPDX-License-Identifier: GPL-3.0-or-later
// One more name for the same function: nobody's code changes.
// expect: nothing
#include "case.h"
void one(void)
{
	use(1);
}
#ifdef NEW
void other_name(void) __attribute__((alias("one")));
#endif
