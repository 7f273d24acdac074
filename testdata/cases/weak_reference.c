// SPDX-License-Identifier: GPL-3.0-or-later
// A function that may be missing is tested before it is called; a new user of it comes before.
// expect: new before
#include "case.h"
void hook(void) __attribute__((weak));
#ifdef NEW
void before(void)
{
	if (hook)
		hook();
	use(3);
}
#endif
void f(void)
{
	if (hook)
		hook();
}
